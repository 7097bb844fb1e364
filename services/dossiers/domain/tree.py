"""The units of a province by day: names, kinds, who lies below whom, who succeeds whom."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID

from events.dossiers import (
    UnitCorrected,
    UnitDissolved,
    UnitMoved,
    UnitReclassified,
    UnitRegistered,
    UnitRenamed,
)
from events.envelope import Fact
from events.rulebook import Rulebook

UNIT_FACTS = (
    UnitRegistered,
    UnitRenamed,
    UnitMoved,
    UnitReclassified,
    UnitCorrected,
    UnitDissolved,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitThen:
    """A unit as it is from a day until something changes."""

    since: date
    name: str
    kind: str
    parent: UUID | None
    sector: str | None


@dataclass(slots=True)
class Life:
    """Everything known of one unit, from the facts of its stream in any order of days."""

    facts: dict[int, Fact] = field(default_factory=dict)
    code: str = ""
    since: date = date.max
    until: date | None = None
    successors: tuple[UUID, ...] = ()
    spans: list[UnitThen] = field(default_factory=list)
    _days: list[date] = field(default_factory=list)

    def apply(self, version: int, fact: Fact) -> None:
        """Take a fact in; the same version again replaces it."""
        self.facts[version] = fact
        known = sorted(self.facts.items(), key=lambda item: (item[1].on, item[0]))
        self.spans = []
        for _, each in sorted(known, key=lambda item: not isinstance(item[1], UnitRegistered)):
            self._span(each)
        self._days = [span.since for span in self.spans]
        for _, each in sorted(self.facts.items()):
            if isinstance(each, UnitDissolved):
                self.until, self.successors = each.on, each.successors

    def _span(self, fact: Fact) -> None:
        match fact:
            case UnitRegistered(code=code, name=name, kind=kind, parent=parent, sector=sector):
                self.code, self.since = code, fact.on
                then = UnitThen(since=fact.on, name=name, kind=kind, parent=parent, sector=sector)
            case UnitRenamed(name=name):
                then = replace(self.spans[-1], since=fact.on, name=name)
            case UnitMoved(parent=parent):
                then = replace(self.spans[-1], since=fact.on, parent=parent)
            case UnitReclassified(kind=kind, sector=sector):
                then = replace(self.spans[-1], since=fact.on, kind=kind, sector=sector)
            case UnitCorrected(name=name, kind=kind, parent=parent, sector=sector):
                then = UnitThen(since=fact.on, name=name, kind=kind, parent=parent, sector=sector)
            case _:
                return
        if self.spans and self.spans[-1].since == then.since:
            self.spans.pop()
        self.spans.append(then)

    def valid(self, on: date) -> bool:
        """Tell whether the day is one of the unit's."""
        return self.since <= on and (self.until is None or on <= self.until)

    def then(self, on: date) -> UnitThen | None:
        """Return the unit as it is on a day, or None outside its days."""
        return self.spans[bisect_right(self._days, on) - 1] if self.valid(on) else None

    def last_change(self) -> date:
        """Return the last day from which something is recorded, its end apart."""
        return max(fact.on for fact in self.facts.values() if not isinstance(fact, UnitDissolved))

    def parents(self, first: date, last: date) -> Iterator[tuple[UUID, date, date]]:
        """Yield the parents within some days, each with the days on which it is the parent."""
        first, last = max(first, self.since), min(last, self.until or date.max)
        for span, after in zip(self.spans, [*self.spans[1:], None], strict=True):
            begin = max(first, span.since)
            end = min(last, after.since - timedelta(days=1)) if after else last
            if span.parent and begin <= end:
                yield span.parent, begin, end


