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

Days = defaultdict[int, int]
Values = Callable[[int], Iterable[tuple[str, str]]]
Total = tuple[int, int, str, str, str, int]
"""Unit, span, kind, facet, value, and how many more."""
Share = tuple[int, int, int, int]
"""Unit, span, the child through which people reached it, and how many more."""


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
        # By what they are of, and then by day: a number is hashed sooner than a tuple.
        self._totals: defaultdict[tuple[int, str, str, str], Days] = defaultdict(_none)
        self._shares: defaultdict[tuple[int, int], Days] = defaultdict(_none)

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
                self._totals[ancestor, kind, "", value][on] += n
                if faceted:
                    self._shares[ancestor, child][on] += n
                    for facet, name in faceted:
                        self._totals[ancestor, kind, facet, name][on] += n

    def totals(self) -> list[Total]:
        """Return and forget the changes of `counters`, for every span."""
        summed = [
            (unit, span, kind, facet, value, n)
            for (unit, kind, facet, value), days in self._totals.items()
            for span, n in self._summed(days)
        ]
        self._totals.clear()
        summed.sort()
        return summed

    def shares(self) -> list[Share]:
        """Return and forget the changes of `shares`, for every span."""
        summed = [
            (unit, span, child, n)
            for (unit, child), days in self._shares.items()
            for span, n in self._summed(days)
        ]
        self._shares.clear()
        summed.sort()
        return summed

    def _summed(self, days: Days) -> Iterator[tuple[int, int]]:
        """Yield what changes of days come to in every span, unless it is nothing."""
        summed = _none()
        for day, n in days.items():
            for span in self._spans(day):
                summed[span] += n
        return ((span, n) for span, n in summed.items() if n)


def _none() -> Days:
    return defaultdict(int)


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
