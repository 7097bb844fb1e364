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

    @property
    def duty(self) -> str:
        """Return the act that it waits for."""
        code = str(self.told["code"])
        return words(f"portal_case/waits.{code}") if self.told["kind"] == "deadline" else ""


@router.get("/viec")
async def work(page: PageHere) -> Response:
    """Show what is to be done."""
    query = page.request.query_params
    unit = query.get("don-vi") or None
    if unit not in page.places.by_code:
        unit = None
    told = await page.client.get(
        "/dossiers/work", unit=unit, cursor=query.get("tiep"), limit=A_PAGE
    )
    tasks = [task_of(page, each) for each in told["tasks"]]
    return page.render(
        "work.html",
        section="work",
        groups=grouped(tasks),
        next=told["next"],
        unit=unit,
        grounds=GROUNDS,
        count=len(tasks),
    )


@router.post("/viec/{task}/{deed}")
async def take_up(page: PageHere, task: UUID, deed: str) -> Response:
    """Settle what was refused to a policy, or try it again; then show what is left."""
    if deed not in DEEDS:
        raise NotFound
    form = await page.form()
    told = {name: form.get(name) for name in DEEDS[deed].fields}
    body = {name: text for name, text in told.items() if text}
    answer = await page.client.post(
        f"/dossiers/tasks/{task}/{DEEDS[deed].resource}", body, key=form.key
    )
    return page.see("/viec", after=answer.body["position"])


def grouped(tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """Return the tasks by group, in the order in which they press; within one as they came."""
    groups = ((name, [task for task in tasks if task.group == name]) for name in GROUPS)
    return [(name, those) for name, those in groups if those]


def task_of(page: Page, told: Json) -> Task:
    """Return a task with the group that it belongs to for who asks."""
    on, long = date.fromisoformat(told["on"]), told["long_overdue"]
    if told["kind"] != "deadline":
        shape = "bad" if told["kind"] == "refused" else "late"
        group = "long" if long else "attention"
        return Task(told, group, shape, words(f"portal_case/work.{told['kind']}"))
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
