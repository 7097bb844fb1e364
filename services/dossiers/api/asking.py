"""Who is asking, and which candidacies exist for that grant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from events.dossiers import VerificationNoted
from events.envelope import By, Fact
from infra.access import ActNotGranted, Decision, Grant, NotFound, Resource, Scope, Verdict
from infra.access.roles import SEE, UNIT
from services.dossiers.domain.journey import Recorded, over
from services.dossiers.domain.tree import Tree

_DONE = {
    "verification_closed": "verification.close",
    "cell_vote": "candidacy.vote",
    "political_standard": "candidacy.conclude",
    "decided": "candidacy.decide",
}
"""The duties that one account does not do together, by the facts that show who did them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A candidacy, as far as the decision about who sees it needs to know it."""

    unit: UUID
    facts: Mapping[int, Recorded]
    referred_by: str | None = None
    done: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asking:
    """One grant, on one day, within one request."""

    grant: Grant
    role: str
    """How the role is called."""
    today: date
    scope: Scope
    tree: Tree

    def by(self, document: str | None = None) -> By:
        """Return who records, for which body, and on what paper."""
        return By(
            actor=self.grant.account, acting_for=str(self.grant.unit), document=document or None
        )

    def decide(self, of: Standing, act: str = SEE, *, kind: str = "candidacy") -> Decision:
        """Decide on something that is done to a candidacy as it stands.

        It exists for whoever sees one of its facts where and when that happened, or sees its
        unit today: what is counted there can be opened there.
        """
        best: Decision | None = None
        for each in self._resources(of, kind):
            decision = self.scope.decide(each, act)
            if decision.verdict is Verdict.ALLOWED:
                return decision
            if best is None or best.verdict is Verdict.HIDDEN:
                best = decision
        return Decision(Verdict.HIDDEN, NotFound()) if best is None else best

    def decide_act(self, of: Standing, act: str, on: date, *, kind: str = "candidacy") -> Decision:
        """Decide on an act of a day: the unit is asked for where it lies on that day."""
        if not (seen := self.decide(of, kind=kind)):
            return seen
        taker = self.tree.taking(of.unit, on)
        unit, day = (taker, on) if taker else _latest(of)
        decision = self.scope.decide(self._resource(of, kind, unit, day), act)
        if decision.verdict is Verdict.HIDDEN:
            # It is seen for what it was; on that day it is another body's.
            return Decision(Verdict.REFUSED, ActNotGranted(role=self.role, act=act))
        return decision

    def place(self, unit: UUID, on: date) -> Resource:
        """Return candidacies of a unit on a day, as the decision asks for them."""
        return Resource(kind="candidacy", day=on, links={UNIT: unit})

    def sees(self, kind: str, unit: UUID, on: date) -> bool:
        """Tell whether records of a kind that belong to a unit exist for the grant."""
        return self.scope.sees(kind, unit, on)

    def units(self) -> Sequence[UUID]:
        """Return every unit in which something may exist for the grant.

        It ever lay below the unit of the grant, or one that does takes its acts today.
        """
        every = list(self.tree.lives)
        ever = {
            unit
            for unit in every
            if self.tree.lies_below(unit, self.grant.unit, date.min, date.max)
        }
        return [
            unit for unit in every if unit in ever or self.tree.taking(unit, self.today) in ever
        ]

    def code_of(self, code: str, on: date) -> UUID | None:
        """Return the unit that bears a code on a day, if it exists for the grant."""
        unit = self.tree.by_code(code, on)
        return unit if unit and self.sees("unit", unit, on) else None

    def _resources(self, of: Standing, kind: str) -> Iterator[Resource]:
        ended = over(of.facts)
        now = min(ended.day, self.today) if ended else self.today
        places: Iterable[tuple[UUID, date]] = ((fact.unit, fact.on) for fact in of.facts.values())
        if taker := self.tree.taking(of.unit, now):
            yield self._resource(of, kind, taker, now)
        for unit, day in dict.fromkeys(places):
            yield self._resource(of, kind, unit, day)

    def _resource(self, of: Standing, kind: str, unit: UUID, day: date) -> Resource:
        links = {UNIT: unit}
        if of.referred_by and (referrer := self.tree.by_code(of.referred_by, day)):
            links["referrer"] = referrer
        return Resource(kind=kind, day=day, links=links, done=of.done)


def demand(decision: Decision) -> None:
    """Raise why not, unless it is allowed."""
    if decision.refusal:
        raise decision.refusal


def done_by(recorded: Iterable[Fact], facts: Mapping[int, Recorded]) -> dict[str, frozenset[str]]:
    """Return who did what to a candidacy, of the duties that are kept apart."""
    done: dict[str, set[str]] = {}
    for fact in recorded:
        standing = facts.get(fact.originator_version)
        if standing and (duty := _DONE.get(standing.fact)):
            done.setdefault(duty, set()).add(_doer(fact))
    return {duty: frozenset(actors) for duty, actors in done.items()}


def _doer(fact: Fact) -> str:
    """Return who did what a fact tells; a verification is closed in a ledger of its own."""
    return (fact.closed_by if isinstance(fact, VerificationNoted) else None) or fact.actor


def _latest(of: Standing) -> tuple[UUID, date]:
    last = max(of.facts.values(), key=lambda fact: fact.on, default=None)
    return (last.unit, last.on) if last else (of.unit, date.min)
