"""What follows in verification from what happened in dossiers. Imported facts are left alone."""

from __future__ import annotations

from events.dossiers import (
    CandidacyEnded,
    Correction,
    FactCorrected,
    FactRetracted,
    PersonalHistorySealed,
    PoliticalStandardConcluded,
)
from events.envelope import By, Envelope
from services.verification.commands import (
    Command,
    CorrectSeal,
    NoteConclusion,
    OpenCase,
    ResumeCase,
    SuspendCase,
)


def react(envelope: Envelope) -> Command | None:
    """Return the command that a fact of dossiers asks for, or None."""
    fact, by = envelope.fact, By.following(envelope)
    candidacy = fact.originator_id
    match fact:
        case PersonalHistorySealed(imported=False, on=on, person=person, unit=unit):
            return OpenCase(candidacy=candidacy, person=person, unit=unit, on=on, by=by)
        case PoliticalStandardConcluded(imported=False, on=on, actor=actor):
            return NoteConclusion(candidacy=candidacy, concluded_by=actor, on=on, by=by)
        case CandidacyEnded(imported=False, on=on):
            return SuspendCase(candidacy=candidacy, on=on, by=by)
        case Correction():
            return _corrected(fact, by)
        case _:
            return None


def _corrected(fact: Correction, by: By) -> Command | None:
    candidacy = fact.originator_id
    match fact:
        case FactCorrected(fact="sealed", of=of, standing=standing, on=on):
            sealed_on = next((now.on for now in standing if now.of == of), None)
            if sealed_on is None:
                return None
            return CorrectSeal(candidacy=candidacy, sealed_on=sealed_on, on=on, by=by)
        case FactRetracted(fact="sealed", on=on):
            return CorrectSeal(candidacy=candidacy, sealed_on=None, on=on, by=by)
        case FactRetracted(reopened=True, on=on):
            return ResumeCase(candidacy=candidacy, on=on, by=by)
        case _:
            return None
