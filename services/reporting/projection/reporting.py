"""The facts of reporting itself: targets and opening counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

import msgspec

from events.envelope import Envelope
from events.reporting import CountCorrected, CountRecorded, TargetAmended, TargetIssued
from services.reporting.projection.history import Told, told


class Issue(NamedTuple):
    """What a target is from the day of its issue on, as a position tells it."""

    position: int
    stream: bytes
    unit: bytes
    kind: str
    category: str | None
    first_day: int
    last_day: int
    period: str
    minimum: int
    maximum: int | None
    deadline: int | None
    deadline_inclusive: int
    document: str | None
    issued_on: int


class Count(msgspec.Struct, array_like=True, frozen=True):
    """An opening count as it is known."""

    unit: bytes
    indicator: str
    first_day: int
    last_day: int
    period: str
    amount: int


class CountCounting(NamedTuple):
    """A count that begins to count at a position, or, with sign -1, ceases to."""

    position: int
    stream: bytes
    unit: bytes
    kind: str
    first_day: int
    on_day: int
    period: str
    amount: int
    sign: int


class ReportingTables(Protocol):
    """What the view keeps of the reporting ledger."""

    def issue(self, issues: Sequence[Issue]) -> None:
        """Append what targets become."""
        ...

    def count_(self, stream: bytes) -> Count | None:
        """Return a count as it is known."""
        ...

    def keep_count(self, stream: bytes, known: Count) -> None:
        """Keep a count as it is now known."""
        ...

    def count_counts(self, countings: Sequence[CountCounting]) -> None:
        """Append what begins and ceases to count."""
        ...

    def tell(self, history: Sequence[Told]) -> None:
        """Append rows of history."""
        ...


class ReportingProjection:
    """Keeps targets by the day of their issue, and counts."""

    def __init__(self, tables: ReportingTables) -> None:
        self._tables = tables

    def forget(self) -> None:
        """Drop what is held in memory: nothing."""

    def project(self, batch: Sequence[Envelope]) -> None:
        """Apply the next facts, in order."""
        issues: list[Issue] = []
        for envelope in batch:
            match envelope.fact:
                case TargetIssued() | TargetAmended() as fact:
                    issues.append(_issue(envelope.position, fact))
                case CountRecorded() | CountCorrected() as fact:
                    self._count(envelope.position, fact)
                case _:
                    pass
        self._tables.issue(issues)
        self._tables.tell([told(envelope) for envelope in batch])

    def _count(self, position: int, fact: CountRecorded | CountCorrected) -> None:
        stream = fact.originator_id.bytes
        before = self._tables.count_(stream)
        after = Count(
            fact.unit.bytes,
            fact.indicator,
            fact.first_day.toordinal(),
            fact.last_day.toordinal(),
            fact.period,
            fact.count,
        )
        if after == before:
            return
        self._tables.keep_count(stream, after)
        gone = [_counting(position, stream, before, -1)] if before else []
        self._tables.count_counts([*gone, _counting(position, stream, after, 1)])


def _issue(position: int, fact: TargetIssued | TargetAmended) -> Issue:
    return Issue(
        position,
        fact.originator_id.bytes,
        fact.unit.bytes,
        fact.kind,
        fact.category,
        fact.first_day.toordinal(),
        fact.last_day.toordinal(),
        fact.period,
        fact.minimum,
        fact.maximum,
        _ordinal(fact.deadline),
        int(fact.deadline_inclusive),
        fact.document,
        fact.on.toordinal(),
    )


def _counting(position: int, stream: bytes, known: Count, sign: int) -> CountCounting:
    return CountCounting(
        position,
        stream,
        known.unit,
        known.indicator,
        known.first_day,
        known.last_day,
        known.period,
        known.amount,
        sign,
    )


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()
