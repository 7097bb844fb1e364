"""The forest of units along time: what a unit was on a day, and what lay above it."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec

T = TypeVar("T")

EVER = 4_000_000
"""A day after every other: nothing ends there."""


class Nature(msgspec.Struct, array_like=True, frozen=True):
    """What kind of unit it is."""

    kind: str
    sector: str | None = None


class Unit(msgspec.Struct, array_like=True):
    """A unit's code and days, and its name, nature and parent from each day on."""

    code: str
    first: int
    last: int = EVER - 1
    names: dict[int, str] = {}
    natures: dict[int, Nature] = {}
    parents: dict[int, int | None] = {}


class State(NamedTuple):
    """What a unit was from a day until another."""

    since: int
    until: int
    code: str
    name: str
    kind: str
    sector: str | None
    parent: int | None


class Branch(NamedTuple):
    """From a day until another, a unit lay below an ancestor through the ancestor's child."""

    ancestor: int
    child: int
    unit: int
    since: int
    until: int


def states(unit: Unit) -> list[State]:
    """Return what a unit was, day by day, in as few spans as tell it."""
    until = unit.last + 1
    days = {unit.first, *unit.names, *unit.natures, *unit.parents}
    starts = sorted(day for day in days if unit.first <= day < until)
    return [
        State(
            since,
            end,
            unit.code,
            at(unit.names, since),
            at(unit.natures, since).kind,
            at(unit.natures, since).sector,
            at(unit.parents, since),
        )
        for since, end in zip(starts, [*starts[1:], until], strict=True)
    ]


def at(entries: dict[int, T], day: int) -> T:
    """Return the entry in force on a day; before the first, the first."""
    days = sorted(entries)
    return entries[days[max(0, bisect_right(days, day) - 1)]]


def branches(number: int, unit_of: Callable[[int], Unit | None]) -> set[Branch]:
    """Return how a unit hangs below each of its ancestors, itself included.

    A unit is below itself for ever, so that no fact of it is lost, whatever is known of
    its days. A parent outside its own days is none: what hangs on it is a root.
    """
    spans = [Branch(number, number, number, 0, EVER)]
    for since, until, chain in _chains(number, unit_of, frozenset()):
        spans.extend(
            Branch(ancestor, child, number, since, until)
            for child, ancestor in itertools.pairwise(chain)
        )
    return set(_joined(spans))


def _chains(
    number: int, unit_of: Callable[[int], Unit | None], below: frozenset[int]
) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Yield (since, until, the unit and its ancestors upwards) for a unit's days."""
    unit = unit_of(number)
    if unit is None or number in below:
        return
    for state in states(unit):
        reached = state.since
        if state.parent is not None:
            for since, until, chain in _chains(state.parent, unit_of, below | {number}):
                start, end = max(since, state.since), min(until, state.until)
                if start < end:
                    if reached < start:
                        yield reached, start, (number,)
                    yield start, end, (number, *chain)
                    reached = end
        if reached < state.until:
            yield reached, state.until, (number,)


def _joined(spans: Iterable[Branch]) -> Iterator[Branch]:
    """Join spans that touch and say the same."""
    open_: Branch | None = None
    for span in sorted(spans):
        if open_ and open_[:3] == span[:3] and open_.until == span.since:
            open_ = open_._replace(until=span.until)
        else:
            if open_:
                yield open_
            open_ = span
    if open_:
        yield open_
