"""Candidacies as they stand, what is to be done in them, and by which names people are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from infra.database import Database, Place
from infra.view import View
from services.dossiers.domain.journey import Recorded
from services.dossiers.view import names
from services.dossiers.view.folding import CASE, Projection, Sealed, Shown
from services.dossiers.view.tables import open_tables

READER = "dossiers.candidacies"
_BATCH = 200
LONG_DAYS = 365
"""So many days after its day a task is no longer one of those that press."""
_LATE = "case when near < :today - :long and what not like 'refused/%' then 1 else 0 end"
"""What was refused to a policy is never too old: nobody else will do it."""
_MOST_UNITS = 30_000
"""More than a statement names are asked for without naming them; who asks looks again anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A candidacy, as far as the view has read."""

    candidacy: UUID
    person: UUID
    last_day: int
    unit: UUID
    version: int
    facts: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be done in a candidacy, and where it stands in the list."""

    of: Found
    what: str
    place: tuple[int, int, int, bytes, str]
    told: Shown

    @property
    def is_long_overdue(self) -> bool:
        """Tell whether its day is over since long."""
        return bool(self.place[0])


class CandidaciesView(View):
    """Candidacies, fed by the reader `dossiers.candidacies`. It holds no name that can be read."""

    READER = READER

    def __init__(self, place: Place, sealed: Sealed) -> None:
        self._sealed = sealed
        super().__init__(partial(open_tables, place))

    def _projection(self, db: Database) -> Projection:
        return Projection(db, self._sealed)

    @property
    def position(self) -> int:
        """Return the last position that the view shows."""
        rows = self._rows("select position from readers where name = ?", (READER,))
        return int(rows[0][0]) if rows else 0

    def positions(self, candidacy: UUID) -> dict[int, int]:
        """Return where each fact of a candidacy stands in the ledger, by version."""
        return dict(
            self._rows(
                "select version, position from candidacy_positions where candidacy = ?",
                (candidacy.bytes,),
            )
        )

    def of_person(self, person: UUID) -> list[Found]:
        """Return the candidacies of a person, the latest first."""
        return [
            _found(*row)
            for row in self._rows(
                "select candidacy, person, last_day, state from candidacies where person = ?"
                " order by opened desc",
                (person.bytes,),
            )
        ]

    def search(
        self, text: str, within: Sequence[UUID], after: Sequence[Any] = ()
    ) -> Iterator[Found]:
        """Yield the candidacies of people whose name has words that begin so, the latest first.

        All touch one of the units. `after` is the place of the last one that was seen.
        """
        if not (asked := [self._sealed.blind(word) for word in dict.fromkeys(names.words(text))]):
            return
        people = " intersect ".join(
            f"select person from name_parts where part = :part{n}"  # noqa: S608 - names of parameters
            for n in range(len(asked))
        )
        statement = (
            "select candidacy, person, last_day, state from candidacies c"  # noqa: S608 - as above
            f" where person in ({people}) and {_touching(within)}"
            " and (last_day, candidacy) < (:place0, :place1)"
            " order by last_day desc, candidacy desc limit :batch"
        )
        given = {f"part{n}": part for n, part in enumerate(asked)} | _named(within)
        place = after or (date.max.toordinal() + 1, b"")
        for row in self._batches(statement, given, place, lambda row: (row[2], row[0])):
            yield _found(*row)

    def tasks(
        self, within: Sequence[UUID], today: date, after: Sequence[Any] = ()
    ) -> Iterator[Task]:
        """Yield what is to be done in candidacies of some units, what is nearest to today first.

        The long overdue come last: old years that were taken in do not crowd out what is current.
        """
        statement = (
            f"select {_LATE} late, abs(near - :today) distance, near, candidacy, what, told,"  # noqa: S608 - as above
            " person, last_day, state from tasks join candidacies c using (candidacy)"
            f" where {_touching(within)} and ({_LATE}, abs(near - :today), near, candidacy, what)"
            " > (:place0, :place1, :place2, :place3, :place4)"
            " order by late, distance, near, candidacy, what limit :batch"
        )
        given = {"today": today.toordinal(), "long": LONG_DAYS} | _named(within)
        place = after or (-1, 0, 0, b"", "")
        for row in self._batches(statement, given, place, lambda row: row[:5]):
            late, distance, near, candidacy, what, told, *of = row
            yield Task(
                of=_found(candidacy, *of),
                what=what,
                place=(late, distance, near, candidacy, what),
                told=msgspec.json.decode(told, type=Shown),
            )

    def _batches(
        self,
        statement: str,
        given: Mapping[str, Any],
        place: Sequence[Any],
        place_of: Callable[[Sequence[Any]], Sequence[Any]],
    ) -> Iterator[Sequence[Any]]:
        while True:
            places = {f"place{n}": part for n, part in enumerate(place)}
            rows = self._rows(statement, {**given, **places, "batch": _BATCH})
            yield from rows
            if len(rows) < _BATCH:
                return
            place = place_of(rows[-1])

    def _rows(self, statement: str, given: Any) -> list[Any]:  # noqa: ANN401 - as the driver
        with self.snapshot() as db:
            return db.execute(statement, given).fetchall()


def _touching(within: Sequence[UUID]) -> str:
    if len(within) > _MOST_UNITS:
        return "true"
    units = ", ".join(f":unit{n}" for n in range(len(within)))
    return (
        "exists (select 1 from candidacy_units u where u.candidacy = c.candidacy"  # noqa: S608 - names of parameters
        f" and u.unit in ({units}))"
    )


def _named(within: Sequence[UUID]) -> dict[str, Any]:
    named = within if len(within) <= _MOST_UNITS else ()
    return {f"unit{n}": unit.bytes for n, unit in enumerate(named)}


def _found(candidacy: bytes, person: bytes, last_day: int, state: bytes) -> Found:
    case = CASE.decode(state)
    return Found(
        candidacy=UUID(bytes=candidacy),
        person=UUID(bytes=person),
        last_day=last_day,
        unit=case.unit,
        version=case.version,
        facts=tuple(case.facts.values()),
    )
