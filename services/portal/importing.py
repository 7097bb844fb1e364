"""Importing a file: choosing it, what its check found, mending, and writing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.client import ApiProblem, Problem
from services.portal.fields import Field, Sheet
from services.portal.page import Page, PageHere
from services.portal.written import words

router = APIRouter()
_BUSY = frozenset({"checking", "writing"})
_PATIENCE_SECONDS = 2
_MALFORMED = 422
Json = Mapping[str, Any]


@router.get("/nhap")
async def choose(page: PageHere) -> Response:
    """Show where a file is chosen, and the files that were sent in."""
    return await _form(page, _sheet([]))


@router.post("/nhap")
async def send(page: PageHere) -> Response:
    """Send a file in, and show what its check found."""
    form = await page.form()
    kinds = (await page.client.get("/imports/kinds"))["kinds"]
    sheet, told = _sheet(kinds).body(form)
    wrong = dict(sheet.wrong)
    file = form.files.get("file")
    if file is None:
        wrong["file"] = words("portal_work/import.no-file")
    corrects = told.get("manner") == "correct"
    for name in ("reason", "document") if corrects else ():
        if name not in told:
            wrong[name] = words("portal_work/import.correct-needs")
    sheet = _with(sheet, wrong)
    if file is None or wrong:
        return await _form(page, sheet, kinds=kinds, status=_MALFORMED)
    body = {name: told[name] for name in ("kind", "reason", "document") if name in told}
    if body["kind"] == "any":
        del body["kind"]
    try:
        answer = await page.client.post(
            "/imports/imports",
            body | {"correct": "true" if corrects else "false"},
            key=form.key,
            files={"file": (file.name, file.content)},
        )
    except ApiProblem as error:
        refused = sheet.refused(error.problem, {"unknown-kind": "kind"})
        return await _form(page, refused, kinds=kinds, status=error.problem.status)
    return page.see(f"/nhap/{answer.body['import']}")


@router.get("/nhap/mau/{kind}.xlsx")
async def template(page: PageHere, kind: str) -> Response:
    """Return a workbook to be filled in."""
    return page.handed_on(f"/imports/templates/{kind}.xlsx")


@router.get("/nhap/{upload}")
async def preview(page: PageHere, upload: UUID) -> Response:
    """Show what the check of a file found, or how far its writing came."""
    return await _shown(page, upload)


@router.get("/nhap/{upload}/loi.csv")
async def errors(page: PageHere, upload: UUID) -> Response:
    """Return the rows of a file with what is wrong with each."""
    table = page.request.query_params.get("bang", "0")
    return page.handed_on(f"/imports/imports/{upload}/errors.csv", table=table)


@router.post("/nhap/{upload}/ghi")
async def commit(page: PageHere, upload: UUID) -> Response:
    """Write a file that was checked; how far that is, its page shows."""
    form = await page.form()
    try:
        await page.client.post(
            f"/imports/imports/{upload}/commit",
            {"accept_good": form.get("accept_good") == "yes"},
            key=form.key,
            version=form.values.get("version", ""),
        )
    except ApiProblem as error:
        return await _shown(page, upload, error.problem)
    return page.see(f"/nhap/{upload}")


def _sheet(kinds: list[Json]) -> Sheet:
    def asked(name: str, **more: Any) -> Field:  # noqa: ANN401 - what a field may be
        key = f"portal_work/import.{name}"
        return Field(
            name=name, label=words(key), hint=words(f"{key}-hint"), **{"required": False} | more
        )

    named = [("any", words("portal_work/import.kind-any"))]
    named += [(each["kind"], each["title"]) for each in kinds]
    manners = [(each, words(f"portal_work/import.manner-{each}")) for each in ("add", "correct")]
    return Sheet(
        fields=[
            asked("kind", kind="choice", choices=named, value="any", required=True),
            asked("manner", kind="choice", choices=manners, value="add", required=True),
            asked("reason", longest=1000),
            asked("document"),
        ]
    )


def _with(sheet: Sheet, wrong: Mapping[str, str]) -> Sheet:
    return Sheet(fields=sheet.fields, key=sheet.key, values=sheet.values, wrong=wrong)


async def _form(
    page: Page, sheet: Sheet, *, kinds: list[Json] | None = None, status: int = 200
) -> Response:
    granted = kinds or (await page.client.get("/imports/kinds"))["kinds"]
    before = (await page.client.get("/imports/imports"))["imports"]
    shown = Sheet(
        fields=_sheet(granted).fields,
        key=sheet.key,
        values=sheet.values,
        wrong=sheet.wrong,
        problem=sheet.problem,
    )
    return page.render(
        "imports.html", status=status, section="import", sheet=shown, kinds=granted, before=before
    )


async def _shown(page: Page, upload: UUID, problem: Problem | None = None) -> Response:
    path = f"/imports/imports/{upload}"
    answer = await page.client.listed(path)
    told: Json = answer.body
    if told["state"] in _BUSY and "HX-Request" not in page.request.headers:
        # What takes no longer than a page may is shown done at once.
        answer = await page.client.listed(path, wait=_PATIENCE_SECONDS)
        told = answer.body
    tables: list[Json] = told["tables"]
    after = ",".join(f"{ledger}:{at}" for ledger, at in sorted(told["positions"].items()) if at)
    return page.render(
        "import.html",
        status=problem.status if problem else 200,
        section="import",
        told=told,
        busy=told["state"] in _BUSY,
        bad=sum(table["bad"] for table in tables),
        good=sum(table["good"] for table in tables),
        changed=sum(table["changed"] for table in tables),
        refused=any(table["refused"] for table in tables),
        after=after,
        problem=problem,
        path=f"/nhap/{upload}",
    )
