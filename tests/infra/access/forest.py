"""A small forest of units by day, told twice: as the decision asks, and plainly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

EARLY = date(2024, 3, 1)
TURN = date(2024, 7, 1)
"""From this day `moved` lies elsewhere, and `dissolved` is no more."""
LATE = date(2026, 11, 24)

_EARLY = """
province      -
district      province
beside_it     province
commune       district
neighbour     district
abroad        beside_it
cell          commune
sister        commune
deep          cell
moved         commune
dissolved     commune
elsewhere     -
other_tree    elsewhere
"""
_LATE = _EARLY.replace("moved         commune", "moved         abroad").replace(
    "dissolved     commune\n", ""
)


def unit(name: str) -> UUID:
    """Return the id of a unit."""
    return uuid5(NAMESPACE_URL, name)


def _tree(drawn: str) -> dict[UUID, UUID | None]:
    pairs = (line.split() for line in drawn.strip().splitlines())
    return {unit(name): None if parent == "-" else unit(parent) for name, parent in pairs}


_TREES = {False: _tree(_EARLY), True: _tree(_LATE)}
UNITS = tuple(line.split()[0] for line in _EARLY.strip().splitlines())


def tree(day: date) -> dict[UUID, UUID | None]:
    """Return every unit of a day, with the one above it."""
    return _TREES[day >= TURN]


def ancestors(asked: UUID, day: date) -> Sequence[UUID] | None:
    """Answer as the units of a province do."""
    parents = tree(day)
    if asked not in parents:
        return None
    above: list[UUID] = []
    parent = parents[asked]
    while parent is not None:
        above.append(parent)
        parent = parents[parent]
    return above


def within(top: UUID, day: date) -> set[UUID]:
    """Return a unit and all below it, by walking down."""
    parents = tree(day)
    if top not in parents:
        return set()
    found, size = {top}, 0
    while size < len(found):
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found
