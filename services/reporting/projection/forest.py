"""The units as they become known: their states and branches, and what a change of them moves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from events import dossiers
from events.envelope import Envelope
from services.reporting.projection.rolling import Counted, Rolling
from services.reporting.projection.tree import Branch, Nature, State, Unit, branches, states

CACHED_UNITS = 20_000


class UnitTables(Protocol):
    """What the view keeps of units. A unit's number stands for its id."""

    def number(self, unit: UUID) -> int:
        """Return the number of a unit, given when the unit is first named."""
        ...

    def unit(self, number: int) -> Unit | None:
        """Return what is known of a unit."""
        ...

    def keep_unit(self, number: int, unit: Unit) -> None:
        """Keep what is now known of a unit."""
        ...

    def restate(
        self, position: int, number: int, gone: Iterable[State], new: Iterable[State]
    ) -> None:
        """Close states at a position, and open others."""
        ...

    def children(self, number: int) -> list[int]:
        """Return every unit that ever was a child of this one."""
        ...

    def branches(self, number: int) -> list[Branch]:
        """Return how a unit hangs below its ancestors, as now known."""
        ...

    def graft(self, position: int, gone: Iterable[Branch], new: Iterable[Branch]) -> None:
        """Close branches at a position, and open others."""
        ...

    def counted(self, number: int) -> list[Counted]:
        """Return what counts for a unit, summed by day and facets."""
        ...


class Forest:
    """The units of the ledger, those lately needed in memory."""

    def __init__(self, tables: UnitTables, rolling: Rolling | None) -> None:
        self._tables = tables
        self._rolling = rolling
        self._numbers: dict[int, int] = {}
        self._units: dict[int, Unit | None] = {}
        self._branches: dict[int, list[Branch]] = {}

    def forget(self) -> None:
        """Drop what is held in memory."""
        self._numbers.clear()
        self._units.clear()
        self._branches.clear()

    def number(self, unit: UUID) -> int:
        """Return the number of a unit."""
        known = self._numbers.get(unit.int)
        if known is None:
            if len(self._numbers) >= CACHED_UNITS:
                self._numbers.clear()
            known = self._numbers[unit.int] = self._tables.number(unit)
        return known

    def branches(self, number: int) -> list[Branch]:
        """Return how a unit hangs below its ancestors, itself included."""
        known = self._branches.get(number)
        if known is None:
            if len(self._branches) >= CACHED_UNITS:
                self._branches.clear()
            # A unit that no fact has registered yet is its own root.
            known = self._tables.branches(number) or list(branches(number, self._unit))
            self._branches[number] = known
        return known

    def change(self, envelope: Envelope) -> None:
        """Apply a fact about a unit, and move what it counts to its ancestors of the day."""
        number = self.number(envelope.fact.originator_id)
        before = self._unit(number)
        after = self._changed(before, envelope)
        if after is None:
            return
        old = set(states(before)) if before else set()
        new = set(states(after))
        self._units[number] = after
        self._tables.keep_unit(number, after)
        self._tables.restate(envelope.position, number, sorted(old - new), sorted(new - old))
        if _places(old) != _places(new):
            for below in self._with_all_below(number):
                self._regraft(envelope.position, below)

    def _changed(self, known: Unit | None, envelope: Envelope) -> Unit | None:
        fact = envelope.fact
        day = fact.on.toordinal()
        if isinstance(fact, dossiers.UnitRegistered):
            return Unit(
                fact.code,
                day,
                names={day: fact.name},
                natures={day: Nature(fact.kind, fact.sector)},
                parents={day: self._parent(fact.parent)},
            )
        if known is None:
            return None
        unit = Unit(
            known.code,
            known.first,
            known.last,
            dict(known.names),
            dict(known.natures),
            dict(known.parents),
        )
        match fact:
            case dossiers.UnitRenamed():
                unit.names[day] = fact.name
            case dossiers.UnitMoved():
                unit.parents[day] = self._parent(fact.parent)
            case dossiers.UnitReclassified():
                unit.natures[day] = Nature(fact.kind, fact.sector)
            case dossiers.UnitCorrected():
                unit.names[day] = fact.name
                unit.natures[day] = Nature(fact.kind, fact.sector)
                unit.parents[day] = self._parent(fact.parent)
            case dossiers.UnitDissolved():
                unit.last = day
            case _:
                return None
        return unit

    def _parent(self, unit: UUID | None) -> int | None:
        return None if unit is None else self.number(unit)

    def _unit(self, number: int) -> Unit | None:
        if number not in self._units:
            if len(self._units) >= CACHED_UNITS:
                self._units.clear()
            self._units[number] = self._tables.unit(number)
        return self._units[number]

    def _with_all_below(self, number: int) -> list[int]:
        found, waiting = {number}, [number]
        while waiting:
            for child in self._tables.children(waiting.pop()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return sorted(found)

    def _regraft(self, position: int, number: int) -> None:
        old = set(self._tables.branches(number))
        new = branches(number, self._unit)
        gone, grown = sorted(old - new), sorted(new - old)
        if not gone and not grown:
            return
        self._tables.graft(position, gone, grown)
        self._branches[number] = sorted(new)
        if self._rolling:
            for counted in self._tables.counted(number):
                self._rolling.add(gone, counted, -1)
                self._rolling.add(grown, counted)


def _places(known: Iterable[State]) -> set[tuple[int, int, int | None]]:
    return {(state.since, state.until, state.parent) for state in known}
