"""The commands that training accepts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from events.envelope import By
from services.training.domain import Details, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClass:
    """Begin an awareness class at a training centre."""

    on: date
    code: str
    centre: UUID
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolLearner:
    """Let a candidate learn in a class."""

    on: date
    code: str
    person: UUID
    candidacy: UUID
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawLearner:
    """Let a learner leave a class before its end."""

    on: date
    code: str
    candidacy: UUID
    reason: str | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """Say how a learner did; once said, otherwise only to correct it."""

    on: date
    code: str
    candidacy: UUID
    result: Result
    correct: bool = False
    reason: str | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteClass:
    """End a class, with the results of its learners that are not recorded yet.

    `certified` says how many passed where learners are not known one by one.
    """

    on: date
    code: str
    certified: int | None = None
    results: tuple[tuple[UUID, Result], ...] = ()
    """Each with the candidacy of the learner."""
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCertificate:
    """Issue a learner who passed the certificate of a class."""

    on: date
    code: str
    candidacy: UUID
    number: str
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordClass:
    """Take in one row of a file: what is empty there changes nothing here."""

    on: date
    """The day of recording, which a correction bears."""
    details: Details
    correct: bool = False
    reason: str | None = None
    by: By


OfLearner = EnrolLearner | WithdrawLearner | RecordResult | IssueCertificate
Command = OpenClass | CompleteClass | RecordClass | OfLearner
