"""What moves a page: the one stream of changed figures that a browser holds open."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.page import PageHere

router = APIRouter()


@router.get("/truc-tiep")
async def changed(page: PageHere, seen: str = "") -> Response:
    """Tell which figures change, from the positions on that a page has seen."""
    return page.handed_on("/reporting/stream", seen=seen)
