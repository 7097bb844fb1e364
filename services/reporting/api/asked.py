"""What is asked of reporting: by whom, of which unit, of which moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query, Request

from events.period import Period, parse_period
from infra.access import Access, Grant, NotFound, Resource, Scope
from infra.http import Asked, Cursors, Malformed, Reached, asked, positions
from infra.http.bearer import Bearer, bearer
from infra.stream import Hub
from services.reporting.api.live import Live
from services.reporting.view import Question, ReportingView
from services.reporting.view.tables import LEDGERS

MOST_PLACES = 6
MOST_YEARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the routes of reporting share."""

    view: ReportingView
    access: Access
    reached: Reached
    hub: Hub
    live: Live
    cursors: Cursors
    settled: Callable[[datetime], bool]
    """Whether everything that was recorded by a moment is in the view."""

    def still(self, grant: Grant) -> bool:
        """Tell whether a grant holds at this moment."""
        held = self.access.grants(grant.account, self.access.today())
        return any((each.unit, each.role) == (grant.unit, grant.role) for each in held)


async def service_of(request: Request) -> Service:
    """Return what the routes share; not in a thread, where it would wait for its turn."""
    service: Service = request.app.state.service
    return service


async def asking(request: Request, given: Bearer) -> Scope:
    """Return who asks, with what lies in reach. Raises SignInRequired."""
    service: Service = request.app.state.service
    grant, today = bearer(service.access.tokens)(given)
    return Scope(service.access.roles, grant, service.view.ancestors, today)


Here = Annotated[Service, Depends(service_of)]
Asking = Annotated[Scope, Depends(asking)]
PeriodAsked = Annotated[
    str | None,
    Query(description="`2022`, `2022-H1`, `2022-Q1`, `2022-06`, `2020-2022` or two days"),
]
DayAsked = Annotated[str | None, Query(description="A day; today without it")]
MomentAsked = Annotated[
    str | None, Query(description="A moment with its offset, or a day, which is its end")
]
PositionAsked = Annotated[
    str | None, Query(description="`<ledger>:<n>`, separated by commas: waits until they are there")
]
PlacesAsked = Annotated[int, Query(ge=0, le=MOST_PLACES, description="Decimals of a percentage")]


async def there(here: Here, after: PositionAsked = None) -> None:
    """Wait until the view has come to a position. Raises Malformed and NotYetKnown."""
    if after:
        await here.reached.wait(positions(after, LEDGERS))


Awaited = Depends(there)


@dataclass(frozen=True, slots=True)
class Sight:
    """A question, and who asks it: the unit is looked up when it is known whether one sees it."""

    here: Service
    scope: Scope
    question: Question

    def seen(self, kind: str, act: str = "see") -> Question:
        """Return the question if its unit is in scope on its day.

        Raises NotFound, also where there is no such unit, and ActNotGranted.
        """
        on = self.question.as_of
        unit = self.here.view.bearer(self.question.unit_code, on)
        if unit is None:
            raise NotFound
        self.scope.demand(Resource(kind=kind, day=on, links={"unit": unit}), act)
        return self.question


async def sight(  # noqa: PLR0913, PLR0917 - the parts of a question
    here: Here,
    scope: Asking,
    unit: str,
    period: PeriodAsked = None,
    as_of: DayAsked = None,
    known_at: MomentAsked = None,
    places: PlacesAsked = 1,
) -> Sight:
    """Return what is asked of a unit. Raises Malformed."""
    at = asked(as_of, known_at, today=scope.today)
    return Sight(here, scope, question_of(unit, period, at, places))


Seen = Annotated[Sight, Depends(sight)]


def question_of(unit: str, period: str | None, at: Asked, places: int) -> Question:
    """Return what is asked of a unit. Raises Malformed."""
    return Question(
        unit_code=unit,
        period=_period(period, at.as_of),
        as_of=at.as_of,
        known_at=at.known_at,
        places=places,
    )


def moment(text: str, field: str) -> datetime | None:
    """Return a moment that is not the question's own. Raises Malformed, naming the field."""
    try:
        return asked(None, text, today=date.min).known_at
    except Malformed:
        raise Malformed(fields=(field,)) from None


def _period(text: str | None, as_of: date) -> Period:
    try:
        read = parse_period(text or f"{as_of.year:04}")
    except ValueError:
        raise Malformed(fields=("period",)) from None
    if read.last.year - read.first.year > MOST_YEARS:
        raise Malformed(fields=("period",))
    return read
