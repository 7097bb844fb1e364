"""The page of a unit: every figure, what is behind each, and how the units below stand."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.client import path_part
from services.portal.figures import figures_of, periods_of, targets_of
from services.portal.naming import facets_of
from services.portal.page import PageHere
from services.portal.standing import order, ordered, pace, rows

router = APIRouter()


@router.get("/don-vi/{code}.xlsx")
async def workbook(page: PageHere, code: str) -> Response:
    """Return the figures of a unit as a workbook."""
    return page.handed_on(f"/reporting/figures/{code}.xlsx", **page.moment.question())


@router.get("/don-vi/{code}")
async def unit(page: PageHere, code: str) -> Response:
    """Show a unit."""
    figures = await figures_of(page, code)
    targets = await targets_of(page, code)
    by = order(page.request.query_params)
    below = rows(figures["by_unit"], page.moment.period, page.moment.as_of)
    return page.render(
        "unit.html",
        section="figures",
        figures=figures,
        way=page.places.path(figures["unit"]),
        pace=pace(figures, page.moment.period, page.moment.as_of),
        rows=ordered(below, by),
        count=len(below),
        order=by,
        path=f"/don-vi/{path_part(code)}",
        facets=facets_of(figures),
        documents=targets,
        periods=periods_of(targets),
        through=figures["admitted"] - sum(row.admitted for row in below),
    )
