"""An awareness class: opened, completed, and corrected when it was written down wrongly."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import BaseAggregate, event

from events import training
from events.envelope import By, Fact
from events.refusal import Refusal

UNKNOWN_DAY = date.min
"""The day of a class whose day nobody knows: it belongs to no period."""


class ClassAlreadyOpen(Refusal):
    """A class with that code is known."""


class UnknownClass(Refusal):
    """No class with that code is known."""


class ClassAlreadyCompleted(Refusal):
    """The class ended on another day."""


class DaysOutOfOrder(Refusal):
    """One day must not be after the other."""


class DiffersFromRecorded(Refusal):
    """What is recorded is something else; a correction says so, with reason and document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is known of a class; None is unknown."""

    code: str
    centre: UUID
    opened_on: date | None = None
    closed_on: date | None = None
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    certified: int | None = None

    def check(self) -> None:
        """Refuse a class that ends before it begins."""
        if self.opened_on and self.closed_on and self.closed_on < self.opened_on:
            raise DaysOutOfOrder(
                columns=("opened_on", "closed_on"),
                first="opened_on",
                first_on=self.opened_on,
                then="closed_on",
                then_on=self.closed_on,
            )


class Class(BaseAggregate[UUID]):
    """Awareness class (lớp nhận thức về Đảng), known by its code for ever."""

    TOPIC = "training.Class"

    class Event(Fact):
        """Every fact of a class."""

    ClassOpened = training.ClassOpened
    ClassCompleted = training.ClassCompleted
    ClassCorrected = training.ClassCorrected

    @classmethod
    def open(cls, stream: UUID, details: Details, by: By, *, imported: bool = False) -> Class:
        """Begin a class; without its day it is known, and counted in no period."""
        details.check()
        opened: Class = cls._create(
            cls.ClassOpened,
            id=stream,
            on=details.opened_on or UNKNOWN_DAY,
            code=details.code,
            centre=details.centre,
            weekend=details.weekend,
            co_organiser=details.co_organiser,
            enrolled=details.enrolled,
            imported=imported,
            **by.fields(),
        )
        return opened

    @event(training.ClassOpened)
    def __init__(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        on: date,
        code: str,
        centre: UUID,
        weekend: bool | None,
        co_organiser: str | None,
        enrolled: int | None,
    ) -> None:
        self.details = Details(
            code=code,
            centre=centre,
            opened_on=None if on == UNKNOWN_DAY else on,
            weekend=weekend,
            co_organiser=co_organiser,
            enrolled=enrolled,
        )

    def complete(self, on: date, certified: int | None, by: By) -> None:
        """End the class; said again of the same day, it changes nothing."""
        known = self.details
        if known.closed_on is None:
            replace(known, closed_on=on).check()
            self.trigger_event(
                self.ClassCompleted, on=on, centre=known.centre, certified=certified, **by.fields()
            )
        elif (known.closed_on, known.certified) != (on, certified):
            raise ClassAlreadyCompleted(code=known.code, closed_on=known.closed_on)

    def record(self, on: date, row: Details, by: By, *, reason: str | None, correct: bool) -> None:
        """Take in what a row knows more than we do, or, when it corrects, otherwise."""
        known = asdict(self.details)
        told = {name: value for name, value in asdict(row).items() if value is not None}
        different = tuple(name for name, value in told.items() if known[name] not in {None, value})
        if different and not correct:
            raise DiffersFromRecorded(
                columns=different, recorded={name: known[name] for name in different}
            )
        after = Details(**(known | told))
        if after == self.details:
            return
        after.check()
        fresh = {name for name in told if known[name] != told[name]}
        if "closed_on" in fresh and fresh <= {"closed_on", "certified"} and not different:
            self.complete(told["closed_on"], after.certified, by)
            return
        fields: dict[str, Any] = asdict(after) | {"opened_on": after.opened_on or UNKNOWN_DAY}
        self.trigger_event(
            self.ClassCorrected,
            on=on,
            reason=reason if different else None,
            **fields,
            **by.fields(),
        )

    @event(training.ClassCompleted)
    def _completed(self, on: date, certified: int | None) -> None:
        self.details = replace(self.details, closed_on=on, certified=certified)

    @event(training.ClassCorrected)
    def _corrected(  # noqa: PLR0913 - the fields of the fact
        self,
        *,
        centre: UUID,
        opened_on: date,
        closed_on: date | None,
        weekend: bool | None,
        co_organiser: str | None,
        enrolled: int | None,
        certified: int | None,
    ) -> None:
        self.details = Details(
            code=self.details.code,
            centre=centre,
            opened_on=None if opened_on == UNKNOWN_DAY else opened_on,
            closed_on=closed_on,
            weekend=weekend,
            co_organiser=co_organiser,
            enrolled=enrolled,
            certified=certified,
        )
