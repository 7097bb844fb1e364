"""What is to be done: due or blocked in one's scope, what is nearest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from infra.access import NotFound
from services.portal.clocks import remaining
from services.portal.page import Page, PageHere
from services.portal.written import words

Json = Mapping[str, Any]

router = APIRouter()
A_PAGE = 50
SOON = timedelta(days=3)
GROUPS = ("overdue", "today", "soon", "later", "others", "attention", "long")
_DUTY = {
    "certificate": "vote",
    "papers": "vote",
    "decision": "decide",
    "ceremony": "hold_ceremony",
    "recognition_vote": "recognise",
    "recognition": "recognise",
}
"""Whose act ends a clock: without that duty one waits for another unit."""


_CASES = "verification"
_REFUSED: Json = {"kind": "refused", "fact": None, "long_overdue": False}
"""What dossiers says of each of its tasks, and verification of none: they are all alike."""
_NONE: Json = {"tasks": (), "next": None}
_WHOLE, _START = "", "0"
"""Of two lists that are one, what stands for the end of one of them, and for its beginning."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What can be done to a refused command."""

    resource: str
    fields: tuple[str, ...]


DEEDS = {
    "khep-lai": Deed("settlement", ("ground", "document")),
    "lam-lai": Deed("retry", ("document",)),
}
GROUNDS = ("done-otherwise", "not-needed", "recorded-wrongly")


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done, and how near it is."""

    told: Json
    group: str
    shape: str
    left: str
    of: str = "dossiers"
    """The service that tells of it."""

    @property
    def duty(self) -> str:
        """Return the act that it waits for."""
        code = str(self.told["code"])
        return words(f"portal_case/waits.{code}") if self.told["kind"] == "deadline" else ""

    @property
    def path(self) -> str:
        """Return where it is worked on."""
        room = "tham-tra" if self.of == _CASES else "ho-so"
        return f"/{room}/{self.told['candidacy']}"

    @property
    def taken_up_at(self) -> str:
        """Return where its forms are sent."""
        room = "/viec/tham-tra" if self.of == _CASES else "/viec"
        return f"{room}/{self.told['task']}"


@router.get("/viec")
async def work(page: PageHere) -> Response:
    """Show what is to be done: in dossiers, and what was refused to a policy of verification."""
    query = page.request.query_params
    unit = query.get("don-vi") or None
    if unit not in page.places.by_code:
        unit = None
    at, at_cases = _places(query.get("tiep"))
    told: Json = _NONE
    cases: Json | None = _NONE
    if at != _WHOLE:
        told = await page.client.get("/dossiers/work", unit=unit, cursor=_cursor(at), limit=A_PAGE)
    if at_cases != _WHOLE and page.sees(_CASES):
        # It is little of the work, and the rest does not wait for it.
        cases = await page.client.part(
            "/verification/tasks", unit=unit, cursor=_cursor(at_cases), limit=A_PAGE
        )
    tasks = [task_of(page, each) for each in told["tasks"]]
    tasks += [task_of(page, {**_REFUSED, **each}, _CASES) for each in (cases or _NONE)["tasks"]]
    return page.render(
        "work.html",
        section="work",
        groups=grouped(sorted(tasks, key=lambda task: _nearness(task, page.today))),
        next=_joined(told["next"], cases["next"] if cases else told["next"] and at_cases),
        without_cases=cases is None,
        unit=unit,
        grounds=GROUNDS,
        count=len(tasks),
    )


@router.post("/viec/{task}/{deed}")
async def take_up(page: PageHere, task: UUID, deed: str) -> Response:
    """Settle what was refused to a policy, or try it again; then show what is left."""
    return await _taken_up(page, f"/dossiers/tasks/{task}", deed)


@router.post("/viec/tham-tra/{task}/{deed}")
async def take_up_of_case(page: PageHere, task: UUID, deed: str) -> Response:
    """Do the same to what was refused to a policy of verification."""
    return await _taken_up(page, f"/verification/tasks/{task}", deed)


async def _taken_up(page: Page, path: str, name: str) -> Response:
    if (deed := DEEDS.get(name)) is None:
        raise NotFound
    form = await page.form()
    told = {field: form.get(field) for field in deed.fields}
    body = {field: text for field, text in told.items() if text}
    answer = await page.client.post(f"{path}/{deed.resource}", body, key=form.key)
    return page.see("/viec", after=answer.body["position"])


def _places(told: str | None) -> tuple[str, str]:
    """Return where each of the two lists goes on."""
    if told is None:
        return _START, _START
    first, _, second = told.partition(".")
    return first, second


def _cursor(place: str) -> str | None:
    return None if place == _START else place


def _joined(first: str | None, second: str | None) -> str | None:
    """Return where both lists go on, as one; None at the end of both."""
    return f"{first or _WHOLE}.{second or _WHOLE}" if first or second else None


def _nearness(task: Task, today: date) -> tuple[bool, timedelta]:
    """Return what puts two lists in the one order that each of them has."""
    return task.told["long_overdue"], abs(date.fromisoformat(task.told["on"]) - today)


def grouped(tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """Return the tasks by group, in the order in which they press; within one as they came."""
    groups = ((name, [task for task in tasks if task.group == name]) for name in GROUPS)
    return [(name, those) for name, those in groups if those]


def task_of(page: Page, told: Json, of: str = "dossiers") -> Task:
    """Return a task with the group that it belongs to for who asks."""
    on, long = date.fromisoformat(told["on"]), told["long_overdue"]
    if told["kind"] != "deadline":
        shape = "bad" if told["kind"] == "refused" else "late"
        group = "long" if long else "attention"
        return Task(told, group, shape, words(f"portal_case/work.{told['kind']}"), of)
    shape, left = remaining(told["code"], on, page.today)
    mine = page.may("candidacy", _DUTY.get(told["code"], ""))
    group = "long" if long else when(on, page.today) if mine else "others"
    return Task(told, group, shape, left)


def when(on: date, today: date) -> str:
    """Return the group of a day: one is overdue from the day after."""
    if on < today:
        return "overdue"
    if on == today:
        return "today"
    return "soon" if on <= today + SOON else "later"
