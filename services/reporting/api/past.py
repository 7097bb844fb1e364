"""History: what became known of a case or a unit, in that order, with both times."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from infra.access import NotFound
from infra.http import Malformed, answer, gives, limit_of, next_link, paged
from infra.http.problems import language
from services.reporting.api.asked import Asking, Awaited, Here
from services.reporting.api.promises import HistoryTold
from services.reporting.view import UnknownUnit
from services.wording.telling import say_event

router = APIRouter(dependencies=[Awaited])
KIND = "history"


@router.get(
    "/history",
    summary="What happened to a case, a person, a class, or in a unit, as it became known",
    response_class=Response,
    responses=gives({200: HistoryTold}),
)
def history(  # noqa: PLR0913, PLR0917 - what a list is asked by
    here: Here,
    scope: Asking,
    request: Request,
    case: UUID | None = None,
    unit: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int | None, Query(ge=1, le=200)] = None,
) -> Response:
    if (case is None) == (unit is None):
        raise Malformed(fields=("case", "unit"))
    most = limit_of(limit)
    about = f"history/{scope.grant.account}/{scope.grant.unit}/{scope.grant.role}/{case}/{unit}"
    beyond = here.cursors.open(cursor, about) if cursor else None
    try:
        found = here.view.history_seen(
            lambda where, on: scope.sees(KIND, where, on),
            case=case,
            unit=unit,
            beyond=(beyond[0], beyond[1], beyond[2]) if beyond else None,
            most=most + 1,
        )
    except UnknownUnit:
        found = None
    if found is None:
        raise NotFound
    lang = language(request.scope)
    page = paged(found, most, itemgetter(0), here.cursors, about)
    events = [{**event, "text": say_event(event, lang)} for _, event in page.items]
    return answer({"events": events, "next": page.next}, 200, next_link(request, page))
