"""The page of a candidacy: its steps, the next act, what is blocked, deadlines, history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from events.calendar import age_in_years
from infra.access import NotFound
from services.portal.acts import ABOUT, ACTS, DUTIES, JOURNEY, Acts, acts_of, fields
from services.portal.client import Answer, ApiProblem, Problem
from services.portal.clocks import Clock, clocks
from services.portal.fields import Sheet
from services.portal.page import Page, PageHere
from services.portal.steps import done_on, line
from services.portal.told import history, is_id, said, who
from services.portal.written import day, minute, words

Json = Mapping[str, Any]


def candidacy_of(candidacy: str) -> UUID:
    """Return the id that an address names. Raises NotFound where it names none."""
    if not is_id(candidacy):
        raise NotFound
    return UUID(candidacy)


Case = Annotated[UUID, Depends(candidacy_of)]

router = APIRouter()
STALE, UNSEEN = 412, 404
A_PAGE = 200
PURPOSES = ("papers", "check", "inquiry", "inspection")
SHOWN_FACETS = ("sex", "youth_union", "occupation", "source_group", "referral_round")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A candidacy with all that its page shows, as it was read."""

    told: Json
    person: Json | None
    """Who it is; None for who may not read that, or once it is destroyed."""
    acts: Acts
    clocks: list[Clock]
    rows: list[Json]
    """Its history, as far as it is seen."""
    without_history: bool
    """Whether the history cannot be had just now; the steps are those of the candidacy itself."""
    accounts: Mapping[str, str]

    @property
    def id(self) -> str:
        """Return the id of the candidacy."""
        return str(self.told["candidacy"])

    @property
    def short(self) -> str:
        """Return the end of its id: ids that were given together begin alike."""
        return self.id[-8:]

    @property
    def version(self) -> str:
        """Return the version that was read."""
        return str(self.told["version"])

    @property
    def name(self) -> str:
        """Return by which name the page is headed."""
        short = self.short
        if self.person is None:
            return words("portal_case/case.nameless", case=short)
        return self.person.get("full_name") or words("portal_case/case.shredded", case=short)


async def read(page: Page, case: UUID, purpose: str = "case") -> File:
    """Read a candidacy for its page. Raises ApiProblem."""
    told = await page.client.get(f"/dossiers/candidacies/{case}")
    asked_for = words(f"portal_case/purpose.{purpose}")
    person = None
    if told["may_read_person"]:
        person = await page.client.get(f"/dossiers/candidacies/{case}/person", purpose=asked_for)
    rows = await recorded(page, case)
    accounts = await run_in_threadpool(page.portal.access.accounts)
    steps = told["steps"]
    return File(
        told=told,
        person=person,
        acts=acts_of(told["acts"], steps),
        clocks=clocks(told["deadlines"], steps, page.today),
        rows=rows or [],
        without_history=rows is None,
        accounts={account.id: account.name for account in accounts},
    )


async def recorded(page: Page, case: UUID) -> list[Json] | None:
    """Return the history of a candidacy; None while it cannot be had.

    It is empty for who sees the candidacy and not its history.
    """
    if not page.sees("history"):
        return []
    rows: list[Json] = []
    cursor = None
    while True:
        try:
            told = await page.client.part(
                "/reporting/history", case=str(case), cursor=cursor, limit=A_PAGE
            )
        except ApiProblem as error:
            if error.problem.status != UNSEEN:
                raise
            return []
        if told is None:
            return None
        rows += told["events"]
        cursor = told["next"]
        if cursor is None:
            return rows


def sheet_of(file: File, act: str) -> Sheet:
    """Return the empty form of an act."""
    told = next(each for each in file.told["acts"] if each["act"] == act)
    return Sheet(fields=fields(told), version=file.version)


@router.get("/ho-so/{candidacy}")
async def show(page: PageHere, candidacy: Case) -> Response:
    """Show a candidacy, with the form of the act that it waits for."""
    purpose = page.request.query_params.get("de", "case")
    file = await read(page, candidacy, purpose if purpose in PURPOSES else "case")
    act = file.acts.next if file.acts.next in file.acts.open else None
    return shown(page, file, act, sheet_of(file, act) if act else None, purpose=purpose)


@router.get("/ho-so/{candidacy}/{act}")
async def choose(page: PageHere, candidacy: Case, act: str) -> Response:
    """Show a candidacy, with the form of a certain act."""
    if act not in ACTS:
        raise NotFound
    file = await read(page, candidacy)
    return shown(page, file, act, sheet_of(file, act) if act in file.acts.open else None)


