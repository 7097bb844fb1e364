"""What is recorded of a candidacy, set right: a day, a unit, a facet, or a fact that never was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from events.dossiers import Facets
from services.dossiers.domain import refusals
from services.dossiers.domain.candidacy import Candidacy, check_decider
from services.dossiers.domain.clocks import STARTED_BY
from services.dossiers.domain.history import moved, must_say_why
from services.dossiers.domain.journey import (
    LEFT,
    RESTS_ON,
    RETURNED,
    Facts,
    Recorded,
    last,
    of_kind,
    steps_done,
)
from services.dossiers.domain.readings import Act, changed


def find(candidacy: Candidacy, kind: str, of: int | None) -> Recorded:
    """Return a fact by its name and, where there are several, its version."""
    those = [fact for fact in of_kind(candidacy.facts, kind) if of in {None, fact.version}]
    if not those:
        raise refusals.FactNotRecorded(fact=kind)
    if len(those) > 1:
        raise refusals.FactAmbiguous(fact=kind, days=tuple(fact.day for fact in those))
    return those[0]


def correct_fact(  # noqa: PLR0913 - what is corrected, and to what
    candidacy: Candidacy,
    act: Act,
    kind: str,
    *,
    of: int | None = None,
    day: date | None = None,
    unit: UUID | None = None,
    reason: str | None,
) -> None:
    """Set the day or the unit of a fact right; an imported unit is that of the whole candidacy."""
    fact = find(candidacy, kind, of)
    if unit is not None and fact.imported and day is None:
        correct_unit(candidacy, act, unit, reason=reason)
        return
    right = moved(fact, day, unit, act)
    if right == fact:
        return
    must_say_why(act, reason)
    probation = candidacy.clocks.get("probation")
    if kind == "recognised" and not fact.imported and probation and right.day < probation.due:
        raise refusals.ProbationNotOver(
            on=right.day, over_on=probation.due, **act.law("probation_months", right.day)
        )
    if fact.decider:
        check_decider(replace(act, on=right.on), right.unit, fact.decider)
    facts = {**candidacy.facts, fact.version: right}
    readings, clocks = candidacy.settle(facts, (kind,), act)
    candidacy.amend(
        Candidacy.FactCorrected,
        act,
        fact=kind,
        of=fact.version,
        reason=reason,
        standing=_standing(candidacy, readings),
        deadlines=tuple(clocks[name] for name in STARTED_BY.get(kind, ()) if name in clocks),
    )


def retract_fact(
    candidacy: Candidacy, act: Act, kind: str, *, of: int | None = None, reason: str | None
) -> None:
    """Say that a fact never happened; without its end, the candidacy is open again."""
    fact = find(candidacy, kind, of)
    must_say_why(act, reason)
    facts = {v: each for v, each in candidacy.facts.items() if v != fact.version}
    _check_not_needed(fact, facts)
    readings, clocks = candidacy.settle(facts, (kind,), act)
    candidacy.amend(
        Candidacy.FactRetracted,
        act,
        fact=kind,
        of=fact.version,
        reopened=kind in LEFT,
        reason=reason,
        standing=_standing(candidacy, readings),
        deadlines=tuple(clocks[name] for name in STARTED_BY.get(kind, ()) if name in clocks),
    )


def correct_facets(candidacy: Candidacy, act: Act, facets: Facets, *, reason: str | None) -> None:
    """Set the facets right on every fact of the candidacy."""
    if facets == candidacy.facets:
        return
    must_say_why(act, reason)
    readings, _ = candidacy.settle(candidacy.facts, (), act, facets=facets)
    candidacy.amend(
        Candidacy.FacetsCorrected,
        act,
        facets=facets,
        reason=reason,
        standing=_standing(candidacy, readings),
    )


def correct_unit(candidacy: Candidacy, act: Act, unit: UUID, *, reason: str | None) -> None:
    """Set the unit of the whole candidacy right."""
    facts = {v: moved(fact, None, unit, act) for v, fact in candidacy.facts.items()}
    if unit == candidacy.unit and facts == candidacy.facts:
        return
    if not facts:
        act.unit_for(unit, act.on, "nominated")
    must_say_why(act, reason)
    readings, _ = candidacy.settle(facts, (), act)
    candidacy.amend(
        Candidacy.CandidacyUnitCorrected,
        act,
        unit=unit,
        reason=reason,
        standing=_standing(candidacy, readings),
    )


def _standing(candidacy: Candidacy, readings: Facts) -> tuple[object, ...]:
    return tuple(fact.standing() for fact in changed(candidacy.facts, readings))


def _check_not_needed(fact: Recorded, rest: Facts) -> None:
    """Refuse to take away what a later act, recorded live, rests on."""
    if fact.fact not in steps_done(rest) and fact.carried:
        for other in rest.values():
            if not other.imported and fact.fact in RESTS_ON.get(other.fact, ()):
                raise refusals.LaterFactNeedsIt(fact=fact.fact, needed_by=other.fact, on=other.day)
    if fact.fact in {"dossier_received", RETURNED}:
        _check_intakes(fact, rest)


def _check_intakes(fact: Recorded, rest: Facts) -> None:
    handed = [rest[v] for v in sorted(rest) if rest[v].fact in {"dossier_received", RETURNED}]
    expected = "dossier_received"
    for each in handed:
        if each.fact != expected:
            raise refusals.LaterFactNeedsIt(fact=fact.fact, needed_by=each.fact, on=each.day)
        expected = RETURNED if expected == "dossier_received" else "dossier_received"
    concluded = last(rest, "political_standard")
    if handed and handed[-1].fact == RETURNED and concluded:
        raise refusals.LaterFactNeedsIt(fact=fact.fact, needed_by=concluded.fact, on=concluded.day)
