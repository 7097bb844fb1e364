"""What a command does to a candidacy that is loaded."""

from __future__ import annotations

from events.dossiers import Tally
from services.dossiers import commands
from services.dossiers.domain import amending
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.facets import counted, with_facet
from services.dossiers.domain.readings import Act


def do(candidacy: Candidacy, command: commands.ActOn, act: Act) -> None:
    """Do what happened. Raises Refusal."""
    match command:
        case commands.NoteCertificate(class_code=class_code):
            candidacy.note_certificate(act, class_code)
        case commands.TakeCellVote(official_members=official, present=present, in_favour=in_favour):
            tally = Tally(official_members=official, present=present, in_favour=in_favour)
            candidacy.take_cell_vote(act, tally)
        case commands.ReturnDossier(reason=reason):
            candidacy.return_dossier(act, reason)
        case commands.ExtendDecisionPeriod(working_days=working_days):
            candidacy.extend_decision_period(act, working_days)
        case commands.DecideAdmission(decider=decider):
            candidacy.decide_admission(act, decider)
        case commands.NoteVerification(closed_by=closed_by):
            candidacy.note_verification(act, closed_by)
        case commands.HoldCeremony(occasion=occasion):
            candidacy.hold_ceremony(act, occasion)
        case _:
            _PLAIN[type(command)](candidacy, act)


def amend(candidacy: Candidacy, command: commands.AmendingCommand, act: Act) -> None:
    """Set right what was recorded. Raises Refusal."""
    match command:
        case commands.CorrectFact(fact=fact, of=of, day=day, unit=unit, reason=reason):
            amending.correct_fact(candidacy, act, fact, of=of, day=day, unit=unit, reason=reason)
        case commands.CorrectCandidacyUnit(unit=unit, reason=reason):
            amending.correct_unit(candidacy, act, unit, reason=reason)
        case commands.RetractFact(fact=fact, of=of, reason=reason):
            amending.retract_fact(candidacy, act, fact, of=of, reason=reason)
        case commands.CorrectFacet(name=name, value=value, reason=reason):
            told = with_facet(candidacy.facets, name, value)
            first = min((fact.on for fact in candidacy.facts.values()), default=act.on)
            facets = counted(told, religious=candidacy.facets.religious, act=act, on=first)
            amending.correct_facets(candidacy, act, facets, reason=reason)


_PLAIN = {
    commands.SubmitApplication: Candidacy.submit_application,
    commands.SealPersonalHistory: Candidacy.seal_personal_history,
    commands.AskVerification: Candidacy.ask_verification,
    commands.ReceiveDossier: Candidacy.receive_dossier,
    commands.ConcludePoliticalStandard: Candidacy.conclude_political_standard,
    commands.RefuseAdmission: Candidacy.refuse_admission,
    commands.ReceiveDecision: Candidacy.receive_decision,
    commands.ApproveCeremonyExtension: Candidacy.approve_ceremony_extension,
    commands.RecogniseOfficially: Candidacy.recognise_officially,
    commands.StrikeOff: Candidacy.strike_off,
    commands.AcceptResignation: Candidacy.accept_resignation,
    commands.RecordDeath: Candidacy.record_death,
    commands.WithdrawCandidacy: Candidacy.withdraw,
}
