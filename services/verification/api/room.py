"""What every address of verification stands on, and which cases exist for who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from infra.access import (
    Access,
    ActNotGranted,
    Decision,
    NotFound,
    Resource,
    Scope,
    Verdict,
)
from infra.http import Cursors, Reached, bearer, positions
from infra.http.bearer import Bearer
from services import acting, tasks
from services.directory import Directory
from services.tasks import Again
from services.verification.api.bodies import Place
from services.verification.application import Verification
from services.verification.domain import Case
from services.verification.view import Asked, CaseRow, CasesView

KIND, REQUEST = "verification", "request"
LEDGERS = ("dossiers", "training", "verification", "reporting")
WAITED_FOR = ("dossiers", "verification")
"""What is recorded here, and that from which a case follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The service, its view, and who may come in."""

    verification: Verification
    view: CasesView
    directory: Directory
    access: Access
    reached: Reached
    cursors: Cursors
    again: Mapping[str, Again]
    """What tries again what was refused to a policy, by the policy's name."""

    def place(self, unit: UUID, on: date) -> Place:
        """Return a unit as it was called on a day."""
        return Place(self.directory.code(unit), self.directory.name(unit, on))

    def within(self, scope: Scope, code: str | None) -> UUID | None:
        """Return the unit that a list is asked about; None where that is all. Raises NotFound."""
        if code is None:
            return None
        if (unit := self.directory.bearer(code, scope.today)) is None:
            raise NotFound
        return unit

    def case(self, scope: Scope, either: UUID) -> tuple[CaseRow, Case, Sight]:
        """Return a case, by its id or its candidacy's, that exists for who asks.

        Raises NotFound.
        """
        row = self.view.case(either)
        sight = row and self.sight(scope, row)
        if not row or not sight:
            raise NotFound
        known = self.verification.case(row.candidacy)
        return row, known, replace(sight, concluded_by=known.concluded_by)

    def sight(self, scope: Scope, row: CaseRow) -> Sight | None:
        """Return how much of a case exists for who asks; None where nothing does."""
        whole = [each for each in _resources(scope, row) if scope.decide(each)]
        asked = frozenset(
            request.request
            for request in self.view.asked(row.stream)
            if scope.decide(self.request(row, request))
        )
        return Sight(self, scope, row, tuple(whole), asked) if whole or asked else None

    def taking_up(self, scope: Scope, row: CaseRow) -> Decision:
        """Decide whether what was refused in a case may be taken up today.

        It exists for whoever sees the whole case, and such tasks of its unit.
        """
        if not any(scope.decide(each) for each in _resources(scope, row)):
            return Decision(Verdict.HIDDEN, NotFound())
        seen = _resources(scope, row, tasks.KIND)
        now = Resource(kind=tasks.KIND, day=scope.today, links={"unit": row.unit})
        return acting.decide(scope, seen, now, tasks.SETTLE)

    def lies_in(self, row: CaseRow, unit: UUID, today: date) -> bool:
        """Tell whether a case lay at or below a unit when it was opened, or does today."""
        return row.unit == unit or any(
            unit in (self.directory.ancestors(row.unit, day) or ())
            for day in (row.opened_on, today)
        )

    def request(self, row: CaseRow, asked: Asked) -> Resource:
        """Return a request as the decision asks for it."""
        links = {"unit": row.unit}
        if addressee := self.directory.bearer(asked.place, asked.asked_on):
            links["addressee"] = addressee
        return Resource(kind=REQUEST, day=asked.asked_on, links=links)


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a case exists for who asks: the whole, or only what his body was asked."""

    here: Room
    scope: Scope
    row: CaseRow
    whole: tuple[Resource, ...]
    asked: frozenset[int]
    concluded_by: frozenset[str] = frozenset()
    """Who concluded on the standard, and so does not close; known of a case by itself."""

    def sees(self, request: int) -> bool:
        """Tell whether a request exists for who asks."""
        return bool(self.whole) or request in self.asked

    def reads(self, request: int | None = None) -> bool:
        """Tell whether what is said of people may be read, of a request or of the whole."""
        if any(self.scope.decide(each, "read") for each in self.whole):
            return True
        return request is not None and bool(self._of_request(request, "read"))

    def decide(self, act: str, on: date, request: int | None = None) -> Decision:
        """Decide on an act of a day; a reply is also for the body that was asked."""
        if act == "reply" and request is not None and (answered := self._of_request(request, act)):
            return answered
        if not self.whole:
            role = acting.role_name(self.scope)
            return Decision(Verdict.REFUSED, ActNotGranted(role=role, act=act))
        now = Resource(
            kind=KIND,
            day=on,
            links={"unit": self.row.unit},
            done={"candidacy.conclude": self.concluded_by},
        )
        return acting.decide(self.scope, self.whole, now, act)

    def _of_request(self, request: int, act: str) -> Decision:
        for asked in self.here.view.asked(self.row.stream):
            if asked.request == request:
                return self.scope.decide(self.here.request(self.row, asked), act)
        return Decision(Verdict.HIDDEN, NotFound())


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
    """Wait until what a request says it comes after is known here. Raises NotYetKnown."""
    wanted = positions(after, LEDGERS)
    await here.reached.wait({name: at for name, at in wanted.items() if name in WAITED_FOR})


Who = Annotated[Scope, Depends(asking)]
Awaited = Depends(there)


def _resources(scope: Scope, row: CaseRow, kind: str = KIND) -> Iterator[Resource]:
    """Yield a case as the decision asks for it: of the day it was opened, and of today."""
    for day in dict.fromkeys((row.opened_on, scope.today)):
        yield Resource(kind=kind, day=day, links={"unit": row.unit})