@router.post("/ho-so/{candidacy}/{act}")
async def do(page: PageHere, candidacy: Case, act: str) -> Response:
    """Record an act, once; or say beside the fields why not."""
    if act not in ACTS:
        raise NotFound
    form = await page.form()
    file = await read(page, candidacy)
    sheet, body = sheet_of(file, act).body(form)
    if sheet.wrong:
        return shown(page, file, act, sheet, status=422)
    try:
        answer = await page.client.post(
            f"/dossiers/candidacies/{candidacy}/{act}",
            body,
            key=sheet.key,
            version=sheet.version,
        )
    except ApiProblem as error:
        return await refused(page, candidacy, act, sheet, error.problem)
    return written(page, candidacy, answer)


def written(page: Page, candidacy: UUID, answer: Answer) -> Response:
    """Lead to the candidacy as it stands after an act; one that was so already says that."""
    position = answer.body["position"]
    return page.see(f"/ho-so/{candidacy}", after=position, cu=None if position else 1)


async def refused(
    page: Page, candidacy: UUID, act: str, sheet: Sheet, problem: Problem
) -> Response:
    """Show why an act was not recorded, with what was written; after a change, the new state."""
    file = await read(page, candidacy)
    if problem.status == STALE:
        meanwhile = changes_since(page, file, sheet.version)
        new = replace(sheet_of(file, act), values=sheet.values)
        return shown(page, file, act, new, status=STALE, meanwhile=meanwhile)
    return shown(page, file, act, sheet.refused(problem, ABOUT), status=problem.status)


def changes_since(page: Page, file: File, version: str) -> list[str]:
    """Say who changed a candidacy after the version that was seen, and what."""
    seen = int(version) if version.isdecimal() else 0
    return [
        words(
            "portal_case/case.changed-by",
            who=who(row, file.accounts),
            recorded=minute(row["recorded"]),
            what=said(row, page.places),
        )
        for row in file.rows
        if row["case"] == file.id and int(row["version"]) > seen
    ]


def shown(  # noqa: PLR0913 - what the page may be about
    page: Page,
    file: File,
    act: str | None,
    sheet: Sheet | None,
    *,
    status: int = 200,
    purpose: str = "case",
    meanwhile: list[str] | None = None,
    correction: Mapping[str, Any] | None = None,
) -> Response:
    """Return the page of a candidacy."""
    steps = file.told["steps"]
    events, opening = history(file.rows, file.told, page.places, file.accounts)
    return page.render(
        "case.html",
        status=status,
        section="people",
        file=file,
        act=act,
        sheet=sheet,
        why=file.acts.why(act or file.acts.next),
        doers=doers(page, act or file.acts.next),
        newest=newest(file.rows),
        steps=line(steps, JOURNEY.get(file.acts.next or "")),
        findings=findings(steps),
        facets=facets(page, file),
        events=events,
        opening=opening,
        purpose=purpose if purpose in PURPOSES else None,
        purposes=PURPOSES,
        meanwhile=meanwhile,
        correction=correction,
    )


def doers(page: Page, act: str | None) -> list[str]:
    """Return the roles of today that do an act."""
    duty = DUTIES.get(act or "")
    return [
        role.name
        for role in page.portal.access.roles.roles.values()
        if role.in_force(page.today)
        and any(duty in may.acts for may in role.permissions.get("candidacy", ()))
    ]


def newest(rows: list[Json]) -> str | None:
    """Return the position up to which the page speaks of the candidacy."""
    positions = (str(row["position"]) for row in rows if row["ledger"] == "dossiers")
    return max(positions, key=lambda text: int(text.partition(":")[2]), default=None)


def facets(page: Page, file: File) -> list[str]:
    """Say in a few words who it is, as far as everybody may know."""
    told = file.told["facets"]
    said_: list[str] = []
    born = file.person and file.person.get("birth_date")
    if born:
        years = age_in_years(date.fromisoformat(born), page.today)
        said_.append(words("portal_case/case.age", years=years))
    if sex := told.get("sex"):
        said_.append(words(f"portal_case/sex.{sex}"))
    if told.get("youth_union"):
        said_.append(words("portal_case/facet.member"))
    said_ += [str(told[name]) for name in SHOWN_FACETS[2:] if told.get(name)]
    return said_


def findings(steps: list[Json]) -> list[str]:
    """Say what does not fit in the acts as they stand."""
    return [
        words(
            "portal_case/case.finding",
            step=words(f"portal_case/step.{step['fact']}"),
            on=day(done_on(step)),
            finding=finding["title"],
        )
        for step in steps
        for finding in step["findings"]
    ]
