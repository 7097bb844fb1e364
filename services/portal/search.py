"""People by beginnings of their names, marks or none; units and numbers of dossiers beside them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.client import ApiProblem
from services.portal.page import Page, PageHere
from services.portal.places import Place
from services.portal.standing import folded
from services.portal.told import is_id

router = APIRouter()
LONGEST = 200
MOST_UNITS = 12
_SHORTEST = 2


@router.get("/tim")
async def search(page: PageHere) -> Response:
    """Show who and what is found; the number of a dossier leads to it at once."""
    query = page.request.query_params
    q = " ".join(query.get("q", "").split())[:LONGEST]
    if is_id(q) and await _exists(page, q):
        return page.see(f"/ho-so/{q}")
    found = None
    if len(q) >= _SHORTEST and page.sees("person"):
        found = await page.client.get("/dossiers/people", q=q, cursor=query.get("tiep"))
    return page.render(
        "search.html",
        section="people",
        q=q,
        short=0 < len(q) < _SHORTEST,
        found=found,
        first=not query.get("tiep"),
        units=units(page, q) if len(q) >= _SHORTEST else [],
    )


async def _exists(page: Page, case: str) -> bool:
    try:
        await page.client.get(f"/dossiers/candidacies/{case}")
    except ApiProblem:
        return False
    return True


def units(page: Page, q: str) -> list[Place]:
    """Return the units of one's scope that are called or coded like that."""
    wanted = folded(q).split()
    found = [
        place
        for place in page.places.by_code.values()
        if all(part in folded(f"{place.code} {place.name}") for part in wanted)
    ]
    return sorted(found, key=lambda place: folded(place.name))[:MOST_UNITS]
