"""Targets and opening counts: figures that are told, not counted from people."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import BaseAggregate, event

from events import reporting
from events.envelope import By, Fact
from events.period import Period
from events.refusal import Refusal

NAMESPACE = uuid5(NAMESPACE_URL, "ketnap")


class DiffersFromRecorded(Refusal):
    """What is recorded is something else; a correction says so, with reason and document."""


class BoundsCrossed(Refusal):
    """A maximum below its minimum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What makes a target this one and no other."""

    unit: UUID
    kind: str
    period: Period
    category: str | None = None

    @property
    def stream(self) -> UUID:
        first, last = self.period.first, self.period.last
        name = f"target/{self.unit}/{first}/{last}/{self.kind}/{self.category or ''}"
        return uuid5(NAMESPACE, name)

    def fields(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "kind": self.kind,
            "category": self.category,
            "first_day": self.period.first,
            "last_day": self.period.last,
            "period": self.period.text,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How much a target asks for, until when, by which paper; None is not said."""

    minimum: int | None = None
    maximum: int | None = None
    deadline: date | None = None
    deadline_inclusive: bool | None = None
    document: str | None = None

    def check(self) -> None:
        """Refuse a range that holds no number."""
        if self.maximum is not None and self.minimum is not None and self.maximum < self.minimum:
            raise BoundsCrossed(
                columns=("minimum", "maximum"), minimum=self.minimum, maximum=self.maximum
            )

    def said(self) -> dict[str, Any]:
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None}

    def fact(self, by: By) -> dict[str, Any]:
        """Return these and who says so as the fields of a fact, with the target's own paper."""
        inclusive = self.deadline_inclusive is not False
        return by.fields() | asdict(self) | {"deadline_inclusive": inclusive}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Which reader goes on, from which record, and why."""

    reader: str
    at: int
    record: str
    skipped: bool
    reason: str | None


class Target(BaseAggregate[UUID]):
    """Chỉ tiêu: of one unit, period, kind and category, amended from one day to the next."""

    TOPIC = "reporting.Target"

    class Event(Fact):
        """Every fact of a target."""

    TargetIssued = reporting.TargetIssued
    TargetAmended = reporting.TargetAmended

    @classmethod
    def issue(cls, aim: Aim, on: date, terms: Terms, by: By) -> Target:
        """Set the target from a day on."""
        terms.check()
        issued: Target = cls._create(
            cls.TargetIssued, id=aim.stream, on=on, **aim.fields(), **terms.fact(by)
        )
        return issued

    @event(reporting.TargetIssued)
    def __init__(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        on: date,
        unit: UUID,
        kind: str,
        first_day: date,
        last_day: date,
        period: str,
        category: str | None,
        minimum: int,
        maximum: int | None,
        deadline: date | None,
        deadline_inclusive: bool,
        document: str | None,
    ) -> None:
        self.aim = Aim(
            unit=unit,
            kind=kind,
            period=Period(first_day, last_day, period),
            category=category,
        )
        self.terms = {
            on: Terms(
                minimum=minimum,
                maximum=maximum,
                deadline=deadline,
                deadline_inclusive=deadline_inclusive,
                document=document,
            )
        }

    def record(
        self, on: date, row: Terms, by: By, *, reason: str | None = None, correct: bool = False
    ) -> None:
        """Amend from another day on, complete what was not said, or correct what was."""
        said = row.said()
        if on not in self.terms:
            before = max((day for day in self.terms if day < on), default=min(self.terms))
            after = replace(self.terms[before], **said)
            if after != self.terms[before]:
                self._amend(on, after, by, corrects=False, reason=None)
            return
        known = asdict(self.terms[on])
        different = tuple(name for name in said if known[name] not in {None, said[name]})
        if different and not correct:
            raise DiffersFromRecorded(
                columns=different, recorded={name: known[name] for name in different}
            )
        after = replace(self.terms[on], **said)
        if after != self.terms[on]:
            self._amend(on, after, by, corrects=True, reason=reason if different else None)

    def _amend(self, on: date, after: Terms, by: By, *, corrects: bool, reason: str | None) -> None:
        after.check()
        self.trigger_event(
            self.TargetAmended,
            on=on,
            corrects=corrects,
            reason=reason,
            **self.aim.fields(),
            **after.fact(by),
        )

    @event(reporting.TargetAmended)
    def _amended(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        on: date,
        minimum: int,
        maximum: int | None,
        deadline: date | None,
        deadline_inclusive: bool,
        document: str | None,
    ) -> None:
        self.terms[on] = Terms(
            minimum=minimum,
            maximum=maximum,
            deadline=deadline,
            deadline_inclusive=deadline_inclusive,
            document=document,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many, of what, where and when."""

    STOCKS: ClassVar[frozenset[str]] = frozenset({"members"})
    """Indicators that are a stock on a day: they neither add nor overlap."""

    unit: UUID
    indicator: str
    period: Period

    @property
    def stream(self) -> UUID:
        first, last = self.period.first, self.period.last
        return uuid5(NAMESPACE, f"count/{self.unit}/{self.indicator}/{first}/{last}")

    def fields(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "indicator": self.indicator,
            "first_day": self.period.first,
            "last_day": self.period.last,
            "period": self.period.text,
        }


