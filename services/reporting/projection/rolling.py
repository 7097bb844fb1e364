"""Roll-ups along the tree, summed in memory until they are written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Protocol

from services.reporting.projection.lines import COUNTED
from services.reporting.projection.tree import Branch

MONTHS = 5_000_000
YEARS = 6_000_000
"""Days are counted from 0001-01-01, months and years from these numbers on."""
CACHED_FACETS = 50_000
CACHED_SHEETS = 5_000

Days = defaultdict[int, int]
Sums = dict[str, int]
"""How many there are, by what is counted: see `entry`."""
Sheet = tuple[int, int]
"""A unit and a span: what reached the unit from below on its days, all of it in one row."""
Share = tuple[int, int, int, int]
"""Unit, span, the child through which people reached it, and how many more."""
Values = Callable[[int], Iterable[tuple[str, str]]]


class Counted(NamedTuple):
    """So many lines of one kind on one day."""

    kind: str
    value: str
    on: int
    tree_on: int
    facets: int
    n: int


class CounterTables(Protocol):
    """What the view keeps of roll-ups."""

    def sheets(self, sought: Iterable[Sheet]) -> Mapping[Sheet, Sums]:
        """Return those sheets that there are."""
        ...

    def keep_sheets(self, sheets: Mapping[Sheet, Sums]) -> None:
        """Keep sheets as they now are; an empty one is none."""
        ...

    def share(self, shares: Iterable[Share]) -> None:
        """Add to the shares; what comes to nothing leaves no row."""
        ...


class Rolling:
    """The changes of `counters` and `shares` that are not yet written.

    They tell a unit what happened below it. Its own facts are few, and read where they are.
    """

    def __init__(self, tables: CounterTables, values: Values) -> None:
        self._tables = tables
        self._values = values
        self._days: defaultdict[int, dict[int, Sums]] = defaultdict(dict)
        self._shares: defaultdict[tuple[int, int], Days] = defaultdict(_none)
        self._entries: dict[int, tuple[str, ...]] = {}
        self._sheets: dict[Sheet, Sums] = {}

    def forget(self) -> None:
        """Drop what is not written, and what is held in memory of what is."""
        self._days.clear()
        self._shares.clear()
        self._entries.clear()
        self._sheets.clear()

    def add(self, branches: Iterable[Branch], counted: Counted, sign: int = 1) -> None:
        """Count lines for every ancestor of their unit on the day of the tree."""
        if counted.kind in COUNTED:
            for ancestor, child, _, since, until in branches:
                if since <= counted.tree_on < until and child != ancestor:
                    self.reach(ancestor, child, counted, sign)

    def reach(self, unit: int, child: int, counted: Counted, sign: int = 1) -> None:
        """Count lines for a unit that they reach through a child."""
        kind, value, on, _, facets, n = counted
        n *= sign
        days = self._days[unit]
        sums = days.get(on)
        if sums is None:
            sums = days[on] = {}
        name = entry(kind, "", value)
        sums[name] = sums.get(name, 0) + n
        if kind == "admitted":
            self._shares[unit, child][on] += n
            for name in self._faceted(facets):
                sums[name] = sums.get(name, 0) + n

    def write(self) -> None:
        """Write the changes, for every span."""
        changes: dict[Sheet, Sums] = {}
        for unit, days in self._days.items():
            months: dict[int, Sums] = {}
            years: dict[int, Sums] = {}
            for day, sums in days.items():
                _, month, _ = spans(day)
                _add(months.setdefault(month, {}), sums)
                changes[unit, day] = sums
            for month, sums in months.items():
                _add(years.setdefault(year_of(month), {}), sums)
                changes[unit, month] = sums
            for year, sums in years.items():
                changes[unit, year] = sums
        self._days.clear()
        shares: defaultdict[tuple[int, int, int], int] = defaultdict(int)
        for (unit, child), reached in self._shares.items():
            for day, n in reached.items():
                for span in spans(day):
                    shares[unit, span, child] += n
        self._shares.clear()
        if changes:
            self._tables.keep_sheets(self._changed(changes))
            self._tables.share([(*share, n) for share, n in sorted(shares.items()) if n])

    def _changed(self, changes: Mapping[Sheet, Sums]) -> dict[Sheet, Sums]:
        """Return sheets as they are after changes, in the order of their key."""
        known = self._sheets
        if len(known) + len(changes) > CACHED_SHEETS:
            known.clear()
        if unknown := [sheet for sheet in changes if sheet not in known]:
            found = self._tables.sheets(unknown)
            known.update((sheet, found.get(sheet, {})) for sheet in unknown)
        changed = {}
        for sheet in sorted(changes):
            changed[sheet] = sums = known[sheet]
            _add(sums, changes[sheet])
        return changed

    def _faceted(self, facets: int) -> tuple[str, ...]:
        known = self._entries.get(facets)
        if known is None:
            if len(self._entries) >= CACHED_FACETS:
                self._entries.clear()
            known = tuple(entry("admitted", facet, value) for facet, value in self._values(facets))
            self._entries[facets] = known
        return known


def _none() -> Days:
    return defaultdict(int)


def _add(to: Sums, sums: Mapping[str, int]) -> None:
    """Add sums to others, in which nothing stands at nought."""
    for name, n in sums.items():
        total = to.get(name, 0) + n
        if total:
            to[name] = total
        else:
            to.pop(name, None)


@lru_cache(maxsize=4096)
def entry(kind: str, facet: str, value: str) -> str:
    """Return under what a kind, facet and value are summed. Only the value may hold a bar."""
    return f"{kind}|{facet}|{value}"


@lru_cache(maxsize=4096)
def entered(name: str) -> tuple[str, str, str]:
    """Return the kind, facet and value of an entry."""
    kind, facet, value = name.split("|", 2)
    return kind, facet, value


@lru_cache(maxsize=65_536)
def spans(day: int) -> tuple[int, int, int]:
    """Return the numbers of a day, of its month and its year."""
    on = date.fromordinal(day)
    return day, MONTHS + on.year * 12 + on.month - 1, YEARS + on.year


def year_of(month: int) -> int:
    """Return the number of the year of a month."""
    return YEARS + (month - MONTHS) // 12


def cover(first: int, last: int) -> list[tuple[int, int]]:
    """Return ranges of spans that hold every day from `first` to `last` once."""
    if last < first:
        return []
    low, high = spans(first)[1] - MONTHS, spans(last)[1] - MONTHS
    low += first != _first_of(low)
    high -= last != _first_of(high + 1) - 1
    if high < low:
        return [(first, last)]
    ranges = [(first, _first_of(low) - 1), (_first_of(high + 1), last)]
    begin, end = -(-low // 12), (high + 1) // 12 - 1
    if end < begin:
        ranges.append((MONTHS + low, MONTHS + high))
    else:
        ranges += [
            (MONTHS + low, MONTHS + begin * 12 - 1),
            (MONTHS + (end + 1) * 12, MONTHS + high),
            (YEARS + begin, YEARS + end),
        ]
    return [(start, end) for start, end in ranges if start <= end]


def _first_of(month: int) -> int:
    year, index = divmod(month, 12)
    if year > date.max.year:
        return date.max.toordinal() + 1
    return date(year, index + 1, 1).toordinal()
