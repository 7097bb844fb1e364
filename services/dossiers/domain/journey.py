"""The steps of a journey: their order, what each rests on, and whether days are in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from uuid import UUID

import msgspec

from events.dossiers import CandidacyFact, Facets, Finding, Standing
from services.dossiers.domain import refusals

STEPS = (
    "nominated",
    "applied",
    "sealed",
    "verification_asked",
    "verification_closed",
    "cell_vote",
    "dossier_received",
    "political_standard",
    "decided",
    "decision_received",
    "ceremony",
    "recognised",
)
RANK = {fact: rank for rank, fact in enumerate(STEPS)}
CERTIFIED = "certified"
RETURNED = "dossier_returned"
MEMBER_LEFT = ("struck_off", "resigned")
NOT_ADMITTED = ("withdrawn", "refused")
LEFT = (*MEMBER_LEFT, "deceased", *NOT_ADMITTED)
IN_ORDER_OF_JOURNEY = (*STEPS[:5], CERTIFIED, *STEPS[5:7], RETURNED, *STEPS[7:], *LEFT)
PLACE = {fact: place for place, fact in enumerate(IN_ORDER_OF_JOURNEY)}

RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "sealed": ("applied",),
    "verification_asked": ("sealed",),
    "verification_closed": ("verification_asked",),
    "cell_vote": ("verification_closed", CERTIFIED),
    "dossier_received": ("cell_vote",),
    RETURNED: ("dossier_received",),
    "political_standard": ("dossier_received",),
    "refused": ("political_standard",),
    "decided": ("political_standard",),
    "decision_received": ("decided",),
    "ceremony": ("decided",),
    "recognised": ("ceremony",),
    "struck_off": ("ceremony",),
    "resigned": ("ceremony",),
}
"""What an act that is recorded live needs; clauses name the law where there is one."""
CLAUSES = {
    "sealed": "application_first",
    "verification_asked": "seal_first",
    "cell_vote": "reply_first",
}


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A fact of a candidacy as it stands."""

    version: int
    fact: str
    on: date
    unit: UUID
    imported: bool = False
    facets: Facets = Facets()
    findings: tuple[Finding, ...] = ()
    carried: bool = True
    decided_on: date | None = None
    class_code: str | None = None
    decider: UUID | None = None

    @classmethod
    def of(cls, fact: CandidacyFact) -> Recorded:
        """Return a fact as it stood when it was recorded."""
        return cls(
            version=fact.originator_version,
            fact=fact.fact,
            on=fact.on,
            unit=fact.unit,
            imported=fact.imported,
            facets=fact.facets,
            findings=fact.findings,
            carried=getattr(fact, "carried", True),
            decided_on=getattr(fact, "decided_on", None),
            class_code=getattr(fact, "class_code", None),
            decider=getattr(fact, "decider", None),
        )

    @property
    def day(self) -> date:
        """Return the day on which it was done, which an official recognition is not `on`."""
        return self.decided_on or self.on

    def standing(self) -> Standing:
        """Return it as facts list it."""
        return Standing(
            of=self.version,
            fact=self.fact,
            on=self.on,
            unit=self.unit,
            facets=self.facets,
            findings=self.findings,
            decided_on=self.decided_on,
            class_code=self.class_code,
        )

    def restated(self, standing: Standing) -> Recorded:
        """Return it as a later fact lists it."""
        return msgspec.structs.replace(
            self,
            on=standing.on,
            unit=standing.unit,
            facets=standing.facets,
            findings=standing.findings,
            decided_on=standing.decided_on,
            class_code=standing.class_code,
        )


Facts = Mapping[int, Recorded]


def last(facts: Facts, *kinds: str) -> Recorded | None:
    """Return the fact of these kinds that was recorded last."""
    return next(
        (fact for _, fact in sorted(facts.items(), reverse=True) if fact.fact in kinds), None
    )


