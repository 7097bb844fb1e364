"""Proposing a person as a source of admission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from events.rulebook import rulebook
from infra.access import ActNotGranted
from services.portal.client import ApiProblem
from services.portal.fields import Field, Sheet, asked
from services.portal.page import Page, PageHere
from services.portal.written import day, words

router = APIRouter()
MOST_LISTED = 200
"""Above so many units, the unit is asked for by its code."""
FACETS = (
    "sex",
    "ethnic_group",
    "youth_union",
    "occupation",
    "source_group",
    "referred_by",
    "referral_round",
)
ABOUT: Mapping[str, str] = {
    "person-ref-missing": "person_ref",
    "person-shredded": "person_ref",
    "person-already-known": "person_ref",
    "candidacy-open-already": "person_ref",
    "differs-from-recorded": "person_ref",
    "days-out-of-order": "on",
    "day-to-come": "on",
    "role-not-in-force": "on",
    "unknown-unit": "unit",
    "unit-does-not-admit": "unit",
    "unit-not-valid-on-that-day": "unit",
}
"""Beside which field a refusal is said."""


@router.get("/gioi-thieu")
async def show(page: PageHere) -> Response:
    """Show the form."""
    return shown(page, sheet_of(page))


@router.post("/gioi-thieu")
async def nominate(page: PageHere) -> Response:
    """Nominate, once; then show the new candidacy."""
    form = await page.form()
    sheet, told = sheet_of(page).body(form)
    if sheet.wrong:
        return shown(page, sheet, status=422)
    try:
        answer = await page.client.post("/dossiers/candidacies", body(told), key=sheet.key)
    except ApiProblem as error:
        problem = error.problem
        return shown(page, sheet.refused(problem, ABOUT), status=problem.status)
    candidacy, position = answer.body["candidacy"], answer.body["position"]
    return page.see(f"/ho-so/{candidacy}", after=position, cu=None if position else 1)


def body(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a person as a nomination."""
    facets = {name: told[name] for name in FACETS if name in told}
    return {name: value for name, value in told.items() if name not in FACETS} | {"facets": facets}


def sheet_of(page: Page) -> Sheet:
    """Return the empty form. Raises ActNotGranted."""
    if not page.may("candidacy", "nominate"):
        raise ActNotGranted(role=page.role)
    yes_no = [(code, words(f"portal_case/form.{code}")) for code in ("yes", "no")]
    groups = [(group.name, "") for group in rulebook().ethnic_groups.values()]
    until = words("portal_case/limit.day-until", most=day(page.today))
    rounds = {"required": False, "longest": 200}
    return Sheet(
        fields=[
            _unit(page),
            asked("on", words="nominated-on", kind="day", hint=until),
            asked("full_name", words="full-name"),
            asked("birth_date", words="birth-date", kind="day"),
            asked("person_ref", words="person-ref"),
            asked(
                "sex",
                kind="choice",
                required=False,
                choices=[(sex, words(f"portal_case/sex.{sex}")) for sex in ("female", "male")],
            ),
            asked("ethnic_group", words="ethnic-group", choices=groups, **rounds),
            asked("religion", **rounds),
            asked(
                "youth_union",
                words="youth-union",
                kind="yes-no",
                required=False,
                choices=yes_no,
            ),
            asked("occupation", **rounds),
            asked("source_group", words="source-group", **rounds),
            asked("referred_by", words="referred-by", required=False, longest=64),
            asked("referral_round", words="referral-round", **rounds),
            asked("document", required=False),
        ]
    )


def _unit(page: Page) -> Field:
    kinds = rulebook().unit_kinds
    takers = [
        (place.code, f"{place.name} ({place.code})")
        for place in page.places.by_code.values()
        if place.kind in kinds and kinds[place.kind].admits
    ]
    if len(takers) > MOST_LISTED:
        return asked("unit", longest=64, hint=words("portal_case/nominate.unit-code-hint"))
    return asked(
        "unit",
        kind="choice",
        choices=takers,
        value=takers[0][0] if len(takers) == 1 else "",
        hint=words("portal_case/nominate.unit-hint"),
    )


def shown(page: Page, sheet: Sheet, *, status: int = 200) -> Response:
    """Return the page of the form."""
    return page.render("nominate.html", status=status, section="people", sheet=sheet)
