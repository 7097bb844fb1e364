"""The units that somebody sees: their names, and the way down to each from his own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Any
from uuid import UUID

from services.portal.client import Asker

KEPT_SECONDS = 30.0
_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A unit, as it was called on a day."""

    code: str
    name: str
    kind: str
    above: str | None
    """The code of the unit above, where that is seen too."""


@dataclass(frozen=True, slots=True)
class Places:
    """All units that one sees, on a day."""

    by_code: Mapping[str, Place]

    @property
    def own(self) -> Place | None:
        """Return the unit one acts for; everything that one sees lies below."""
        return next((place for place in self.by_code.values() if place.above is None), None)

    def path(self, code: str) -> list[Place]:
        """Return the way from one's own unit down to a unit; empty where one does not see it."""
        way: list[Place] = []
        place = self.by_code.get(code)
        while place and place not in way:
            way.insert(0, place)
            place = self.by_code.get(place.above) if place.above else None
        return way

    def below(self, code: str) -> list[Place]:
        """Return the units directly below a unit, by name."""
        found = (place for place in self.by_code.values() if place.above == code)
        return sorted(found, key=lambda place: place.name)

    def name(self, code: str) -> str:
        """Return how a unit is called; its code where one does not see it."""
        place = self.by_code.get(code)
        return place.name if place else code


class Scopes:
    """Asks for the units of a scope, and knows them for half a minute."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._known: dict[tuple[UUID, str, date], tuple[float, Places]] = {}

    async def of(self, asker: Asker, unit: UUID, role: str, on: date) -> Places:
        """Return what a role at a unit sees on a day. Raises ApiProblem."""
        now, scope = self._seconds(), (unit, role, on)
        found = self._known.get(scope)
        if found and now - found[0] < KEPT_SECONDS:
            return found[1]
        places = _read(await asker.get("/dossiers/units", on=on.isoformat()))
        while len(self._known) >= _MOST_KEPT:
            self._known.pop(next(iter(self._known)))
        self._known.pop(scope, None)
        self._known[scope] = (now, places)
        return places


def _read(told: Mapping[str, Any]) -> Places:
    rows: Iterable[Mapping[str, Any]] = told["units"]
    seen = {row["code"] for row in rows}
    return Places(
        {
            row["code"]: Place(
                row["code"],
                row["name"],
                row["kind"],
                row["parent"] if row["parent"] in seen else None,
            )
            for row in rows
        }
    )
