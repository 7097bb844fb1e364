"""What a count must not overlap: other counts, and people known one by one."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.imports.places import Places
from services.reporting.domain import Tally
from services.reporting.view import ReportingView


class Known:
    """Counts and people as the view of reporting shows them, and counts that a check adds."""

    def __init__(self, view: ReportingView, places: Places) -> None:
        self._view = view
        self._places = places
        self._counts: dict[str, list[Tally]] = {}
        for count in view.counts():
            self.plan(Tally(unit=count.unit, indicator=count.indicator, period=count.period))
        self._streams = {tally.stream for told in self._counts.values() for tally in told}

    def has(self, tally: Tally) -> bool:
        """Tell whether the count itself is recorded."""
        return tally.stream in self._streams

    @property
    def counts_people(self) -> bool:
        """Tell whether there is any count that people could be in."""
        return bool(self._counts.keys() - Tally.STOCKS)

    def plan(self, tally: Tally) -> None:
        """Know of a count that would be recorded."""
        self._counts.setdefault(tally.indicator, []).append(tally)

    def count_over(self, tally: Tally) -> Tally | None:
        """Return another count of the indicator with a day in common, in line with the unit."""
        last = tally.period.last
        for other in self._counts.get(tally.indicator, ()):
            if other.period.overlaps(tally.period) and self._is_in_line(tally.unit, last, other):
                return other
        return None

    def count_of(self, indicator: str, unit: UUID, on: date) -> Tally | None:
        """Return a count in which an act of a unit is counted already."""
        for tally in self._counts.get(indicator, ()):
            if on in tally.period and self._is_in_line(unit, on, tally):
                return tally
        return None

    def people_under(self, tally: Tally) -> tuple[UUID, date] | None:
        """Return where and when somebody is known whom the count would count again."""
        above = self._places.tree.ancestors(tally.unit, tally.period.last)
        return self._view.person_in(tally.indicator, tally.period, tally.unit, above)

    def _is_in_line(self, unit: UUID, on: date, tally: Tally) -> bool:
        """Tell whether one of the two units is the other or lies above it, each on its day."""
        return tally.unit in self._places.around(unit, on) or unit in self._places.around(
            tally.unit, tally.period.last
        )
