"""The commands that dossiers accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from events.dossiers import Facets
from events.envelope import By

_UNKNOWN = Facets()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUnit:
    """Begin a unit on its first day; `unit` is its new id."""

    unit: UUID
    on: date = date.min
    code: str
    name: str
    kind: str
    parent: UUID | None = None
    sector: str | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameUnit:
    """Let a unit bear a name from a day."""

    unit: UUID
    on: date
    name: str
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveUnit:
    """Let a unit lie below another parent, or none, from a day."""

    unit: UUID
    on: date
    parent: UUID | None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class ReclassifyUnit:
    """Let a unit be of a kind and a sector from a day."""

    unit: UUID
    on: date
    kind: str
    sector: str | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectUnit:
    """Say anew what a unit is from a day on."""

    unit: UUID
    on: date
    name: str
    kind: str
    parent: UUID | None = None
    sector: str | None = None
    reason: str | None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class DissolveUnit:
    """End a unit with its last day `on`; said again, it corrects that day."""

    unit: UUID
    on: date
    successors: tuple[UUID, ...] = ()
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class NominateCandidate:
    """Propose a person; `candidacy` is the id of the new candidacy, made if it is not given."""

    on: date
    person_ref: str
    full_name: str | None = None
    birth_date: date | None = None
    religion: str | None = None
    facets: Facets = _UNKNOWN
    unit: UUID
    candidacy: UUID | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOn:
    """An act of a day on a candidacy."""

    candidacy: UUID
    on: date
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCertificate(ActOn):
    """Note the certificate of an awareness class."""

    class_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitApplication(ActOn):
    """Take the handwritten application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealPersonalHistory(ActOn):
    """Seal the pages of the personal history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskVerification(ActOn):
    """Ask localities to verify the personal history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVerification(ActOn):
    """Note that the background verification is closed."""

    closed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeCellVote(ActOn):
    """Record how the cell voted."""

    official_members: int
    present: int
    in_favour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveDossier(ActOn):
    """Take the dossier in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDossier(ActOn):
    """Send the dossier back for completion."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcludePoliticalStandard(ActOn):
    """Conclude on the political standard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendDecisionPeriod(ActOn):
    """Give the decision more working days."""

    working_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideAdmission(ActOn):
    """Decide on admission."""

    decider: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseAdmission(ActOn):
    """Decide not to admit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveDecision(ActOn):
    """Note that the cell has the decision in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveCeremonyExtension(ActOn):
    """Consent to a late ceremony."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCeremony(ActOn):
    """Hold the admission ceremony."""

    occasion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniseOfficially(ActOn):
    """Decide, on the day `on`, that the member is an official one since the end of probation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeOff(ActOn):
    """Strike the name off the list of members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptResignation(ActOn):
    """Accept that a member leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeath(ActOn):
    """Record that the person died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawCandidacy(ActOn):
    """Give the candidacy up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectFact(ActOn):
    """Set the day or the unit of a fact right; `on` is the day of the correction."""

    fact: str
    of: int | None = None
    """The version of the fact, where there are several of that name."""
    day: date | None = None
    unit: UUID | None = None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectFacet(ActOn):
    """Set a facet right on every fact; None makes it unknown."""

    name: str
    value: str | bool | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectCandidacyUnit(ActOn):
    """Set the unit of the whole candidacy right."""

    unit: UUID
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractFact(ActOn):
    """Say that a fact never happened."""

    fact: str
    of: int | None = None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHistory:
    """Take in one row of a file; `on` is the day of recording, which a correction bears."""

    on: date
    person_ref: str
    full_name: str | None = None
    birth_date: date | None = None
    religion: str | None = None
    facets: Facets = _UNKNOWN
    unit: UUID
    acts: Mapping[str, date] = field(default_factory=dict)
    """The days of the acts by the name of the fact: `nominated`, `cell_vote` …"""
    class_code: str | None = None
    left_kind: str | None = None
    left_on: date | None = None
    correct: bool = False
    reason: str | None = None
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class ShredPerson:
    """Destroy what is known of a person, by reference or by id."""

    on: date
    person_ref: str | None = None
    person: UUID | None = None
    by: By


UnitCommand = RegisterUnit | RenameUnit | MoveUnit | ReclassifyUnit | CorrectUnit | DissolveUnit
AmendingCommand = CorrectFact | CorrectFacet | CorrectCandidacyUnit | RetractFact
Command = UnitCommand | NominateCandidate | ActOn | RecordHistory | ShredPerson
