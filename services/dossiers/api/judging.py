"""Which acts could be done today, and of the others why not and what would free them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from events.refusal import Refusal
from services.dossiers.api.acts import ACTS, Act, sample
from services.dossiers.api.answers import Act as Judged
from services.dossiers.api.answers import Field, Option
from services.dossiers.api.asking import Asking, Standing
from services.dossiers.api.worded import reason
from services.dossiers.application import Dossiers
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.journey import RANK, RESTS_ON, carried_vote
from services.dossiers.domain.refusals import AlreadyRecorded
from services.wording import law, say

_SAMPLE = "-"
"""Stands for a document that an act rests on: whoever does it names the real one."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the acts on one candidacy by rehearsing each of them for today."""

    dossiers: Dossiers
    asking: Asking
    candidacy: Candidacy
    standing: Standing
    lang: str

    def acts(self) -> list[Judged]:
        """Return every act, in the order of the journey."""
        return [self._judged(act) for act in ACTS.values()]

    def _judged(self, act: Act) -> Judged:
        refusal = self.asking.decide_act(self.standing, act.duty, self.asking.today).refusal
        refusal = refusal or self._rehearsed(act)
        return Judged(
            act=act.name,
            title=say(f"dossiers.act.{act.name}", self.lang),
            fields=list(self._fields(act)),
            allowed=refusal is None,
            blocked=reason(refusal, self.lang) if refusal else None,
        )

    def _rehearsed(self, act: Act) -> Refusal | None:
        today = self.asking.today
        command = act.make(
            self.candidacy.id, sample(act, today), self.asking.by(_SAMPLE), self._decider()
        )
        try:
            with self.dossiers.rehearsal():
                recorded = self.dossiers.perform(command)
        except Refusal as refusal:
            return refusal
        return None if recorded else AlreadyRecorded(fact=act.fact, on=today)

    def _decider(self) -> UUID:
        return next(iter(self._deciders()), self.candidacy.unit)

    def _deciders(self) -> Iterator[UUID]:
        """Yield the bodies that may decide today, the nearest first."""
        tree, today = self.asking.tree, self.asking.today
        unit = tree.taking(self.candidacy.unit, today) or self.candidacy.unit
        kinds = self.dossiers.book.on(today).decider_kinds
        for each in (unit, *tree.ancestors(unit, today)):
            if (then := tree.unit(each, today)) and then.kind in kinds:
                yield each

    def _fields(self, act: Act) -> Iterator[Field]:
        yield self._field(
            "on",
            "date",
            minimum=first.isoformat() if (first := self._first_day(act)) else None,
            maximum=self.asking.today.isoformat(),
        )
        yield from self._own_fields(act)
        yield self._field("document", "line", required=act.needs_document)

    def _own_fields(self, act: Act) -> Iterator[Field]:
        rules = self.dossiers.book.on(self.asking.today)
        match act.name:
            case "certificate":
                yield self._field("class_code", "line", required=False)
            case "cell-vote":
                size = law(rules.clauses["minimum_official_members"]).get("detail")
                least = rules.minimum_official_members
                yield self._field("official_members", "integer", minimum=least, limit=size)
                yield self._field("present", "integer", minimum=0)
                majority = law(rules.clauses["majority"]).get("detail")
                yield self._field("in_favour", "integer", minimum=0, limit=majority)
            case "dossier-return":
                yield self._field("reason", "text")
            case "decision-extension":
                yield self._extension()
            case "decision":
                yield self._field(
                    "decider",
                    "choice",
                    options=[self._option(unit) for unit in self._deciders()],
                    limit=law(rules.clauses["decider_kinds"]).get("detail"),
                )
            case "ceremony":
                yield self._field("occasion", "line", required=False)
            case _:
                pass

    def _extension(self) -> Field:
        vote = carried_vote(self.candidacy.facts)
        rules = self.dossiers.book.on(vote.on if vote else self.asking.today)
        return self._field(
            "working_days",
            "integer",
            minimum=1,
            maximum=max(0, rules.decision.extension - self.candidacy.extension),
            limit=law(rules.decision.clause).get("detail"),
        )

    def _option(self, unit: UUID) -> Option:
        tree = self.asking.tree
        then = tree.unit(unit, self.asking.today)
        return Option(value=tree.code(unit), title=then.name if then else tree.code(unit))

    def _first_day(self, act: Act) -> date | None:
        """Return the first day on which an act is in the order of those before it."""
        rank = RANK.get(act.fact)
        before = [
            fact.day
            for fact in self.candidacy.facts.values()
            if fact.fact in RESTS_ON.get(act.fact, ())
            or (rank is not None and fact.fact in RANK and RANK[fact.fact] < rank)
        ]
        return max(before, default=None)

    def _field(  # noqa: PLR0913 - what a form says of a field
        self,
        name: str,
        kind: str,
        *,
        required: bool = True,
        minimum: str | int | None = None,
        maximum: str | int | None = None,
        options: list[Option] | None = None,
        limit: str | None = None,
    ) -> Field:
        return Field(
            name=name,
            title=say(f"dossiers.field.{name}", self.lang),
            type=kind,
            required=required,
            minimum=minimum,
            maximum=maximum,
            options=options,
            limit=limit,
        )
