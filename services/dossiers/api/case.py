"""One candidacy: its steps, its clocks, and what could be done in it today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response

from events.dossiers import AdmissionDecided, CellVoteTaken, CertificateNoted
from events.envelope import Fact
from infra.http import answer, entity_tag, gives
from infra.http.problems import language
from infra.ledger.port import Row
from services.dossiers.api import worded
from services.dossiers.api.answers import (
    CandidacyNow,
    Deadline,
    Finding,
    Place,
    Step,
    Votes,
)
from services.dossiers.api.asking import Asking, Standing
from services.dossiers.api.judging import Judge
from services.dossiers.api.room import Room, Who, unit_name
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.clocks import running
from services.dossiers.domain.journey import PLACE, Recorded, last, over
from services.wording import coded, law, say

_MONTHS = {
    "certificate": "certificate_months",
    "papers": "papers_months",
    "probation": "probation_months",
}
"""The clocks that count months, by the rule that says how many."""


def add(app: FastAPI, room: Room) -> None:
    """Add the address of a candidacy."""

    @app.get(
        "/candidacies/{candidacy}",
        dependencies=[Depends(room.caught_up)],
        responses=gives({200: CandidacyNow}),
    )
    def candidacy(candidacy: UUID, request: Request, asking: Who) -> Response:
        """Return a candidacy as it stands, and for each act whether it could be done today."""
        found, recorded, standing = room.candidacy(asking, candidacy)
        shown = _Told(room, asking, found, standing, language(request.scope)).now(recorded)
        return answer(shown, headers={"ETag": entity_tag(found.version)})


@dataclass(frozen=True, slots=True)
class _Told:
    """A candidacy, told to who asks."""

    room: Room
    asking: Asking
    candidacy: Candidacy
    standing: Standing
    lang: str

    def now(self, recorded: Sequence[Fact]) -> CandidacyNow:
        """Return it as it stands."""
        candidacy, asking, standing = self.candidacy, self.asking, self.standing
        ended = over(candidacy.facts)
        day = min(ended.day, asking.today) if ended else asking.today
        unit = asking.tree.taking(candidacy.unit, day) or candidacy.unit
        judge = Judge(self.room.dossiers, asking, candidacy, standing, self.lang)
        latest = ended or max(
            candidacy.facts.values(), key=lambda f: (f.day, f.version), default=None
        )
        return CandidacyNow(
            candidacy=candidacy.id,
            person=candidacy.person,
            attempt=candidacy.attempt,
            version=candidacy.version,
            open=ended is None,
            state=latest.fact if latest else None,
            unit=self._place(unit, day),
            path=self._path(unit, day),
            facets=candidacy.facets,
            steps=self._steps(recorded),
            deadlines=[self._deadline(name) for name in candidacy.clocks],
            acts=judge.acts(),
            may_read_person=bool(asking.decide(standing, "read", kind="person")),
            may_correct=bool(asking.decide_act(standing, "correct", asking.today)),
            may_retract=bool(asking.decide_act(standing, "retract", asking.today)),
        )

    def _place(self, unit: UUID, on: date) -> Place:
        tree = self.asking.tree
        return Place(code=tree.code(unit), name=unit_name(tree, unit, on))

    def _path(self, unit: UUID, on: date) -> list[Place]:
        above = [unit, *self.asking.tree.ancestors(unit, on)]
        top = self.asking.grant.unit
        seen = above[: above.index(top) + 1] if top in above else [unit]
        return [self._place(each, on) for each in reversed(seen)]

    def _steps(self, recorded: Sequence[Fact]) -> list[Step]:
        facts = {fact.originator_version: fact for fact in recorded}
        rows = self._rows()
        standing = sorted(
            self.candidacy.facts.values(), key=lambda f: (f.day, PLACE[f.fact], f.version)
        )
        return [self._step(each, facts[each.version], rows.get(each.version)) for each in standing]

    def _rows(self) -> Mapping[int, Row]:
        """Return what the ledger says of each version, as far as the view knows where it is."""
        found = {}
        for version, position in self.room.view.positions(self.candidacy.id).items():
            for row in self.room.dossiers.ledger.read(position - 1, 1):
                found[version] = row
        return found

    def _step(self, standing: Recorded, fact: Fact, row: Row | None) -> Step:
        votes = class_code = decider = None
        match fact:
            case CellVoteTaken(tally=tally) if tally:
                votes = Votes(
                    official_members=tally.official_members,
                    present=tally.present,
                    in_favour=tally.in_favour,
                    required=fact.required,
                    carried=fact.carried,
                )
            case CertificateNoted():
                class_code = standing.class_code
            case AdmissionDecided() if fact.decider:
                decider = self._place(fact.decider, standing.on)
            case _:
                pass
        return Step(
            fact=standing.fact,
            title=str(coded("fact", standing.fact, self.lang)),
            of=standing.version,
            on=standing.on,
            decided_on=standing.decided_on,
            unit=self._place(standing.unit, standing.on),
            position=f"dossiers:{row.position}" if row else None,
            recorded=row.recorded if row else None,
            actor=fact.actor,
            acting_for=fact.acting_for,
            document=fact.document,
            imported=standing.imported,
            findings=[
                Finding(
                    kind=each.kind,
                    title=worded.finding(
                        each.kind, each.expected, each.actual, standing.fact, self.lang
                    ),
                    expected=each.expected,
                    actual=each.actual,
                )
                for each in standing.findings
            ],
            votes=votes,
            class_code=class_code,
            decider=decider,
        )

    def _deadline(self, name: str) -> Deadline:
        candidacy, today = self.candidacy, self.asking.today
        clock = candidacy.clocks[name]
        rules = self.room.dossiers.book.on(self._ruling(name, clock.starts))
        months: int | None = None
        working_days: int | None = None
        if rule := _MONTHS.get(name):
            months, clause = getattr(rules, rule), rules.clauses[rule]
        else:
            counted = getattr(rules, name)
            extension = candidacy.extension if name == "decision" else 0
            working_days, clause = counted.working_days + extension, counted.clause
        runs = clock in running(candidacy.facts, candidacy.clocks)
        return Deadline(
            clock=name,
            title=say(f"dossiers.clock.{name}", self.lang),
            starts=clock.starts,
            due=clock.due,
            working_days=working_days,
            months=months,
            provisional=clock.provisional,
            running=runs,
            overdue=runs and clock.due < today,
            clause=clause,
            detail=law(clause).get("detail"),
        )

    def _ruling(self, name: str, starts: date) -> date:
        """Return the day whose rules counted a clock: the ceremony's are those of the decision."""
        decided = last(self.candidacy.facts, "decided") if name == "ceremony" else None
        ceremony = last(self.candidacy.facts, "ceremony") if name == "recognition_vote" else None
        ruling = decided or ceremony
        return ruling.on if ruling else starts
