"""Setting right what is recorded of a candidacy: a new event, with its reason and its paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from infra.access import NotFound
from services.portal import case
from services.portal.acts import ABOUT
from services.portal.case import Case, File
from services.portal.client import ApiProblem, Problem
from services.portal.fields import Field, Sheet, asked
from services.portal.page import Page, PageHere
from services.portal.steps import done_on
from services.portal.written import day, words

Json = Mapping[str, Any]

router = APIRouter()
DAY, UNIT, RETRACT = "day", "unit", "retract"
FACETS = (
    "sex",
    "ethnic_group",
    "youth_union",
    "occupation",
    "source_group",
    "referred_by",
    "referral_round",
    "occasion",
)
_NEEDS = {DAY: "day", UNIT: "unit"}


@router.get("/ho-so/{candidacy}/dinh-chinh")
async def open_form(page: PageHere, candidacy: Case, of: int | None = None) -> Response:
    """Show a candidacy, with the form that sets one of its facts right, or the whole."""
    file = await case.read(page, candidacy)
    return shown(page, file, of, sheet_of(file, of))


@router.post("/ho-so/{candidacy}/dinh-chinh")
async def correct(page: PageHere, candidacy: Case, of: int | None = None) -> Response:
    """Record a correction, once; or say beside the fields why not."""
    form = await page.form()
    file = await case.read(page, candidacy)
    sheet, told = sheet_of(file, of).body(form)
    sheet = needing(sheet, told)
    if sheet.wrong:
        return shown(page, file, of, sheet, status=422)
    fact = fact_of(file, of)
    try:
        answer = await page.client.post(
            f"/dossiers/candidacies/{candidacy}/corrections",
            body(told, fact),
            key=sheet.key,
            version=sheet.version,
        )
    except ApiProblem as error:
        return await refused(page, candidacy, of, sheet, error.problem)
    return case.written(page, candidacy, answer)


async def refused(
    page: Page, candidacy: UUID, of: int | None, sheet: Sheet, problem: Problem
) -> Response:
    """Show why nothing was set right, with what was written; after a change, the new state."""
    file = await case.read(page, candidacy)
    if problem.status == case.STALE:
        meanwhile = case.changes_since(page, file, sheet.version)
        try:
            new = replace(sheet_of(file, of), values=sheet.values)
        except NotFound:
            return case.shown(page, file, None, None, status=case.STALE, meanwhile=meanwhile)
        return shown(page, file, of, new, status=case.STALE, meanwhile=meanwhile)
    about = {**ABOUT, "unknown-facet": "value", "unknown-unit": "unit"}
    return shown(page, file, of, sheet.refused(problem, about), status=problem.status)


def fact_of(file: File, of: int | None) -> Json | None:
    """Return the fact of a version as it stands. Raises NotFound."""
    if of is None:
        return None
    steps: list[Json] = file.told["steps"]
    found = next((step for step in steps if step["of"] == of), None)
    if found is None:
        raise NotFound
    return found


def sheet_of(file: File, of: int | None) -> Sheet:
    """Return the empty form of a correction. Raises NotFound."""
    fact = fact_of(file, of)
    if not file.told["may_correct"]:
        raise NotFound
    fields = of_a_fact(file, fact) if fact else of_the_whole(file)
    paper = [
        asked("reason", kind="area", longest=2000),
        asked("document", longest=200),
    ]
    return Sheet(fields=[*fields, *paper], version=file.version)


def of_a_fact(file: File, fact: Json) -> list[Field]:
    """Return what is asked of a fact that is wrong."""
    kinds = (DAY, UNIT, RETRACT) if file.told["may_retract"] else (DAY, UNIT)
    current = {DAY: day(done_on(fact)), UNIT: f"{fact['unit']['name']} ({fact['unit']['code']})"}
    return [
        asked(
            "what",
            kind="choice",
            value=DAY,
            choices=[(kind, words(f"portal_case/correct.{kind}")) for kind in kinds],
        ),
        *(
            asked(
                name,
                words="day" if name == DAY else "right-unit",
                kind="day" if name == DAY else "text",
                required=False,
                hint=_hint(name, current[name]),
                longest=64,
            )
            for name in (DAY, UNIT)
        ),
    ]


def of_the_whole(file: File) -> list[Field]:
    """Return what is asked where the unit or a facet of the whole candidacy is wrong."""
    facets = [
        (f"facet.{name}", words("portal_case/correct.case-facet", name=_facet(name)))
        for name in FACETS
    ]
    unit = file.told["unit"]
    return [
        asked(
            "what",
            kind="choice",
            value=UNIT,
            choices=[(UNIT, words("portal_case/correct.case-unit")), *facets],
        ),
        asked(
            "unit",
            words="right-unit",
            required=False,
            longest=64,
            hint=_hint(UNIT, f"{unit['name']} ({unit['code']})"),
        ),
        asked("value", required=False, hint=words("portal_case/correct.value-hint")),
    ]


def needing(sheet: Sheet, told: Json) -> Sheet:
    """Return the sheet with what is missing for the kind of correction that is chosen."""
    name = _NEEDS.get(str(told.get("what")))
    if name is None or name in told or name in sheet.wrong:
        return sheet
    what = dict(sheet.fields[0].choices).get(str(told["what"]), "")
    text = words("portal_case/correct.needs", what=what)
    return replace(sheet, wrong={**sheet.wrong, name: text})


def body(told: Json, fact: Json | None) -> dict[str, Any]:
    """Return the correction that is chosen; what else was written does not count."""
    sent: dict[str, Any] = {"reason": told["reason"], "document": told["document"]}
    if fact:
        sent |= {"fact": fact["fact"], "of": fact["of"]}
    match str(told["what"]).partition("."):
        case ("facet", _, name):
            sent["facet"] = {"name": name, "value": told.get("value")}
        case (kind, _, _) if kind == RETRACT:
            sent["retract"] = True
        case (name, _, _):
            sent[name] = told[name]
    return sent


def shown(  # noqa: PLR0913 - as the page of the candidacy
    page: Page,
    file: File,
    of: int | None,
    sheet: Sheet,
    *,
    status: int = 200,
    meanwhile: list[str] | None = None,
) -> Response:
    """Return the page of a candidacy with the form of a correction."""
    fact = fact_of(file, of)
    what = words("portal_case/correct.of-case")
    if fact:
        step = words(f"portal_case/step.{fact['fact']}").lower()
        what = words("portal_case/correct.of-fact", step=step, on=day(done_on(fact)))
    correction = {"sheet": sheet, "what": what, "of": of}
    return case.shown(
        page, file, None, None, status=status, meanwhile=meanwhile, correction=correction
    )


def _hint(name: str, current: str) -> str:
    now = words("portal_case/correct.current", value=current)
    return f"{words(f'portal_case/correct.{name}-hint')} ({now})"


def _facet(name: str) -> str:
    return words(f"portal_case/facet.{name}").lower()
