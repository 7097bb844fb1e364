"""What may be done to a record that a page shows: one form, and why other acts are not open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infra.access import ActNotGranted
from services.portal.client import Answer, ApiProblem, Problem
from services.portal.fields import Field, Sheet
from services.portal.page import Page
from services.portal.written import has_words, words

Json = Mapping[str, Any]
MALFORMED, REFUSED = 422, 409


def _as_told(told: dict[str, Any]) -> dict[str, Any]:
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An act as a page offers it."""

    act: str
    """What the table of roles and the service call it."""
    slug: str
    """The last part of the address of its form."""
    resource: str
    """The last part of the address at which the service takes it."""
    fields: Callable[[Page, Json], Sequence[Field]]
    """Its fields, for a record as it stands; none where there is nothing to do it to."""
    body: Callable[[dict[str, Any]], dict[str, Any]] = _as_told
    """Makes what was read in the fields the body of the command."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Beside which field a refusal is said, by its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What may be done to a record: the form that is open, the others, and what is blocked."""

    section: str
    """Of the words."""
    chosen: Deed | None
    sheet: Sheet | None
    open: Sequence[Deed]
    blocked: Sequence[tuple[Deed, Problem]]
    not_granted: Sequence[Deed]
    """Acts that the role does not do."""
    why: Problem | None = None
    """Why the one that was asked for is not open."""


def asked(section: str, name: str, **more: Any) -> Field:  # noqa: ANN401 - what a field may be
    """Return a field with the words of a section."""
    key = more.pop("key", name.replace("_", "-"))
    label, hint = f"portal_work/{section}.field-{key}", f"portal_work/{section}.hint-{key}"
    return Field(
        name=name, **{"label": words(label), "hint": words(hint) if has_words(hint) else ""} | more
    )


def day_asked(page: Page, section: str, **more: Any) -> Field:  # noqa: ANN401 - as `asked`
    """Return the day of an act, which is today unless one writes another."""
    today = page.today.strftime("%d/%m/%Y")
    return asked(section, "on", **{"kind": "day", "value": today} | more)


def deeds_of(  # noqa: PLR0913 - a record, and what is asked of it
    page: Page,
    told: Json,
    deeds: Sequence[Deed],
    *,
    section: str,
    slug: str | None = None,
    sheet: Sheet | None = None,
) -> Deeds:
    """Judge what may be done to a record; what the service blocks says why."""
    judged = {each["act"]: each for each in told["acts"]}
    blocked, not_granted, offered = [], [], []
    for deed in deeds:
        verdict = judged.get(deed.act)
        if verdict and not verdict["allowed"]:
            blocked.append((deed, _problem(verdict["blocked"])))
            if _is_not_granted(verdict):
                not_granted.append(deed)
        elif verdict and deed.fields(page, told):
            offered.append(deed)
        elif verdict:
            nothing = words("portal_work/deeds.to-nothing")
            blocked.append((deed, Problem(status=REFUSED, code="to-nothing", title=nothing)))
    wanted = next((deed for deed in deeds if deed.slug == slug), None)
    if not sheet and wanted not in offered and "after" in page.request.query_params:
        wanted = None  # it was done, for the last time: what is next is shown
    why = next((problem for deed, problem in blocked if deed is wanted), None)
    first = None if why else next(iter(offered), None)
    chosen = wanted if sheet or wanted in offered else first
    if chosen and sheet is None:
        sheet = sheet_of(page, told, chosen)
    return Deeds(
        section=section,
        chosen=chosen,
        sheet=sheet,
        open=[deed for deed in offered if deed is not chosen],
        blocked=[pair for pair in blocked if pair[0] is not wanted and pair[0] not in not_granted],
        not_granted=[deed for deed in not_granted if deed is not wanted],
        why=why,
    )


def sheet_of(page: Page, told: Json, deed: Deed) -> Sheet:
    """Return the form of an act; what the address names is filled in."""
    fields = [
        replace(each, value=page.request.query_params.get(each.name, each.value))
        for each in deed.fields(page, told)
    ]
    return Sheet(fields=fields, version=str(told["version"]))


async def do(
    page: Page, told: Json, deed: Deed, path: str
) -> tuple[Sheet | None, Answer | None, int]:
    """Do what a form asks for. Returns the form, the answer, and the status of a refusal.

    There is no form any more where nothing is left to do it to. Raises ActNotGranted.
    """
    form = await page.form()
    verdict = next((each for each in told["acts"] if each["act"] == deed.act), None)
    if verdict is None or _is_not_granted(verdict):
        raise ActNotGranted(role=page.role, act=deed.act)
    empty = sheet_of(page, told, deed)
    if not empty.fields:
        return None, None, REFUSED
    sheet, read = empty.body(form)
    if sheet.wrong:
        return sheet, None, MALFORMED
    try:
        answer = await page.client.post(
            f"{path}/{deed.resource}", deed.body(read), key=sheet.key, version=sheet.version
        )
    except ApiProblem as error:
        return sheet.refused(error.problem, deed.about), None, error.problem.status
    return sheet, answer, 0


def _is_not_granted(verdict: Json) -> bool:
    return not verdict["allowed"] and verdict["blocked"]["code"] == "act-not-granted"


def _problem(why: Json) -> Problem:
    return Problem(
        status=REFUSED,
        code=why["code"],
        title=why["title"],
        detail=why.get("detail"),
        clause=why.get("clause"),
        frees=why.get("frees"),
    )
