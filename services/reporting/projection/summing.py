"""The counters of a whole view at once, from its facts: what a rebuild does at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from services.reporting.projection.rolling import Counted, CounterTables, Rolling, Values


class SummingTables(CounterTables, Protocol):
    """What the view keeps of units and of what counts for them."""

    def ancestors(self) -> Iterable[int]:
        """Return every unit that others lie below, on whatever day."""
        ...

    def reaching(self, ancestor: int) -> Iterator[tuple[int, Counted]]:
        """Yield what counts for those below a unit, and through which child it reaches it."""
        ...


def sum_up(tables: SummingTables, values: Values) -> None:
    """Write the counters of every unit, where none are yet."""
    for ancestor in tables.ancestors():
        rolling = Rolling(tables, values)
        for child, counted in tables.reaching(ancestor):
            rolling.reach(ancestor, child, counted)
        rolling.write()
