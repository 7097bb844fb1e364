"""The facts of dossiers: units, people and candidacies."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from events.envelope import Fact, FirstFact, Refused, Settled


class UnitRegistered(FirstFact):
    """A unit exists from this day. A code belongs to one unit at a time."""

    TOPIC = "dossiers.UnitRegistered"
    code: str
    name: str
    kind: str
    parent: UUID | None = None
    sector: str | None = None

    def takes(self) -> tuple[str, ...]:
        return (f"unit-code/{self.code}",)


class UnitRenamed(Fact):
    """A unit bears this name from this day."""

    TOPIC = "dossiers.UnitRenamed"
    name: str


class UnitMoved(Fact):
    """A unit lies below this parent from this day, or below none."""

    TOPIC = "dossiers.UnitMoved"
    parent: UUID | None = None


class UnitReclassified(Fact):
    """A unit is of this kind and sector from this day."""

    TOPIC = "dossiers.UnitReclassified"
    kind: str
    sector: str | None = None


class UnitCorrected(Fact):
    """What was recorded of the unit from the day `on` was wrong; this is right from `on` on."""

    TOPIC = "dossiers.UnitCorrected"
    name: str
    kind: str
    parent: UUID | None = None
    sector: str | None = None
    reason: str | None = None


class UnitDissolved(Fact):
    """The unit's last day, and the units that take its place. Said again, it corrects the day."""

    TOPIC = "dossiers.UnitDissolved"
    code: str
    successors: tuple[UUID, ...] = ()
    corrects: bool = False
    """Whether the unit was dissolved already; its code may be another unit's by now."""

    def releases(self) -> tuple[str, ...]:
        return () if self.corrects else (f"unit-code/{self.code}",)


class PersonRegistered(FirstFact):
    """A person is known under a reference, which only the sealed box names."""

    TOPIC = "dossiers.PersonRegistered"
    sealed: ClassVar[tuple[str, ...]] = (
        "reference",
        "person_ref",
        "full_name",
        "birth_date",
        "religion",
        "likeness",
    )
    reference: str | None = None
    """HMAC of the reference under the pepper: a claim, never an id."""
    person_ref: str | None = None
    full_name: str | None = None
    birth_date: date | None = None
    religion: str | None = None
    likeness: str | None = None
    """HMAC of the name and the birth date, of the first person who has them."""

    def takes(self) -> tuple[str, ...]:
        return _claims(person=self.reference, likeness=self.likeness)


class PersonDetailsRecorded(Fact):
    """The details of a person as they are now known; those that did not change are repeated."""

    TOPIC = "dossiers.PersonDetailsRecorded"
    sealed: ClassVar[tuple[str, ...]] = (
        "full_name",
        "birth_date",
        "religion",
        "likeness",
        "former_likeness",
        "reason",
    )
    full_name: str | None = None
    birth_date: date | None = None
    religion: str | None = None
    likeness: str | None = None
    former_likeness: str | None = None
    reason: str | None = None

    def takes(self) -> tuple[str, ...]:
        return _claims(likeness=self.likeness)

    def releases(self) -> tuple[str, ...]:
        return _claims(likeness=self.former_likeness)


class PersonShredded(Fact):
    """The person's key is destroyed; what it sealed can be read by nobody, here or in a copy."""

    TOPIC = "dossiers.PersonShredded"
    sealed: ClassVar[tuple[str, ...]] = ("reference", "likeness")
    reference: str | None = None
    likeness: str | None = None

    def releases(self) -> tuple[str, ...]:
        return _claims(person=self.reference, likeness=self.likeness)


def _claims(**keys: str | None) -> tuple[str, ...]:
    return tuple(f"{name}/{key}" for name, key in keys.items() if key)


