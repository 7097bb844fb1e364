"""The units in scope, on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from fastapi import Depends, FastAPI, Response

from infra.http import answer, gives
from services.dossiers.api.answers import UnitShown, UnitsShown
from services.dossiers.api.asking import Asking
from services.dossiers.api.room import Room, Who


def add(app: FastAPI, room: Room) -> None:
    """Add the addresses of units."""

    @app.get("/units", dependencies=[Depends(room.caught_up)], responses=gives({200: UnitsShown}))
    def units(asking: Who, on: date | None = None) -> Response:
        """Return every unit that exists for the grant on a day, today unless it is said."""
        return answer(UnitsShown(units=list(_units(room, asking, on or asking.today))))


def _units(room: Room, asking: Asking, on: date) -> Iterator[UnitShown]:
    tree, kinds = asking.tree, room.dossiers.book.unit_kinds
    below: dict[UUID | None, list[UUID]] = {}
    seen = {unit for unit in list(tree.lives) if asking.sees("unit", unit, on)}
    for unit in seen:
        then = tree.unit(unit, on)
        parent = then.parent if then and then.parent in seen else None
        below.setdefault(parent, []).append(unit)
    waiting = sorted(below.get(None, ()), key=tree.code, reverse=True)
    while waiting:
        unit = waiting.pop()
        waiting += sorted(below.get(unit, ()), key=tree.code, reverse=True)
        if then := tree.unit(unit, on):
            kind = kinds.get(then.kind)
            yield UnitShown(
                code=tree.code(unit),
                name=then.name,
                kind=then.kind,
                parent=tree.code(then.parent) if then.parent in seen and then.parent else None,
                admits=bool(kind and kind.admits),
            )