class Tree:
    """Every unit of the province, a forest that changes by day.

    Other threads may read it while a fact is taken in: what they read is put in place whole.
    """

    def __init__(self) -> None:
        self.lives: dict[UUID, Life] = {}
        self._codes: dict[str, tuple[UUID, ...]] = {}
        self._predecessors: dict[UUID, frozenset[UUID]] = {}

    def apply(self, fact: Fact) -> None:
        """Take a fact of a unit in."""
        unit = fact.originator_id
        before, life = self.lives.get(unit), Life()
        if before:
            life.facts |= before.facts
            for successor in before.successors:
                self._predecessors[successor] -= {unit}
        life.apply(fact.originator_version, fact)
        self.lives[unit] = life
        for successor in life.successors:
            others = self._predecessors.get(successor, frozenset())
            self._predecessors[successor] = others | {unit}
        if isinstance(fact, UnitRegistered) and unit not in self._codes.get(fact.code, ()):
            self._codes[fact.code] = *self._codes.get(fact.code, ()), unit

    def __contains__(self, unit: UUID) -> bool:
        return unit in self.lives

    def code(self, unit: UUID) -> str:
        """Return the code of a unit, or its id where it is not known."""
        return self.lives[unit].code if unit in self.lives else str(unit)

    def unit(self, unit: UUID, on: date) -> UnitThen | None:
        """Return a unit as it is on a day, or None outside its days."""
        return life.then(on) if (life := self.lives.get(unit)) else None

    def with_code(self, code: str) -> tuple[UUID, ...]:
        """Return every unit that ever had a code, oldest first."""
        units = self._codes.get(code, ())
        return tuple(sorted(units, key=lambda unit: self.lives[unit].since))

    def by_code(self, code: str, on: date) -> UUID | None:
        """Return the unit that has a code on a day."""
        return next((u for u in self._codes.get(code, ()) if self.lives[u].valid(on)), None)

    def ancestors(self, unit: UUID, on: date) -> list[UUID]:
        """Return the units above a unit on a day, the nearest first."""
        above: list[UUID] = []
        then = self.unit(unit, on)
        while then and then.parent and (then_above := self.unit(then.parent, on)):
            above.append(then.parent)
            then = then_above
        return above

    def lies_below(self, unit: UUID, other: UUID, first: date, last: date) -> bool:
        """Tell whether a unit lies below another one, or is it, on any of some days."""
        if unit == other:
            return True
        life = self.lives.get(unit)
        return life is not None and any(
            self.lies_below(parent, other, begin, end)
            for parent, begin, end in life.parents(first, last)
        )

    def taking(self, unit: UUID, on: date) -> UUID | None:
        """Return the unit that takes an act of that day for a unit.

        It is the unit itself, or the lone predecessor or successor that is there that day.
        """
        life = self.lives.get(unit)
        if life is None or life.valid(on):
            return unit if life else None
        before = on < life.since
        seen, near = {unit}, [unit]
        takers: set[UUID] = set()
        while near:
            at = near.pop()
            others = self._predecessors.get(at, ()) if before else self.lives[at].successors
            for other in others:
                if other in seen or other not in self.lives:
                    continue
                seen.add(other)
                if self.lives[other].valid(on):
                    takers.add(other)
                else:
                    near.append(other)
        return takers.pop() if len(takers) == 1 else None

    def admitting(self, unit: UUID, on: date, book: Rulebook) -> UUID | None:
        """Return the unit that takes an act of that day, if its kind admits people."""
        taker = self.taking(unit, on)
        then = self.unit(taker, on) if taker else None
        kind = book.unit_kinds.get(then.kind) if then else None
        return taker if kind and kind.admits else None

    def is_mass_organisation(self, code: str, on: date, book: Rulebook) -> bool:
        """Tell whether a code is a mass organisation's, on that day or any other."""
        unit = self.by_code(code, on) or next(iter(self.with_code(code)), None)
        if unit is None:
            return False
        life = self.lives[unit]
        kind = book.unit_kinds.get((life.then(on) or life.spans[-1]).kind)
        return kind is not None and kind.mass_organisation