class Facets(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What statistics need to know of a person, as it was on the day of the fact.

    None is unknown. Codes of open lists are free text; `age` and `occasion` are
    known from the ceremony on.
    """

    sex: str | None = None
    """`female` or `male`."""
    ethnic_group: str | None = None
    """The name in `contracts/rulebook/ethnic-groups.toml`, or what was written."""
    ethnic_minority: bool | None = None
    religious: bool | None = None
    youth_union: bool | None = None
    occupation: str | None = None
    source_group: str | None = None
    referred_by: str | None = None
    referral_round: str | None = None
    referred: bool = False
    """Referred by a mass organisation, or in a round."""
    occasion: str | None = None
    age: str | None = None
    """`18-30`, `31-40`, `41-50`, `51-60` or `>60`, on the ceremony day."""


class Deadline(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A legal clock that an act started: counted once, never again (design decision 16)."""

    clock: str
    """`certificate`, `papers`, `decision`, `ceremony`, `probation`, `recognition_vote` …"""
    starts: date
    due: date
    provisional: bool = False
    """Whether it lies beyond the published working-day calendar."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What does not fit in an act that is recorded all the same."""

    kind: str
    """`overrun`, `unknown-step`, `stale-certificate`, `stale-papers`, `over-60`, `day-off`,
    `recognition-day`, `unknown-ethnic-group` or `same-name-and-birth-date`."""
    expected: str | None = None
    actual: str | None = None


class Standing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A fact of a candidacy as it stands now that something else became known."""

    of: int
    """The version of the event that recorded it."""
    fact: str
    on: date
    unit: UUID
    facets: Facets
    findings: tuple[Finding, ...] = ()
    decided_on: date | None = None
    """Of an official recognition: the day it was decided."""
    class_code: str | None = None
    """Of a certificate: the class that gave it."""


class CandidacyOpened(FirstFact):
    """A person's journey begins; counted nowhere, it holds the person's one open candidacy."""

    TOPIC = "dossiers.CandidacyOpened"
    person: UUID
    unit: UUID
    facets: Facets
    imported: bool = False
    attempt: int = 1
    """Which of the person's candidacies it is; readmission is another one."""

    @property
    def subject(self) -> UUID:
        return self.person

    def takes(self) -> tuple[str, ...]:
        return (f"candidacy/{self.person}", f"attempt/{self.person}/{self.attempt}")


class CandidacyFact(Fact):
    """A dated act of a candidacy. It counts for `unit`, with the facets of that day."""

    fact: ClassVar[str]
    person: UUID
    unit: UUID
    facets: Facets
    imported: bool = False
    deadlines: tuple[Deadline, ...] = ()
    """The clocks that this act starts."""
    findings: tuple[Finding, ...] = ()
    standing: tuple[Standing, ...] = ()
    """Earlier recorded facts that read differently now that this one is known."""

    @property
    def subject(self) -> UUID:
        return self.person


class CandidateNominated(CandidacyFact):
    """Proposed as a source of admission, with or without a referral round."""

    TOPIC = "dossiers.CandidateNominated"
    fact = "nominated"


class CertificateNoted(CandidacyFact):
    """The certificate of an awareness class is known here."""

    TOPIC = "dossiers.CertificateNoted"
    fact = "certified"
    class_code: str | None = None


class ApplicationSubmitted(CandidacyFact):
    """The handwritten application (form 1-KNĐ) is in."""

    TOPIC = "dossiers.ApplicationSubmitted"
    fact = "applied"


class PersonalHistorySealed(CandidacyFact):
    """The seal crosses the pages of the personal history (form 2-KNĐ)."""

    TOPIC = "dossiers.PersonalHistorySealed"
    fact = "sealed"


class VerificationAsked(CandidacyFact):
    """Localities are asked to verify the personal history."""

    TOPIC = "dossiers.VerificationAsked"
    fact = "verification_asked"


class VerificationNoted(CandidacyFact):
    """The background verification is closed, as known here."""

    TOPIC = "dossiers.VerificationNoted"
    fact = "verification_closed"
    closed_by: str | None = None
    """The account that closed it, where that was in the ledger of verification."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """A vote of a cell: of all its official members, not only of those present."""

    official_members: int
    present: int
    in_favour: int


class CellVoteTaken(CandidacyFact):
    """The cell voted on proposing admission. `tally` is None where it is not known."""

    TOPIC = "dossiers.CellVoteTaken"
    fact = "cell_vote"
    carried: bool = True
    tally: Tally | None = None
    required: int | None = None


class DossierReceived(CandidacyFact):
    """The organisation board took the dossier in; `intake` counts from 1."""

    TOPIC = "dossiers.DossierReceived"
    fact = "dossier_received"
    intake: int = 1


class DossierReturned(CandidacyFact):
    """The organisation board sent the dossier back for completion."""

    TOPIC = "dossiers.DossierReturned"
    fact = "dossier_returned"
    sealed: ClassVar[tuple[str, ...]] = ("reason",)
    reason: str | None = None


class PoliticalStandardConcluded(CandidacyFact):
    """The competent body concluded on the political standard."""

    TOPIC = "dossiers.PoliticalStandardConcluded"
    fact = "political_standard"


class DecisionPeriodExtended(Fact):
    """The time for the decision is longer; a finding that it was late is cleared."""

    TOPIC = "dossiers.DecisionPeriodExtended"
    person: UUID
    working_days: int = 0
    deadlines: tuple[Deadline, ...] = ()
    standing: tuple[Standing, ...] = ()

    @property
    def subject(self) -> UUID:
        return self.person


class CeremonyExtensionApproved(Fact):
    """The direct superior consents to a late ceremony; a finding that it was late is cleared."""

    TOPIC = "dossiers.CeremonyExtensionApproved"
    person: UUID
    standing: tuple[Standing, ...] = ()

    @property
    def subject(self) -> UUID:
        return self.person


class AdmissionDecided(CandidacyFact):
    """Admission is decided; Party age runs from this day. `decider` is None where unknown."""

    TOPIC = "dossiers.AdmissionDecided"
    fact = "decided"
    decider: UUID | None = None


class DecisionReceived(CandidacyFact):
    """The cell has the decision in hand."""

    TOPIC = "dossiers.DecisionReceived"
    fact = "decision_received"


class CeremonyHeld(CandidacyFact):
    """The admission ceremony; the person counts as admitted on this day, probation begins."""

    TOPIC = "dossiers.CeremonyHeld"
    fact = "ceremony"


class OfficiallyRecognised(CandidacyFact):
    """Official member from `on`, the ceremony day plus 12 months, whenever it was decided."""

    TOPIC = "dossiers.OfficiallyRecognised"
    fact = "recognised"
    decided_on: date | None = None


class CandidacyEnded(CandidacyFact):
    """The journey ends; the person may be nominated again."""

    def releases(self) -> tuple[str, ...]:
        return (f"candidacy/{self.person}",)


class MemberStruckOff(CandidacyEnded):
    """The name is struck off the list of members."""

    TOPIC = "dossiers.MemberStruckOff"
    fact = "struck_off"


class ResignationAccepted(CandidacyEnded):
    """A member leaves the Party at his own request."""

    TOPIC = "dossiers.ResignationAccepted"
    fact = "resigned"


class PersonDied(CandidacyEnded):
    """The person died."""

    TOPIC = "dossiers.PersonDied"
    fact = "deceased"


class CandidacyWithdrawn(CandidacyEnded):
    """The candidacy is given up before a decision."""

    TOPIC = "dossiers.CandidacyWithdrawn"
    fact = "withdrawn"


class AdmissionRefused(CandidacyEnded):
    """The competent committee decides not to admit."""

    TOPIC = "dossiers.AdmissionRefused"
    fact = "refused"


class Correction(Fact):
    """A change of what is recorded of a candidacy.

    `on` is the day of the correction itself. `standing` holds every fact that reads
    differently now; `deadlines` the clocks that those facts start anew.
    """

    sealed: ClassVar[tuple[str, ...]] = ("reason",)
    person: UUID
    standing: tuple[Standing, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    reason: str | None = None

    @property
    def subject(self) -> UUID:
        return self.person


class FactCorrected(Correction):
    """The day or the unit of one fact was wrong."""

    TOPIC = "dossiers.FactCorrected"
    fact: str = ""
    of: int = 0
    """The version of the event that recorded the fact."""


class FactRetracted(Correction):
    """One fact never happened."""

    TOPIC = "dossiers.FactRetracted"
    fact: str = ""
    of: int = 0
    reopened: bool = False
    """Whether the candidacy, which that fact had ended, is open again."""

    def takes(self) -> tuple[str, ...]:
        return (f"candidacy/{self.person}",) if self.reopened else ()


class FacetsCorrected(Correction):
    """A facet of the person was wrong, or unknown, on every fact of the candidacy."""

    TOPIC = "dossiers.FacetsCorrected"
    facets: Facets = Facets()


class CandidacyUnitCorrected(Correction):
    """The unit of the whole candidacy was wrong."""

    TOPIC = "dossiers.CandidacyUnitCorrected"
    unit: UUID | None = None


class PolicyRefused(Refused):
    """What a fact of another ledger asked of dossiers was refused."""

    TOPIC = "dossiers.PolicyRefused"


class PolicySettled(Settled):
    """What was refused was done after all, or needs no doing."""

    TOPIC = "dossiers.PolicySettled"
