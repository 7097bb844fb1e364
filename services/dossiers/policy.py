"""What follows in dossiers from what happened in training and verification."""

from __future__ import annotations

from events.envelope import By, Envelope
from events.training import CertificateIssued
from events.verification import VerificationClosed, VerificationRequested
from services.dossiers.commands import ActOn, AskVerification, NoteCertificate, NoteVerification


def react(envelope: Envelope) -> ActOn | None:
    """Return the command that a fact of another ledger asks for, or None."""
    by = By.following(envelope)
    match envelope.fact:
        case CertificateIssued(on=on, candidacy=candidacy, class_code=code):
            return NoteCertificate(candidacy=candidacy, on=on, class_code=code, by=by)
        case VerificationRequested(on=on, candidacy=candidacy, first=True):
            return AskVerification(candidacy=candidacy, on=on, by=by)
        case VerificationClosed(on=on, candidacy=candidacy):
            closed_by = envelope.fact.actor
            return NoteVerification(candidacy=candidacy, on=on, closed_by=closed_by, by=by)
        case _:
            return None
