"""What a count must not overlap: other counts, and people known one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

from events.period import Period
from services.imports.places import Places
from services.reporting.domain import Tally


class Known:
    """Counts and people as the view of reporting shows them, and counts that a check adds."""

    def __init__(self, view: Path, places: Places) -> None:
        self._view = view
        self._places = places
        self._counts: dict[str, list[Tally]] = {}
        with self._reading() as db:
            for unit, indicator, first, last, period in db.execute(_COUNTS):
                days = Period(date.fromordinal(first), date.fromordinal(last), period)
                self.plan(Tally(unit=UUID(bytes=unit), indicator=indicator, period=days))
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
        last = tally.period.last
        asked = {
            "unit": tally.unit.bytes,
            "kind": tally.indicator,
            "first": tally.period.first.toordinal(),
            "last": last.toordinal(),
        }
        with self._reading() as db:
            found = db.execute(_PEOPLE_BELOW, asked).fetchone()
            for unit in self._places.tree.ancestors(tally.unit, last):
                found = found or db.execute(_PEOPLE_AT, asked | {"unit": unit.bytes}).fetchone()
        return (UUID(bytes=found[0]), date.fromordinal(found[1])) if found else None

    def _is_in_line(self, unit: UUID, on: date, tally: Tally) -> bool:
        """Tell whether one of the two units is the other or lies above it, each on its day."""
        return tally.unit in self._places.around(unit, on) or unit in self._places.around(
            tally.unit, tally.period.last
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(f"{self._view.resolve().as_uri()}?mode=ro", uri=True)
        try:
            yield db
        finally:
            db.close()


_COUNTS = """
select unit, kind, first_day, on_day, period from facts_reporting
group by stream, unit, kind, first_day, on_day, period having sum(sign) > 0"""
_PEOPLE_BELOW = """
select place.id, f.on_day from units u
cross join tree t on t.ancestor = u.number
cross join facts_dossiers f on f.unit = t.unit
join units place on place.number = f.unit
where u.id = :unit and f.kind = :kind and f.on_day between :first and :last
  and f.tree_on >= t.since and f.tree_on < t.until and t.known_to = (select max(known_to) from tree)
group by f.candidacy, f.version, f.on_day, f.unit having sum(f.n) > 0 limit 1"""
_PEOPLE_AT = """
select u.id, f.on_day from units u cross join facts_dossiers f on f.unit = u.number
where u.id = :unit and f.kind = :kind and f.on_day between :first and :last
group by f.candidacy, f.version, f.on_day, f.unit having sum(f.n) > 0 limit 1"""
