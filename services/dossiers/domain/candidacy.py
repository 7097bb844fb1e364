"""A candidacy: one attempt of one person, from nomination to official membership or its end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Self, cast
from uuid import UUID

import msgspec
from eventsourcing.domain import BaseAggregate

from events import dossiers
from events.dossiers import CandidacyFact, Deadline, Facets, Finding, Tally
from events.envelope import Fact
from services.dossiers.domain import refusals
from services.dossiers.domain.clocks import STARTED_BY, Clocks, clock
from services.dossiers.domain.journey import (
    CERTIFIED,
    CLAUSES,
    RESTS_ON,
    RETURNED,
    Facts,
    Recorded,
    carried_vote,
    check_order,
    is_done,
    last,
    over,
    steps_done,
)
from services.dossiers.domain.readings import Act, changed, check_age, read


class Candidacy(BaseAggregate[UUID]):
    """One attempt of a person to be admitted; a person has one open attempt at a time."""

    TOPIC = "dossiers.Candidacy"

    class Event(Fact):
        """A fact of a candidacy."""

        def apply(self, aggregate: Candidacy) -> None:
            aggregate.take_in(self)

    CandidacyOpened = dossiers.CandidacyOpened
    CandidateNominated = dossiers.CandidateNominated
    CertificateNoted = dossiers.CertificateNoted
    ApplicationSubmitted = dossiers.ApplicationSubmitted
    PersonalHistorySealed = dossiers.PersonalHistorySealed
    VerificationAsked = dossiers.VerificationAsked
    VerificationNoted = dossiers.VerificationNoted
    CellVoteTaken = dossiers.CellVoteTaken
    DossierReceived = dossiers.DossierReceived
    DossierReturned = dossiers.DossierReturned
    PoliticalStandardConcluded = dossiers.PoliticalStandardConcluded
    DecisionPeriodExtended = dossiers.DecisionPeriodExtended
    CeremonyExtensionApproved = dossiers.CeremonyExtensionApproved
    AdmissionDecided = dossiers.AdmissionDecided
    DecisionReceived = dossiers.DecisionReceived
    CeremonyHeld = dossiers.CeremonyHeld
    OfficiallyRecognised = dossiers.OfficiallyRecognised
    MemberStruckOff = dossiers.MemberStruckOff
    ResignationAccepted = dossiers.ResignationAccepted
    PersonDied = dossiers.PersonDied
    CandidacyWithdrawn = dossiers.CandidacyWithdrawn
    AdmissionRefused = dossiers.AdmissionRefused
    FactCorrected = dossiers.FactCorrected
    FactRetracted = dossiers.FactRetracted
    FacetsCorrected = dossiers.FacetsCorrected
    CandidacyUnitCorrected = dossiers.CandidacyUnitCorrected

    def __init__(
        self, person: UUID, unit: UUID, facets: Facets, attempt: int, *, imported: bool
    ) -> None:
        self.person = person
        self.unit = unit
        self.facets = facets
        self.attempt = attempt
        self.imported = imported
        self.facts: dict[int, Recorded] = {}
        self.clocks: dict[str, Deadline] = {}
        self.extension = 0
        self.consent = False

    # What is decided.

    @classmethod
    def open(  # noqa: PLR0913 - what a candidacy is
        cls,
        candidacy: UUID,
        act: Act,
        *,
        person: UUID,
        unit: UUID,
        facets: Facets,
        attempt: int,
        imported: bool = False,
    ) -> Self:
        """Begin a candidacy, with nothing done yet."""
        return cls._create(
            cls.CandidacyOpened,
            id=candidacy,
            on=act.on,
            person=person,
            unit=unit,
            facets=facets,
            attempt=attempt,
            imported=imported,
            rule_set=act.book.on(act.on).id,
            **act.by.fields(),
        )

    def nominate(self, act: Act, *, findings: tuple[Finding, ...] = ()) -> None:
        """Propose the person as a source of admission."""
        self._once(self.CandidateNominated, act, findings=findings)

    def note_certificate(self, act: Act, class_code: str | None) -> None:
        """Note a certificate; one that is too old is followed by another."""
        if any(
            (fact.on, fact.class_code) == (act.on, class_code)
            for fact in self.facts.values()
            if fact.fact == CERTIFIED
        ):
            return
        self._must_go_on()
        self.record(self.CertificateNoted, act, class_code=class_code)

    def submit_application(self, act: Act) -> None:
        self._once(self.ApplicationSubmitted, act)

    def seal_personal_history(self, act: Act) -> None:
        self._once(self.PersonalHistorySealed, act)

    def ask_verification(self, act: Act) -> None:
        self._once(self.VerificationAsked, act)

    def note_verification(self, act: Act, closed_by: str | None = None) -> None:
        """Note that it is closed, and by whom: another one concludes."""
        self._once(self.VerificationNoted, act, closed_by=closed_by)

    def take_cell_vote(self, act: Act, tally: Tally) -> None:
        """Count the votes against all official members of the cell, present or not."""
        rules = act.book.on(act.on)
        if (vote := carried_vote(self.facts)) and self._is_so(vote, act.on):
            return
        self._must_go_on()
        if tally.official_members < rules.minimum_official_members:
            raise refusals.CellTooSmall(
                official_members=tally.official_members,
                minimum=rules.minimum_official_members,
                **act.law("minimum_official_members"),
            )
        if not 0 <= tally.in_favour <= tally.present <= tally.official_members:
            raise refusals.TallyImpossible(
                official_members=tally.official_members,
                present=tally.present,
                in_favour=tally.in_favour,
            )
        self._must_rest_on("cell_vote", act)
        certificate = self.clocks.get("certificate")
        if certificate and act.on > certificate.due:
            raise refusals.CertificateExpired(
                on=act.on, expired_on=certificate.due, **act.law("certificate_months")
            )
        required = rules.votes_needed(tally.official_members)
        self.record(
            self.CellVoteTaken,
            act,
            carried=tally.in_favour >= required,
            tally=tally,
            required=required,
        )

    def receive_dossier(self, act: Act) -> None:
        """Take the dossier in, for the first time or again after it was sent back."""
        handed = last(self.facts, "dossier_received", RETURNED)
        if handed and handed.fact == "dossier_received" and self._is_so(handed, act.on):
            return
        self._must_go_on()
        self._must_rest_on("dossier_received", act)
        intakes = sum(fact.fact == "dossier_received" for fact in self.facts.values())
        self.record(self.DossierReceived, act, intake=intakes + 1)

    def return_dossier(self, act: Act, reason: str) -> None:
        """Send the dossier back for completion."""
        handed = last(self.facts, "dossier_received", RETURNED)
        if handed and handed.fact == RETURNED and self._is_so(handed, act.on):
            return
        self._must_go_on()
        self._must_rest_on(RETURNED, act)
        if concluded := last(self.facts, "political_standard"):
            raise refusals.AlreadyRecorded(fact=concluded.fact, on=concluded.on)
        self.record(self.DossierReturned, act, reason=reason)

    def conclude_political_standard(self, act: Act) -> None:
        self._once(self.PoliticalStandardConcluded, act)

    def extend_decision_period(self, act: Act, working_days: int) -> None:
        """Give the decision more working days, all in all no more than the rules allow."""
        vote = carried_vote(self.facts)
        if vote is None or "decision" not in self.clocks:
            raise refusals.NoClockRuns(clock="decision")
        rules = act.book.on(vote.on)
        if not 0 < working_days <= rules.decision.extension - self.extension:
            raise refusals.ExtensionTooLong(
                working_days=working_days,
                allowed=rules.decision.extension - self.extension,
                **act.law("decision", vote.on),
            )
        _must_have_document(act)
        extension = self.extension + working_days
        found = clock("decision", self.facts, extension, act.book)
        clocks = self.clocks | ({"decision": found[1]} if found else {})
        readings = read(self.facts, self.facets, clocks, act, consent=self.consent)
        self.amend(
            self.DecisionPeriodExtended,
            act,
            working_days=working_days,
            deadlines=self._news(clocks),
            standing=self._restated(readings),
        )

    def approve_ceremony_extension(self, act: Act) -> None:
        """Note that the direct superior consents to a late ceremony."""
        if not is_done("decided", steps_done(self.facts)):
            raise refusals.EarlierStepMissing(act="ceremony", missing="decided")
        _must_have_document(act)
        if not self.consent:
            readings = read(self.facts, self.facets, self.clocks, act, consent=True)
            self.amend(self.CeremonyExtensionApproved, act, standing=self._restated(readings))

    def decide_admission(self, act: Act, decider: UUID) -> None:
        """Admit, by a body that is above the unit and may do so under the rules of that day."""
        if not self._stands("decided", act.on):
            unit = act.unit_for(self.unit, act.on, "decided")
            check_decider(act, unit, decider)
        self._once(self.AdmissionDecided, act, decider=decider)

    def refuse_admission(self, act: Act) -> None:
        self._once(self.AdmissionRefused, act)

    def receive_decision(self, act: Act) -> None:
        self._once(self.DecisionReceived, act)

    def hold_ceremony(self, act: Act, occasion: str | None) -> None:
        """Hold the ceremony, on the occasion of a commemorative day or none."""
        facets = msgspec.structs.replace(self.facets, occasion=occasion)
        self._once(self.CeremonyHeld, act, facets=facets)

    def recognise_officially(self, act: Act) -> None:
        """Recognise as of the end of probation, however late it is decided."""
        probation = self.clocks.get("probation")
        if probation and act.on < probation.due and last(self.facts, "ceremony"):
            raise refusals.ProbationNotOver(
                on=act.on, over_on=probation.due, **act.law("probation_months")
            )
        self._once(self.OfficiallyRecognised, act, decided_on=act.on)

    def strike_off(self, act: Act) -> None:
        self._once(self.MemberStruckOff, act)

    def accept_resignation(self, act: Act) -> None:
        self._once(self.ResignationAccepted, act)

    def record_death(self, act: Act) -> None:
        self._once(self.PersonDied, act)

    def withdraw(self, act: Act) -> None:
        self._once(self.CandidacyWithdrawn, act)

    # What these share.

    def _once(self, kind: type[CandidacyFact], act: Act, **own: Any) -> None:  # noqa: ANN401
        if self._stands(kind.fact, act.on):
            return
        self._must_go_on()
        self._must_rest_on(kind.fact, act)
        self.record(kind, act, **own)

    def _stands(self, kind: str, on: date) -> bool:
        """Tell whether the act stands as it is told. Raises AlreadyRecorded."""
        fact = last(self.facts, kind)
        return fact is not None and self._is_so(fact, on)

    def _is_so(self, fact: Recorded, on: date) -> bool:
        if fact.day == on:
            return True
        raise refusals.AlreadyRecorded(fact=fact.fact, on=fact.day)

    def _must_go_on(self) -> None:
        if ended := over(self.facts):
            raise refusals.CandidacyOver(fact=ended.fact, on=ended.on)

    def _must_rest_on(self, kind: str, act: Act) -> None:
        done = steps_done(self.facts)
        for step in RESTS_ON.get(kind, ()):
            if step == "cell_vote" and step not in done and (vote := last(self.facts, step)):
                raise refusals.CellVoteNotCarried(
                    on=vote.on, act=kind, **act.law("majority", vote.on)
                )
            if step == CERTIFIED and step not in done:
                raise refusals.CertificateMissing(**act.law("certificate_months"))
            if not is_done(step, done):
                law = act.law(CLAUSES[kind]) if kind in CLAUSES else {}
                raise refusals.EarlierStepMissing(act=kind, missing=step, **law)
            if step == "dossier_received":
                handed = last(self.facts, step, RETURNED)
                if handed and handed.fact == RETURNED:
                    raise refusals.DossierIsReturned(on=handed.on, act=kind)

    def settle(
        self,
        facts: Facts,
        kinds: Collection[str],
        act: Act,
        *,
        facets: Facets | None = None,
    ) -> tuple[Facts, Clocks]:
        """Return how all facts read when some of these kinds are new, other or gone.

        Raises DaysOutOfOrder, AlreadyDecided, UnderAge.
        """
        check_order(facts)
        check_age(facts, act)
        clocks = dict(self.clocks)
        for name in {name for kind in kinds for name in STARTED_BY.get(kind, ())}:
            clocks.pop(name, None)
            if found := clock(name, facts, self.extension, act.book):
                clocks[name] = found[1]
        facets = self.facets if facets is None else facets
        return read(facts, facets, clocks, act, consent=self.consent), clocks

    def record(
        self,
        kind: type[CandidacyFact],
        act: Act,
        *,
        facets: Facets | None = None,
        findings: tuple[Finding, ...] = (),
        **own: Any,  # noqa: ANN401 - the fields of the fact
    ) -> None:
        """Record an act of its day, as it reads beside all the others."""
        drafted = Recorded(
            version=self.version + 1,
            fact=kind.fact,
            on=act.on,
            unit=act.unit_for(self.unit, act.on, kind.fact),
            findings=findings,
            carried=own.get("carried", True),
            decided_on=own.get("decided_on"),
        )
        readings, clocks = self.settle(
            {**self.facts, drafted.version: drafted}, (kind.fact,), act, facets=facets
        )
        self.state(
            kind,
            readings[drafted.version],
            act,
            deadlines=self._news(clocks),
            standing=self._restated(readings),
            **own,
        )

    def state(
        self,
        kind: type[CandidacyFact],
        reading: Recorded,
        act: Act,
        **own: Any,  # noqa: ANN401 - the fields of the fact
    ) -> None:
        """Record a fact that reads like this."""
        self.trigger_event(
            cast("type[Candidacy.Event]", kind),
            on=reading.on,
            person=self.person,
            unit=reading.unit,
            facets=reading.facets,
            imported=reading.imported,
            findings=reading.findings,
            rule_set=act.book.on(reading.on).id,
            **act.by.fields(),
            **_recordable(kind, own, act),
        )

    def amend(self, kind: type[Fact], act: Act, **own: Any) -> None:  # noqa: ANN401
        """Record what changes how acts read: its day is that of the amendment itself."""
        self.trigger_event(
            cast("type[Candidacy.Event]", kind),
            on=act.on,
            person=self.person,
            rule_set=act.book.on(act.on).id,
            **act.by.fields(),
            **_recordable(kind, own, act),
        )

    def _news(self, clocks: Clocks) -> tuple[Deadline, ...]:
        return tuple(d for name, d in clocks.items() if self.clocks.get(name) != d)

    def _restated(self, readings: Facts) -> tuple[dossiers.Standing, ...]:
        return tuple(fact.standing() for fact in changed(self.facts, readings))

    # What is applied.

    def take_in(self, fact: Fact) -> None:
        """Apply a fact. Runs on every replay, so it never refuses."""
        match fact:
            case CandidacyFact(deadlines=deadlines, standing=standing):
                self.facts[fact.originator_version] = Recorded.of(fact)
                if isinstance(fact, dossiers.CeremonyHeld):
                    occasion = fact.facets.occasion
                    self.facets = msgspec.structs.replace(self.facets, occasion=occasion)
            case dossiers.DecisionPeriodExtended(deadlines=deadlines, standing=standing):
                self.extension += fact.working_days
            case dossiers.CeremonyExtensionApproved(standing=standing):
                self.consent, deadlines = True, ()
            case dossiers.Correction(deadlines=deadlines, standing=standing):
                self._take_in_correction(fact)
            case _:
                return
        for deadline in deadlines:
            self.clocks[deadline.clock] = deadline
        for each in standing:
            if each.of in self.facts:
                self.facts[each.of] = self.facts[each.of].restated(each)

    def _take_in_correction(self, fact: dossiers.Correction) -> None:
        match fact:
            case dossiers.FactCorrected(fact=kind) | dossiers.FactRetracted(fact=kind):
                for name in STARTED_BY.get(kind, ()):
                    self.clocks.pop(name, None)
                if isinstance(fact, dossiers.FactRetracted):
                    self.facts.pop(fact.of, None)
            case dossiers.FacetsCorrected(facets=facets):
                self.facets = facets
            case dossiers.CandidacyUnitCorrected(unit=unit) if unit:
                self.unit = unit


KINDS: Mapping[str, type[CandidacyFact]] = {
    kind.fact: kind
    for kind in vars(Candidacy).values()
    if isinstance(kind, type) and issubclass(kind, CandidacyFact)
}
"""The fact that records an act, by the name of the act."""


def check_decider(act: Act, unit: UUID, decider: UUID) -> None:
    """Refuse a body that may not decide for a unit on that day."""
    rules = act.book.on(act.on)
    then = act.tree.unit(decider, act.on)
    if then is None or decider not in {unit, *act.tree.ancestors(unit, act.on)}:
        raise refusals.DeciderNotAbove(
            decider=act.tree.code(decider),
            unit=act.tree.code(unit),
            on=act.on,
            **act.law("decider_kinds"),
        )
    if then.kind not in rules.decider_kinds:
        raise refusals.DeciderNotCompetent(
            decider=act.tree.code(decider),
            kind=act.book.unit_kinds[then.kind].name,
            on=act.on,
            **act.law("decider_kinds"),
        )


def _recordable(kind: type[Fact], own: Mapping[str, Any], act: Act) -> Mapping[str, Any]:
    if act.sealable:
        return own
    return {name: value for name, value in own.items() if name not in kind.sealed}


def _must_have_document(act: Act) -> None:
    if not act.by.document:
        raise refusals.DocumentMissing
