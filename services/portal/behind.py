"""What is behind a number: the facts that make it, whose sum it is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.client import path_part
from services.portal.naming import called
from services.portal.page import PageHere

router = APIRouter()
A_PAGE = 100
_DECIMALS = 6


@router.get("/con-so/{code}/{figure:path}.xlsx")
async def workbook(page: PageHere, code: str, figure: str) -> Response:
    """Return the facts behind a number as a workbook."""
    return page.handed_on(f"/reporting/facts/{code}.xlsx", figure=figure, **page.moment.question())


@router.get("/con-so/{code}/{figure:path}")
async def behind(page: PageHere, code: str, figure: str) -> Response:
    """Show the facts behind a number."""
    told = await page.client.get(
        f"/reporting/facts/{path_part(code)}", figure=figure, **page.moment.question()
    )
    rows: list[dict[str, Any]] = told["facts"]
    number = page.request.query_params.get("trang", "1")
    first = (int(number[:_DECIMALS]) - 1) * A_PAGE if number.isascii() and number.isdecimal() else 0
    first = max(0, min(first, (len(rows) - 1) // A_PAGE * A_PAGE))
    return page.render(
        "behind.html",
        section="figures",
        code=code,
        figure=figure,
        title=called(figure, page.places),
        way=page.places.path(code),
        rows=rows[first : first + A_PAGE],
        count=len(rows),
        first=first,
        a_page=A_PAGE,
        total=sum(row["n"] for row in rows),
        positions=told["positions"],
        path=f"/con-so/{path_part(code)}/{path_part(figure)}",
    )
