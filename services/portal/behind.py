"""What is behind a number: the facts that make it, whose sum it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.client import path_part
from services.portal.naming import called
from services.portal.page import Page, PageHere

router = APIRouter()
A_PAGE = 100
_DIGITS = 6


@router.get("/con-so/{code}/{figure:path}.xlsx")
async def workbook(page: PageHere, code: str, figure: str) -> Response:
    """Return the facts behind a number as a workbook."""
    return page.handed_on(f"/reporting/facts/{code}.xlsx", figure=figure, **page.moment.question())


@router.get("/con-so/{code}/{figure:path}")
async def behind(page: PageHere, code: str, figure: str) -> Response:
    """Show the facts behind a number."""
    asked = {"figure": figure, **page.moment.question(), "limit": A_PAGE}
    told = await _facts(page, code, asked, _first(page.request.query_params.get("trang", "1")))
    return page.render(
        "behind.html",
        section="figures",
        code=code,
        figure=figure,
        title=called(figure, page.places),
        way=page.places.path(code),
        rows=told["facts"],
        count=told["count"],
        first=told["first"],
        a_page=A_PAGE,
        total=told["total"],
        positions=told["positions"],
        recorded=told["recorded"],
        path=f"/con-so/{path_part(code)}/{path_part(figure)}",
    )


async def _facts(page: Page, code: str, asked: Mapping[str, object], first: int) -> dict[str, Any]:
    """Return a page of facts, the last one where the asked one lies beyond it."""
    path = f"/reporting/facts/{path_part(code)}"
    told: dict[str, Any] = await page.client.get(path, **asked, first=first)
    if first and first >= told["count"]:
        first = max(told["count"] - 1, 0) // A_PAGE * A_PAGE
        told = await page.client.get(path, **asked, first=first)
    return told | {"first": first}


def _first(number: str) -> int:
    """Return how many rows lie before a page."""
    is_number = number.isascii() and number.isdecimal()
    return max(int(number[:_DIGITS]) - 1, 0) * A_PAGE if is_number else 0
