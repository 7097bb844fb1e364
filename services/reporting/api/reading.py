"""What reporting answers: figures, what is behind them, targets, and how units stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from infra.access import NotFound, Resource, Scope
from infra.http import asked, written_positions
from infra.http.problems import language
from infra.http.promises import answer, gives
from services.reporting.api import workbooks
from services.reporting.api.asked import (
    Asking,
    Awaited,
    DayAsked,
    Here,
    MomentAsked,
    PeriodAsked,
    PlacesAsked,
    Seen,
    Service,
    moment,
    question_of,
)
from services.reporting.api.promises import FactsTold, FiguresTold, OverviewTold, TargetsTold
from services.wording.telling import promised, worded

router = APIRouter(dependencies=[Awaited])
MOST_FACTS = 10_000
_KEPT = "private, max-age=86400, immutable"
_ASKED_AGAIN = "private, no-cache"
_NOT_MODIFIED = 304
_A_WORKBOOK: dict[int | str, dict[str, Any]] = {
    **gives({}),
    200: {
        "description": "OK",
        "content": {workbooks.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
}
FigureAsked = Annotated[str, Query(max_length=200, description="`admitted`, `funnel.applied` …")]
_UNCHANGED: dict[int | str, dict[str, Any]] = {_NOT_MODIFIED: {"description": "Not Modified"}}


@router.get(
    "/figures/{unit}.xlsx",  # noqa: FAST003 - the sight takes it
    summary="Every figure of a unit, as a workbook",
    response_class=Response,
    responses=_A_WORKBOOK,
)
def figures_workbook(here: Here, request: Request, sight: Seen) -> Response:
    question = sight.seen("figures", "export")
    lang = language(request.scope)
    told = worded(here.view.figures(question), lang)
    name = f"{question.unit_code}-{question.period.text}-{question.as_of}.xlsx"
    return _workbook(workbooks.of_figures(told, lang), name)


@router.get(
    "/figures/{unit}",  # noqa: FAST003 - the sight takes it
    summary="Every figure of a unit",
    response_class=Response,
    responses=gives({200: FiguresTold}) | _UNCHANGED,
)
def figures(here: Here, request: Request, sight: Seen) -> Response:
    question = sight.seen("figures")
    lang = language(request.scope)
    kept = _headers(here, question.known_at, here.view.positions(question.known_at), lang)
    if _has(request, kept["ETag"]):
        return Response(status_code=_NOT_MODIFIED, headers=kept)
    told = promised(worded(here.view.sheet(question), lang))
    return answer(told, headers=_headers(here, question.known_at, told["positions"], lang))


@router.get(
    "/overview",
    summary="How the units of one's scope stand, the least advanced first",
    response_class=Response,
    responses=gives({200: OverviewTold}),
)
def overview(  # noqa: PLR0913, PLR0917 - the parts of a question
    here: Here,
    scope: Asking,
    period: PeriodAsked = None,
    as_of: DayAsked = None,
    known_at: MomentAsked = None,
    places: PlacesAsked = 1,
) -> Response:
    at = asked(as_of, known_at, today=scope.today)
    own = scope.grant.unit
    scope.demand(Resource(kind="figures", day=at.as_of, links={"unit": own}))
    code = here.view.code(own, at.as_of)
    if code is None:
        raise NotFound
    return answer(here.view.overview(question_of(code, period, at, places)))


@router.get(
    "/facts/{unit}.xlsx",  # noqa: FAST003 - the sight takes it
    summary="The facts behind a figure, as a workbook",
    response_class=Response,
    responses=_A_WORKBOOK,
)
def facts_workbook(
    here: Here,
    request: Request,
    sight: Seen,
    figure: FigureAsked = "admitted",
    against: MomentAsked = None,
) -> Response:
    question = sight.seen("fact", "export")
    since = None if against is None else moment(against, "against")
    rows, _ = here.view.listed(question, figure, since)
    shown = _seen_cases(rows, here, sight.scope)
    name = f"{question.unit_code}-{figure}-{question.as_of}.xlsx"
    return _workbook(workbooks.of_facts(shown, language(request.scope)), name)


@router.get(
    "/facts/{unit}",  # noqa: FAST003 - the sight takes it
    summary="The facts behind a figure, or those that moved it since a moment",
    response_class=Response,
    responses=gives({200: FactsTold}),
)
def facts(  # noqa: PLR0913, PLR0917 - the parts of a question
    here: Here,
    sight: Seen,
    figure: FigureAsked = "admitted",
    against: MomentAsked = None,
    first: Annotated[int, Query(ge=0, description="How many are left out")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_FACTS)] = MOST_FACTS,
) -> Response:
    question = sight.seen("fact")
    since = None if against is None else moment(against, "against")
    rows, at = here.view.listed(question, figure, since)
    shown = _seen_cases(rows[first : first + limit], here, sight.scope)
    return answer(
        {
            "figure": figure,
            "count": len(rows),
            "total": sum(row["n"] for row in rows),
            "positions": at,
            "recorded": here.view.recorded(at),
            "facts": shown,
        }
    )


@router.get(
    "/targets/{unit}",  # noqa: FAST003 - the sight takes it
    summary="Every target of a unit, with its paper",
    response_class=Response,
    responses=gives({200: TargetsTold}),
)
def targets(here: Here, sight: Seen) -> Response:
    question = sight.seen("target")
    rows, at = here.view.targets(question)
    return answer({"unit": question.unit_code, "positions": at, "targets": rows})


def _seen_cases(
    rows: Sequence[Mapping[str, Any]], here: Service, scope: Scope
) -> list[Mapping[str, Any]]:
    """Return facts, with their cases where those are seen too: what is named can be opened."""
    seen = {
        place: (unit := here.view.bearer(place[0], on := date.fromisoformat(place[1]))) is not None
        and scope.sees("candidacy", unit, on)
        for place in {(row["unit"], row["on"]) for row in rows if row["case"]}
    }
    return [row if seen.get((row["unit"], row["on"])) else {**row, "case": None} for row in rows]


def _workbook(file: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(file, media_type=workbooks.MEDIA_TYPE, headers=headers)


def _headers(
    here: Service, known_at: datetime | None, at: Mapping[str, int], lang: str
) -> dict[str, str]:
    """Return what is said of a figure's age: what was known at a settled moment stays so."""
    settled = known_at is not None and here.settled(known_at)
    return {
        "ETag": f'"{lang}-{written_positions(at)}"',
        "Cache-Control": _KEPT if settled else _ASKED_AGAIN,
        "Vary": "Authorization, Accept-Language",
    }


def _has(request: Request, tag: str) -> bool:
    given = request.headers.get("If-None-Match", "")
    return tag in {each.strip().removeprefix("W/") for each in given.split(", ")}
