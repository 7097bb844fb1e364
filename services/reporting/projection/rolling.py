"""Roll-ups along the tree, summed in memory until they are written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from services.reporting.projection.lines import COUNTED
from services.reporting.projection.tree import Branch

DEKADS = 4_000_000
MONTHS = 5_000_000
YEARS = 6_000_000
"""Days are counted from 0001-01-01; thirds of a month, months and years from these numbers on."""

Values = Callable[[int], Iterable[tuple[str, str]]]
Total = tuple[int, int, str, str, str]
"""Unit, span, kind, facet and value."""
Share = tuple[int, int, int]
"""Unit, span and the child through which people reached it."""


class Counted(NamedTuple):
    """So many lines of one kind on one day."""

    kind: str
    value: str
    on: int
    tree_on: int
    facets: int
    n: int


class Rolling:
    """The changes of `counters` and `shares` that are not yet written."""

    def __init__(self, values: Values, spans: Callable[[int], Sequence[int]]) -> None:
        self._values = values
        self._spans = spans
        self._totals: defaultdict[Total, int] = defaultdict(int)
        self._shares: defaultdict[Share, int] = defaultdict(int)

    def forget(self) -> None:
        """Drop what is not written."""
        self._totals.clear()
        self._shares.clear()

    def add(self, branches: Iterable[Branch], counted: Counted, sign: int = 1) -> None:
        """Count lines for every ancestor of their unit on the day of the tree."""
        kind, value, on, tree_on, facets, n = counted
        if kind not in COUNTED:
            return
        n *= sign
        faceted = self._values(facets) if kind == "admitted" else ()
        for ancestor, child, _, since, until in branches:
            if since <= tree_on < until:
                self._totals[ancestor, on, kind, "", value] += n
                if faceted:
                    self._shares[ancestor, on, child] += n
                    for facet, name in faceted:
                        self._totals[ancestor, on, kind, facet, name] += n

    def totals(self) -> Iterator[tuple[Total, int]]:
        """Return and forget the changes of `counters`, for every span."""
        summed: defaultdict[Total, int] = defaultdict(int)
        for (unit, on, *rest), n in self._totals.items():
            if n:
                for span in self._spans(on):
                    summed[unit, span, *rest] += n  # type: ignore[index]
        self._totals.clear()
        return ((key, n) for key, n in sorted(summed.items()) if n)

    def shares(self) -> Iterator[tuple[Share, int]]:
        """Return and forget the changes of `shares`, for every span."""
        summed: defaultdict[Share, int] = defaultdict(int)
        for (unit, on, child), n in self._shares.items():
            if n:
                for span in self._spans(on):
                    summed[unit, span, child] += n
        self._shares.clear()
        return ((key, n) for key, n in sorted(summed.items()) if n)


@lru_cache(maxsize=65_536)
def spans(day: int) -> tuple[int, ...]:
    """Return the numbers of a day, of its third of a month, its month and its year."""
    on = date.fromordinal(day)
    month = on.year * 12 + on.month - 1
    return day, DEKADS + month * 3 + min(2, (on.day - 1) // 10), MONTHS + month, YEARS + on.year


def days(day: int) -> tuple[int, ...]:
    """Return the number of a day alone: a rebuild sums up the rest at its end."""
    return (day,)


def cover(first: int, last: int) -> list[tuple[int, int]]:
    """Return ranges of spans that hold every day from `first` to `last` once."""
    if last < first:
        return []
    low, high = spans(first)[1] - DEKADS, spans(last)[1] - DEKADS
    low += first != _first_of(low)
    high -= last != _first_of(high + 1) - 1
    if high < low:
        return [(first, last)]
    ranges = [(first, _first_of(low) - 1), (_first_of(high + 1), last)]
    for finer, factor in ((DEKADS, 3), (MONTHS, 12)):
        begin, end = -(-low // factor), (high + 1) // factor - 1
        if end < begin:
            ranges.append((finer + low, finer + high))
            break
        ranges += [
            (finer + low, finer + begin * factor - 1),
            (finer + (end + 1) * factor, finer + high),
        ]
        low, high = begin, end
    else:
        ranges.append((YEARS + low, YEARS + high))
    return [(start, end) for start, end in ranges if start <= end]


def _first_of(dekad: int) -> int:
    month, third = divmod(dekad, 3)
    year, index = divmod(month, 12)
    if year > date.max.year:
        return date.max.toordinal() + 1
    return date(year, index + 1, 1 + third * 10).toordinal()
