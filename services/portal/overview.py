"""The first page: how the units of my scope stand, the least advanced first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.client import path_part
from services.portal.figures import periods_of, targets_of
from services.portal.page import Page, PageHere
from services.portal.standing import LATE, order, ordered, pace, rows, silent

router = APIRouter()
_WHERE_WORK_IS = frozenset({"/viec", "/lop", "/tham-tra"})
"""The pages that somebody is led to who sees no figures: a search alone says nothing."""


@router.get("/")
async def overview(page: PageHere) -> Response:
    """Show the overview."""
    if not page.sees("figures"):
        return _elsewhere(page)
    figures = await page.client.get("/reporting/overview", **page.moment.question())
    if not figures["units"]:
        return page.see(f"/don-vi/{path_part(figures['unit'])}")
    below = rows(figures["units"], page.moment.period, page.moment.as_of)
    by = order(page.request.query_params)
    return page.render(
        "overview.html",
        section="figures",
        figures=figures,
        pace=pace(figures, page.moment.period, page.moment.as_of),
        rows=ordered(below, by),
        count=len(below),
        silent=silent(below),
        late=sum(row.shape in LATE for row in below),
        order=by,
        path="/",
        periods=await _periods(page, figures),
    )


def _elsewhere(page: Page) -> Response:
    """Lead who sees no figures to the first page that is his, or say what there is for him."""
    first = next((entry.path for entry in page.menu if entry.path in _WHERE_WORK_IS), None)
    return page.see(first) if first else page.render("nowhere.html")


async def _periods(page: Page, figures: Mapping[str, Any]) -> list[str]:
    """Return the periods that have a target, where the asked one has nothing."""
    if figures["ratio"] or figures["admitted"]:
        return []
    return periods_of(await targets_of(page, figures["unit"]))
