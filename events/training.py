"""The facts of training: awareness classes, their learners, results and certificates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from events.dossiers import Finding
from events.envelope import Fact, FirstFact


class ClassOpened(FirstFact):
    """An awareness class begins.

    `enrolled` counts its learners; None is unknown, or known by who is enrolled one by one.
    """

    TOPIC = "training.ClassOpened"
    code: str
    centre: UUID
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    imported: bool = False

    def takes(self) -> tuple[str, ...]:
        return (f"class-code/{self.code}",)


class ClassCompleted(Fact):
    """The class ended. `certified` counts learners who passed; None is unknown."""

    TOPIC = "training.ClassCompleted"
    centre: UUID
    certified: int | None = None
    certificates_due: date | None = None
    """The last day to issue the certificates of learners who are known one by one."""
    findings: tuple[Finding, ...] = ()


class ClassCorrected(Fact):
    """What was recorded of the class was wrong or incomplete; this is what is known now.

    `on` is the day of the correction; the class keeps its stream.
    """

    TOPIC = "training.ClassCorrected"
    code: str
    centre: UUID
    opened_on: date
    closed_on: date | None = None
    weekend: bool | None = None
    co_organiser: str | None = None
    enrolled: int | None = None
    certified: int | None = None
    reason: str | None = None


class LearnerFact(Fact):
    """What happened to one learner of a class: a person, for one of that person's candidacies."""

    person: UUID
    candidacy: UUID
    centre: UUID
    class_code: str

    @property
    def subject(self) -> UUID:
        return self.person


class LearnerEnrolled(LearnerFact):
    """A candidate learns in this class; a person learns in one class at a time."""

    TOPIC = "training.LearnerEnrolled"

    def takes(self) -> tuple[str, ...]:
        return (f"learner/{self.person}",)


class LearnerWithdrawn(LearnerFact):
    """The learner left the class before its end, and does not count among its learners."""

    TOPIC = "training.LearnerWithdrawn"
    sealed: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str | None = None

    def releases(self) -> tuple[str, ...]:
        return (f"learner/{self.person}",)


class ResultRecorded(LearnerFact):
    """Whether the learner passed. What it rests on is the learner's own affair."""

    TOPIC = "training.ResultRecorded"
    sealed: ClassVar[tuple[str, ...]] = ("attended", "periods", "score", "retake", "reason")
    passed: bool
    corrects: bool = False
    attended: int | None = None
    """How many of the `periods` of the class the learner attended."""
    periods: int | None = None
    score: Decimal | None = None
    """Of the final paper, out of ten; None where the learner did not sit it."""
    retake: Decimal | None = None
    reason: str | None = None

    def releases(self) -> tuple[str, ...]:
        return (f"learner/{self.person}",)


class CertificateIssued(LearnerFact):
    """The certificate of the class, issued once; it is counted from `on`."""

    TOPIC = "training.CertificateIssued"
    number: str
    """As in the permanent register of certificates."""
    findings: tuple[Finding, ...] = ()

    def takes(self) -> tuple[str, ...]:
        return (f"certificate-number/{self.number}", f"certificate/{self.class_code}/{self.person}")
