"""People by beginnings of their names, marks or none; units and numbers of dossiers beside them.

What is typed comes in a form, and stands in no address but sealed: addresses are kept by browsers
and in logs. The sealed one opens again for the account that asked, so going back works.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from infra.http import Cursors, Malformed
from services.portal.client import ApiProblem
from services.portal.page import Page, PageHere
from services.portal.places import Place
from services.portal.standing import folded
from services.portal.told import is_id

router = APIRouter()
LONGEST = 200
MOST_UNITS = 12
_SHORTEST = 2


@router.post("/tim")
async def ask(page: PageHere) -> Response:
    """Lead to what is found; the number of a dossier leads to it at once."""
    form = await page.form()
    q = " ".join((form.get("q") or "").split())[:LONGEST]
    if is_id(q) and await _exists(page, q):
        return page.see(f"/ho-so/{q}")
    return page.see("/tim", hoi=_sealing(page).seal([q], _about(page)) if q else None)


@router.get("/tim")
async def search(page: PageHere) -> Response:
    """Show who and what is found."""
    query = page.request.query_params
    q = _asked(page, query.get("hoi"))
    found = None
    if len(q) >= _SHORTEST and page.sees("person"):
        answer = await page.client.ask(
            "POST", "/dossiers/people/search", {"cursor": query.get("tiep")}, json={"q": q}
        )
        found = answer.body
    return page.render(
        "search.html",
        section="people",
        q=q,
        asked=query.get("hoi"),
        short=0 < len(q) < _SHORTEST,
        found=found,
        first=not query.get("tiep"),
        units=units(page, q) if len(q) >= _SHORTEST else [],
    )


def _asked(page: Page, sealed: str | None) -> str:
    """Return what was asked; nothing where the address is another account's, or nobody's."""
    try:
        return str(_sealing(page).open(sealed, _about(page))[0]) if sealed else ""
    except Malformed:
        return ""


def _sealing(page: Page) -> Cursors:
    return Cursors(page.portal.access.questions_secret)


def _about(page: Page) -> str:
    return f"tim/{page.session.account}"


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
