"""What every address of training stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from infra.access import Access, Decision, NotFound, Resource, Scope
from infra.http import Cursors, Reached, bearer, positions
from infra.http.bearer import Bearer
from services import acting
from services.directory import Directory
from services.training.api.bodies import Place
from services.training.application import Training
from services.training.domain import Class
from services.training.view import ClassesView

KIND = "class"
LEDGERS = ("dossiers", "training", "verification", "reporting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The service, its view, and who may come in."""

    training: Training
    view: ClassesView
    directory: Directory
    access: Access
    reached: Reached
    cursors: Cursors

    def place(self, unit: UUID, on: date) -> Place:
        """Return a unit as it was called on a day."""
        return Place(self.directory.code(unit), self.directory.name(unit, on))

    def class_(self, scope: Scope, stream: UUID) -> Class:
        """Return a class that exists for who asks. Raises NotFound."""
        known = self.training.found(stream)
        if known is None or not _seen(scope, known.details.centre, known.details.opened_on):
            raise NotFound
        return known


def room_of(request: Request) -> Room:
    """Return what the routes share."""
    room: Room = request.app.state.room
    return room


Here = Annotated[Room, Depends(room_of)]


def asking(here: Here, given: Bearer) -> Scope:
    """Return who asks. Raises SignInRequired."""
    grant, today = bearer(here.access.tokens)(given)
    return Scope(here.access.roles, grant, here.directory.ancestors, today)


async def there(here: Here, after: Annotated[str | None, Query(max_length=200)] = None) -> None:
    """Wait until the view has come to a position of training's. Raises NotYetKnown."""
    wanted = positions(after, LEDGERS)
    # Nothing here follows from what another service records.
    await here.reached.wait({name: at for name, at in wanted.items() if name == "training"})


Who = Annotated[Scope, Depends(asking)]
Awaited = Depends(there)


def resources(scope: Scope, centre: UUID, opened_on: date | None) -> Iterator[Resource]:
    """Yield a class as the decision asks for it: of its first day, and of today."""
    for day in dict.fromkeys((opened_on or scope.today, scope.today)):
        yield Resource(kind=KIND, day=day, links={"unit": centre})


def _seen(scope: Scope, centre: UUID, opened_on: date | None) -> bool:
    return any(map(scope.decide, resources(scope, centre, opened_on)))


def visible(scope: Scope, centre: UUID, opened_on: date | None) -> bool:
    """Tell whether a class exists for who asks."""
    return _seen(scope, centre, opened_on)


def decide(scope: Scope, known: Class, act: str, on: date) -> Decision:
    """Decide on an act of a day to a class."""
    centre = known.details.centre
    now = Resource(kind=KIND, day=on, links={"unit": centre})
    return acting.decide(scope, resources(scope, centre, known.details.opened_on), now, act)
