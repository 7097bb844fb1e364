"""The facts of verification: cases, the requests that localities are sent, and their replies."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from events.dossiers import Deadline, Finding
from events.envelope import Fact, FirstFact, Refused, Settled

_CASES = uuid5(NAMESPACE_URL, "ketnap")


def case_of(candidacy: UUID) -> UUID:
    """Return the stream of the verification case of a candidacy."""
    return uuid5(_CASES, f"verification/{candidacy}")


class VerificationOpened(FirstFact):
    """The seal opens a case; `on` is its day, before which nothing is requested."""

    TOPIC = "verification.VerificationOpened"
    candidacy: UUID
    person: UUID
    unit: UUID

    @property
    def subject(self) -> UUID:
        return self.person


class CaseFact(Fact):
    """What happened in a case."""

    candidacy: UUID
    person: UUID
    """The candidate, whose key seals what is said of relatives too."""
    unit: UUID

    @property
    def subject(self) -> UUID:
        return self.person


class VerificationRequested(CaseFact):
    """A place is asked about one subject. Requests are numbered inside their case."""

    TOPIC = "verification.VerificationRequested"
    sealed: ClassVar[tuple[str, ...]] = ("subject_name", "place_name")
    request: int
    subject_kind: str
    """`candidate`, `father`, `mother`, `spouse`, `child` …, as the rule set of that day lists."""
    place: str
    """The code of the locality or the agency that is asked."""
    abroad: bool
    due: Deadline
    first: bool
    """Whether it is the first request of the case, with which verification is asked for."""
    subject_name: str | None = None
    place_name: str | None = None


class VerificationReplied(CaseFact):
    """The place replied. `matches` tells whether what it says is what was declared."""

    TOPIC = "verification.VerificationReplied"
    sealed: ClassVar[tuple[str, ...]] = ("remarks",)
    request: int
    subject_kind: str
    matches: bool
    findings: tuple[Finding, ...] = ()
    remarks: str | None = None


class SupplementRequested(CaseFact):
    """The reply was not enough; the place is asked once more, and has its time anew."""

    TOPIC = "verification.SupplementRequested"
    sealed: ClassVar[tuple[str, ...]] = ("question",)
    request: int
    subject_kind: str
    due: Deadline
    question: str | None = None


class VerificationWaived(CaseFact):
    """No reply is needed: the request of that number, sent or not, is settled on this ground."""

    TOPIC = "verification.VerificationWaived"
    sealed: ClassVar[tuple[str, ...]] = ("subject_name", "reason")
    request: int
    subject_kind: str
    ground: str
    """`declared_member`, `deceased` or `no_capacity`; an open list."""
    subject_name: str | None = None
    reason: str | None = None


class VerificationClosed(CaseFact):
    """Every request is answered or waived; the case is done."""

    TOPIC = "verification.VerificationClosed"
    replies: int
    waived: int
    conflicts: int
    """How many replies do not say what was declared."""


class SealCorrected(CaseFact):
    """The seal on which the case rests is of that day, or, with None, there is none."""

    TOPIC = "verification.SealCorrected"
    sealed_on: date | None


class ConclusionNoted(CaseFact):
    """Dossiers has a conclusion on the political standard while the case goes on.

    Whoever concluded does not close it, nor after that conclusion was retracted.
    """

    TOPIC = "verification.ConclusionNoted"
    concluded_by: str
    """The account that concluded."""


class VerificationSuspended(CaseFact):
    """The candidacy ended; no place is asked any more, and no reply is awaited."""

    TOPIC = "verification.VerificationSuspended"


class VerificationResumed(CaseFact):
    """The end of the candidacy was retracted; the case goes on where it stood."""

    TOPIC = "verification.VerificationResumed"


class PolicyRefused(Refused):
    """What a fact of another ledger asked of verification was refused."""

    TOPIC = "verification.PolicyRefused"


class PolicySettled(Settled):
    """What was refused was done after all, or needs no doing."""

    TOPIC = "verification.PolicySettled"
