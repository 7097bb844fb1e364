"""The facts of reporting: targets and opening counts."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from events.envelope import Fact, FirstFact


class TargetIssued(FirstFact):
    """A target of a unit for a period, in force from `on`.

    `minimum` alone means at least; equal to `maximum` an exact target; apart a range.
    `category` narrows it to admitted people with that source group, occupation or facet.
    """

    TOPIC = "reporting.TargetIssued"
    unit: UUID
    kind: str
    """`assigned`, `registered`, `term`, `sub`, `pledge` or `minimum`."""
    first_day: date
    last_day: date
    period: str
    """As it was written: `2022`, `2022-H1`, `2020-2025` …"""
    minimum: int
    maximum: int | None = None
    category: str | None = None
    deadline: date | None = None
    deadline_inclusive: bool = True


class TargetAmended(Fact):
    """From `on` the target is this. Said again with the same `on`, it corrects what was said."""

    TOPIC = "reporting.TargetAmended"
    unit: UUID
    kind: str
    first_day: date
    last_day: date
    period: str
    minimum: int
    maximum: int | None = None
    category: str | None = None
    deadline: date | None = None
    deadline_inclusive: bool = True
    corrects: bool = False
    reason: str | None = None


class CountRecorded(FirstFact):
    """How many, where people are not known one by one. `on` is the last day of the period."""

    TOPIC = "reporting.CountRecorded"
    unit: UUID
    indicator: str
    """`admitted`, `received`, `recognised`, `struck_off`, `resigned` or `members`."""
    first_day: date
    last_day: date
    period: str
    count: int
    source: str | None = None


class CountCorrected(Fact):
    """The count was wrong; this is right."""

    TOPIC = "reporting.CountCorrected"
    unit: UUID
    indicator: str
    first_day: date
    last_day: date
    period: str
    count: int
    source: str | None = None
    reason: str | None = None


class ReaderResumed(FirstFact):
    """Somebody had a reader go on that stood still before a record, or had it skip the record."""

    TOPIC = "reporting.ReaderResumed"
    reader: str
    at: int
    """The position of the record before which it stood still."""
    record: str
    """The type of that record, as far as it could be told."""
    skipped: bool
    reason: str | None = None
