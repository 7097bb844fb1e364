"""Every act on a candidacy: its address, its body, its command, and who may do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from events.envelope import By
from services.dossiers import commands
from services.dossiers.api import bodies
from services.dossiers.commands import ActOn

Make = Callable[[UUID, Any, By, UUID | None], ActOn]
"""Makes a command of a candidacy, a body, who records it, and the decider that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act."""

    name: str
    """The last part of its address."""
    fact: str
    """The fact that records it."""
    duty: str
    """What the table of roles calls it."""
    body: type[bodies.Done]
    make: Make
    needs_document: bool = False

    @property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Return what reads its body."""
        return msgspec.json.Decoder(self.body)


def _plain(kind: type[ActOn]) -> Make:
    def make(candidacy: UUID, body: bodies.Done, by: By, _: UUID | None) -> ActOn:
        return kind(candidacy=candidacy, on=body.on, by=by)

    return make


def _certificate(candidacy: UUID, body: bodies.Certificate, by: By, _: UUID | None) -> ActOn:
    return commands.NoteCertificate(
        candidacy=candidacy, on=body.on, class_code=body.class_code, by=by
    )


def _cell_vote(candidacy: UUID, body: bodies.CellVote, by: By, _: UUID | None) -> ActOn:
    return commands.TakeCellVote(
        candidacy=candidacy,
        on=body.on,
        official_members=body.official_members,
        present=body.present,
        in_favour=body.in_favour,
        by=by,
    )


def _return(candidacy: UUID, body: bodies.DossierReturn, by: By, _: UUID | None) -> ActOn:
    return commands.ReturnDossier(candidacy=candidacy, on=body.on, reason=body.reason, by=by)


def _extension(candidacy: UUID, body: bodies.DecisionExtension, by: By, _: UUID | None) -> ActOn:
    return commands.ExtendDecisionPeriod(
        candidacy=candidacy, on=body.on, working_days=body.working_days, by=by
    )


def _decision(candidacy: UUID, body: bodies.Decision, by: By, decider: UUID | None) -> ActOn:
    assert decider is not None  # noqa: S101 - whoever makes it has found the unit by its code
    return commands.DecideAdmission(candidacy=candidacy, on=body.on, decider=decider, by=by)


def _ceremony(candidacy: UUID, body: bodies.Ceremony, by: By, _: UUID | None) -> ActOn:
    return commands.HoldCeremony(candidacy=candidacy, on=body.on, occasion=body.occasion, by=by)


def _act(  # noqa: PLR0913, PLR0917 - a row of the table below
    name: str,
    fact: str,
    duty: str,
    kind: type[ActOn],
    body: type[bodies.Done] = bodies.Done,
    make: Make | None = None,
    *,
    needs_document: bool = False,
) -> Act:
    return Act(
        name=name,
        fact=fact,
        duty=duty,
        body=body,
        make=make or _plain(kind),
        needs_document=needs_document,
    )


_TABLE = (
    _act(
        "certificate",
        "certified",
        "certify",
        commands.NoteCertificate,
        bodies.Certificate,
        _certificate,
    ),
    _act("application", "applied", "apply", commands.SubmitApplication),
    _act("personal-history-seal", "sealed", "seal", commands.SealPersonalHistory),
    _act(
        "verification-request", "verification_asked", "ask_verification", commands.AskVerification
    ),
    _act(
        "verification-note", "verification_closed", "note_verification", commands.NoteVerification
    ),
    _act("cell-vote", "cell_vote", "vote", commands.TakeCellVote, bodies.CellVote, _cell_vote),
    _act("dossier-receipt", "dossier_received", "receive", commands.ReceiveDossier),
    _act(
        "dossier-return",
        "dossier_returned",
        "return",
        commands.ReturnDossier,
        bodies.DossierReturn,
        _return,
    ),
    _act(
        "political-standard", "political_standard", "conclude", commands.ConcludePoliticalStandard
    ),
    _act(
        "decision-extension",
        "decision_extended",
        "extend",
        commands.ExtendDecisionPeriod,
        bodies.DecisionExtension,
        _extension,
        needs_document=True,
    ),
    _act("decision", "decided", "decide", commands.DecideAdmission, bodies.Decision, _decision),
    _act("refusal", "refused", "refuse", commands.RefuseAdmission),
    _act("decision-receipt", "decision_received", "receive_decision", commands.ReceiveDecision),
    _act(
        "ceremony-extension",
        "ceremony_extended",
        "consent_late_ceremony",
        commands.ApproveCeremonyExtension,
        needs_document=True,
    ),
    _act(
        "ceremony",
        "ceremony",
        "hold_ceremony",
        commands.HoldCeremony,
        bodies.Ceremony,
        _ceremony,
    ),
    _act("recognition", "recognised", "recognise", commands.RecogniseOfficially),
    _act("striking-off", "struck_off", "strike_off", commands.StrikeOff),
    _act("resignation", "resigned", "accept_resignation", commands.AcceptResignation),
    _act("death", "deceased", "record_death", commands.RecordDeath),
    _act("withdrawal", "withdrawn", "withdraw", commands.WithdrawCandidacy),
)
ACTS = {act.name: act for act in _TABLE}
"""By the last part of the address, in the order of the journey."""


def sample(act: Act, on: date) -> bodies.Done:
    """Return a body of an act that fails by none of its own fields: what is left is the rules."""
    match act.name:
        case "cell-vote":
            return bodies.CellVote(on=on, official_members=100, present=100, in_favour=100)
        case "dossier-return":
            return bodies.DossierReturn(on=on, reason="-")
        case "decision-extension":
            return bodies.DecisionExtension(on=on, working_days=1)
        case "decision":
            return bodies.Decision(on=on, decider="-")
        case _:
            return act.body(on=on)
