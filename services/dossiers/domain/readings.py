"""How each fact of a candidacy reads when everything known of the journey is taken together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec

from events.calendar import age_band
from events.dossiers import Facets, Finding
from events.envelope import By
from events.rulebook import Rulebook
from services.dossiers.domain import refusals
from services.dossiers.domain.clocks import Clocks
from services.dossiers.domain.journey import (
    LEFT,
    PLACE,
    Facts,
    Recorded,
    carried_vote,
    first,
    gaps,
    last,
)
from services.dossiers.domain.tree import Tree

OF_A_PERSON = ("over-60",)
"""Findings that rest on a birth date: where that is not known, what was found is kept."""
LASTING = ("same-name-and-birth-date",)
"""Findings that rest on others' facts, and are kept."""
_AGED = frozenset({"ceremony", "recognised"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What surrounds an act: its day, who records it, the law, the units, a birth date."""

    on: date
    by: By
    book: Rulebook
    tree: Tree
    birth: date | None = None
    sealable: bool = True
    """Whether the person still has a key; without it no free text is recorded."""

    def law(self, rule: str, on: date | None = None) -> dict[str, str]:
        """Return the clause of a rule on a day, and the number of its document."""
        clause = self.book.on(on or self.on).clauses[rule]
        return {"clause": clause, "document": self.book.clause(clause).number}

    def unit_for(self, unit: UUID, on: date, fact: str) -> UUID:
        """Return the unit that takes an act of a day. Raises UnitNotValidOnThatDay."""
        if taker := self.tree.admitting(unit, on, self.book):
            return taker
        if unit not in self.tree:
            raise refusals.UnknownUnit(unit=unit, columns=("unit_code",))
        if then := self.tree.unit(unit, on):
            kind = self.book.unit_kinds[then.kind].name
            raise refusals.UnitDoesNotAdmit(
                unit=self.tree.code(unit), kind=kind, columns=("unit_code",)
            )
        raise refusals.UnitNotValidOnThatDay(
            unit=self.tree.code(unit), on=on, columns=("unit_code", refusals.column(fact))
        )


def read(facts: Facts, facets: Facets, clocks: Clocks, act: Act, *, consent: bool) -> Facts:
    """Return every fact with the facets, findings and day that it has beside the others."""
    ceremony = last(facts, "ceremony")
    if ceremony:
        age = age_band(act.birth, ceremony.on) if act.birth else _recorded_age(facts)
        after = msgspec.structs.replace(facets, age=age)
    else:
        after = msgspec.structs.replace(facets, age=None)
    before = msgspec.structs.replace(facets, occasion=None, age=None)
    if not ceremony and facets.occasion:
        after = msgspec.structs.replace(after, occasion=None)
    official = clocks["probation"].due if ceremony else None
    missing = gaps(facts)
    earliest = min(facts.values(), key=lambda f: (f.day, PLACE[f.fact], f.version), default=None)
    aged = carried_vote(facts) or ceremony
    readings: dict[int, Recorded] = {}
    for version, fact in facts.items():
        on, unit = fact.on, fact.unit
        if fact.fact == "recognised":
            on = official or fact.day
            if act.tree.taking(unit, on) != unit:
                unit = act.unit_for(unit, on, fact.fact)
        late = fact.fact in _AGED or (ceremony and fact.fact in LEFT)
        findings = [
            *_lasting(fact, act),
            *_law(fact, clocks, consent=consent),
            *_days(fact, official, act),
        ]
        if version in missing:
            findings.append(Finding(kind="unknown-step", expected=",".join(missing[version])))
        if aged is fact and act.birth and act.book.on(fact.on).is_over_age(act.birth, fact.on):
            findings.append(Finding(kind="over-60"))
        if (
            earliest is fact
            and facets.ethnic_group
            and not act.book.ethnic_group(facets.ethnic_group)
        ):
            findings.append(Finding(kind="unknown-ethnic-group", actual=facets.ethnic_group))
        reading = msgspec.structs.replace(
            fact, on=on, unit=unit, facets=after if late else before, findings=tuple(findings)
        )
        readings[version] = reading
    return readings


def _recorded_age(facts: Facts) -> str | None:
    return next((fact.facets.age for fact in facts.values() if fact.facets.age), None)


def _lasting(fact: Recorded, act: Act) -> list[Finding]:
    kept = LASTING if act.birth else (*LASTING, *OF_A_PERSON)
    return [finding for finding in fact.findings if finding.kind in kept]


def _law(fact: Recorded, clocks: Clocks, *, consent: bool) -> list[Finding]:
    watched: tuple[tuple[str, str], ...]
    match fact.fact:
        case "cell_vote":
            watched = (("certificate", "stale-certificate"), ("papers", "stale-papers"))
        case "decided" | "refused":
            watched = (("decision", "overrun"),)
        case "ceremony" if not consent:
            watched = (("ceremony", "overrun"),)
        case _:
            return []
    return [
        Finding(kind=kind, expected=deadline.due.isoformat(), actual=fact.on.isoformat())
        for name, kind in watched
        if (deadline := clocks.get(name)) and fact.on > deadline.due
    ]


def _days(fact: Recorded, official: date | None, act: Act) -> list[Finding]:
    found = []
    if fact.fact == "recognised" and fact.imported and official and fact.day != official:
        found.append(
            Finding(
                kind="recognition-day",
                expected=official.isoformat(),
                actual=fact.day.isoformat(),
            )
        )
    # A death keeps no office hours, and a file's day of recognition is the end of probation.
    kept = fact.fact == "deceased" or (fact.fact == "recognised" and fact.imported)
    if not kept and not act.book.working_days.is_working_day(fact.day):
        found.append(Finding(kind="day-off", actual=fact.day.isoformat()))
    return found


def check_age(facts: Facts, act: Act) -> None:
    """Refuse who is under age when the cell votes, or at the ceremony where that is unknown."""
    considered = first(facts, "cell_vote") or first(facts, "ceremony")
    if considered is None or act.birth is None:
        return
    rules = act.book.on(considered.on)
    if rules.is_under_age(act.birth, considered.on):
        raise refusals.UnderAge(
            columns=("birth_date", refusals.column(considered.fact)),
            on=considered.on,
            minimum=rules.minimum_age,
            **act.law("minimum_age", considered.on),
        )


def changed(before: Facts, after: Facts) -> list[Recorded]:
    """Return the facts that read differently after something became known."""
    return [fact for version, fact in after.items() if before.get(version) not in {None, fact}]