def first(facts: Facts, kind: str) -> Recorded | None:
    """Return the earliest fact of a kind."""
    return min(of_kind(facts, kind), key=lambda fact: (fact.day, fact.version), default=None)


def of_kind(facts: Facts, kind: str) -> Iterator[Recorded]:
    """Yield the facts of a kind, as they were recorded."""
    return (fact for _, fact in sorted(facts.items()) if fact.fact == kind)


def carried_vote(facts: Facts) -> Recorded | None:
    """Return the vote of the cell that carries the candidacy."""
    votes = [fact for fact in of_kind(facts, "cell_vote") if fact.carried]
    return votes[-1] if votes else None


def over(facts: Facts) -> Recorded | None:
    """Return the fact that ended the candidacy."""
    return last(facts, *LEFT)


def steps_done(facts: Facts) -> set[str]:
    """Return the steps that are recorded; a vote that did not carry is none."""
    return {fact.fact for fact in facts.values() if fact.fact != "cell_vote" or fact.carried}


def is_done(step: str, done: Iterable[str]) -> bool:
    """Tell whether a step is done, which it is when a later one is known."""
    if step == CERTIFIED:
        return step in done
    return any(RANK.get(fact, -1) >= RANK[step] for fact in done)


def gaps(facts: Facts) -> dict[int, tuple[str, ...]]:
    """Return the unknown steps before a known one, by the version of that one."""
    known: dict[str, Recorded] = {}
    for fact in facts.values():
        if fact.fact in RANK and fact.carried:
            then = known.get(fact.fact)
            if then is None or (fact.day, fact.version) < (then.day, then.version):
                known[fact.fact] = fact
    missing: list[str] = []
    found: dict[int, tuple[str, ...]] = {}
    certified = any(fact.fact == CERTIFIED for fact in facts.values())
    for step in STEPS:
        if step == "cell_vote" and not certified:
            missing.append(CERTIFIED)
        if step not in known:
            missing.append(step)
        elif missing:
            found[known[step].version] = tuple(missing)
            missing = []
    ended = over(facts)
    if ended and ended.fact in MEMBER_LEFT and "ceremony" in missing:
        found[ended.version] = tuple(step for step in missing if step != "recognised")
    return found


def check_order(facts: Facts) -> None:
    """Refuse days that are not in the order of the journey, naming both acts."""
    by_kind: dict[str, list[Recorded]] = {}
    for _, fact in sorted(facts.items()):
        by_kind.setdefault("dossier_received" if fact.fact == RETURNED else fact.fact, []).append(
            fact
        )
    latest: Recorded | None = None
    for step in STEPS:
        if not (those := by_kind.get(step)):
            continue
        if len(those) > 1:
            for one, other in pairwise(those):
                _follows(one, other)
        if latest:
            _follows(latest, those[0])
        latest = those[-1]
    if (certificates := by_kind.get(CERTIFIED)) and (votes := by_kind.get("cell_vote")):
        _follows(certificates[-1], votes[-1])
    if ended := next((by_kind[kind][-1] for kind in LEFT if kind in by_kind), None):
        _check_end(ended, facts, by_kind)


def _check_end(ended: Recorded, facts: Facts, by_kind: Mapping[str, list[Recorded]]) -> None:
    if ended.fact in NOT_ADMITTED:
        for step in STEPS[RANK["decided"] :]:
            if step in by_kind:
                raise refusals.AlreadyDecided(
                    columns=(refusals.column(step), "left_kind"),
                    fact=step,
                    on=by_kind[step][-1].day,
                    left_kind=ended.fact,
                )
    for fact in facts.values():
        if fact.day > ended.day:
            raise refusals.DaysOutOfOrder.between((fact.fact, fact.day), (ended.fact, ended.day))


def _follows(one: Recorded, other: Recorded) -> None:
    if other.day < one.day:
        raise refusals.DaysOutOfOrder.between((one.fact, one.day), (other.fact, other.day))