class Count(BaseAggregate[UUID]):
    """Số liệu mở đầu: how many, where people are not known one by one."""

    TOPIC = "reporting.Count"

    class Event(Fact):
        """Every fact of a count."""

    CountRecorded = reporting.CountRecorded
    CountCorrected = reporting.CountCorrected

    @classmethod
    def take(cls, tally: Tally, count: int, source: str | None, by: By) -> Count:
        """Record how many; it takes effect on the last day of its period."""
        taken: Count = cls._create(
            cls.CountRecorded,
            id=tally.stream,
            on=tally.period.last,
            count=count,
            source=source,
            **tally.fields(),
            **by.fields(),
        )
        return taken

    @event(reporting.CountRecorded)
    def __init__(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        unit: UUID,
        indicator: str,
        first_day: date,
        last_day: date,
        period: str,
        count: int,
        source: str | None,
    ) -> None:
        self.tally = Tally(
            unit=unit, indicator=indicator, period=Period(first_day, last_day, period)
        )
        self.count = count
        self.source = source

    def record(
        self,
        count: int,
        source: str | None,
        by: By,
        *,
        reason: str | None = None,
        correct: bool = False,
    ) -> None:
        """Complete the source where it was not said, or correct what was."""
        different = tuple(
            name
            for name, known, told in (
                ("count", self.count, count),
                ("source", self.source, source),
            )
            if told is not None and known is not None and known != told
        )
        if different and not correct:
            raise DiffersFromRecorded(
                columns=different, recorded={name: getattr(self, name) for name in different}
            )
        if (count, source or self.source) != (self.count, self.source):
            self.trigger_event(
                self.CountCorrected,
                on=self.tally.period.last,
                count=count,
                source=source or self.source,
                reason=reason if different else None,
                **self.tally.fields(),
                **by.fields(),
            )

    @event(reporting.CountCorrected)
    def _corrected(self, count: int, source: str | None) -> None:
        self.count = count
        self.source = source


class Resumption(BaseAggregate[UUID]):
    """What somebody did about a reader that stood still."""

    TOPIC = "reporting.Resumption"

    class Event(Fact):
        """The fact of a resumption."""

    ReaderResumed = reporting.ReaderResumed

    @classmethod
    def of(cls, stream: UUID, on: date, resumed: Resumed, by: By) -> Resumption:
        """Put on record that a reader goes on."""
        known: Resumption = cls._create(
            cls.ReaderResumed, id=stream, on=on, **asdict(resumed), **by.fields()
        )
        return known

    @event(reporting.ReaderResumed)
    def __init__(
        self, *, reader: str, at: int, record: str, skipped: bool, reason: str | None
    ) -> None:
        self.resumed = Resumed(reader=reader, at=at, record=record, skipped=skipped, reason=reason)
