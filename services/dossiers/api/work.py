"""What is due or blocked in scope, what is nearest to today first; the long overdue come last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response

from infra.http import answer, gives, limit_of, next_link, paged
from infra.http.problems import language
from services.dossiers.api import worded
from services.dossiers.api.answers import TaskShown, Work
from services.dossiers.api.asking import Asking
from services.dossiers.api.people import names, place, standing
from services.dossiers.api.room import Room, Who
from services.dossiers.api.tasks import judged
from services.dossiers.domain.refusals import UnknownUnit
from services.dossiers.view import Task
from services.tasks import why_not
from services.wording import law

Purpose = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"\S")]


def add(app: FastAPI, room: Room) -> None:
    """Add the address of the work list."""

    @app.get("/work", dependencies=[Depends(room.caught_up)], responses=gives({200: Work}))
    def work(  # noqa: PLR0913, PLR0917 - what a list is asked by
        request: Request,
        asking: Who,
        unit: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
        cursor: Annotated[str | None, Query(max_length=500)] = None,
        limit: Annotated[int | None, Query(ge=1, le=200)] = None,
        purpose: Purpose = None,
    ) -> Response:
        """Return deadlines, findings, and what was refused to a policy, of a unit and below.

        Names are read, and that is on record, only where a purpose is given.
        """
        most = limit_of(limit)
        grant = asking.grant
        about = f"work/{grant.account}/{grant.unit}/{grant.role}/{unit}/{asking.today}"
        found = list(islice(_visible(room, asking, unit, cursor, about), most + 1))
        page = paged(found, most, _place, room.cursors, about)
        lang = language(request.scope)
        return answer(
            Work(tasks=_shown(room, asking, page.items, lang, purpose), next=page.next),
            200,
            next_link(request, page),
        )


def _visible(
    room: Room, asking: Asking, code: str | None, cursor: str | None, about: str
) -> Iterator[Task]:
    top = asking.grant.unit
    if code is not None and (found := asking.code_of(code, asking.today)) is None:
        raise UnknownUnit(unit=code, columns=("unit",))
    if code is not None and found:
        top = found
    after: tuple[Any, ...] = ()
    if cursor is not None:
        late, distance, near, candidacy, what = room.cursors.open(cursor, about)
        after = (late, distance, near, bytes.fromhex(candidacy), what)
    tree, today = asking.tree, asking.today
    for task in room.view.tasks(asking.units(), today, after):
        at = tree.taking(task.of.unit, today)
        day = today if at else date.fromordinal(task.of.last_day)
        unit = at or task.of.unit
        if not asking.sees("task", unit, day) or not asking.decide(standing(task.of)):
            continue
        if unit == top or top in tree.ancestors(unit, day):
            yield task


def _place(task: Task) -> tuple[int, int, int, str, str]:
    late, distance, near, candidacy, what = task.place
    return late, distance, near, candidacy.hex(), what


def _shown(
    room: Room, asking: Asking, tasks: list[Task], lang: str, purpose: str | None
) -> list[TaskShown]:
    found = [task.of for task in tasks]
    told = names(room, asking, found, purpose, ("full_name",)) if purpose else {}
    return [
        TaskShown(
            candidacy=task.of.candidacy,
            kind=task.told.kind,
            code=task.told.code,
            title=worded.task(task.told, lang),
            on=task.told.on,
            overdue=task.told.kind == "deadline" and task.told.on < asking.today,
            long_overdue=task.is_long_overdue,
            provisional=task.told.provisional,
            fact=task.told.fact,
            unit=place(asking, task.of),
            full_name=told.get(task.of.person, {}).get("full_name"),
            clause=task.told.rule,
            frees=law(task.told.rule).get("frees") if task.told.rule else None,
            cause=task.told.cause,
            task=task.told.task,
            **_takes_up(asking, task, lang),
        )
        for task in tasks
    ]


def _takes_up(asking: Asking, task: Task, lang: str) -> dict[str, Any]:
    if task.told.task is None:
        return {"may_settle": False, "why_not": None}
    decision = judged(asking, standing(task.of))
    return {"may_settle": bool(decision), "why_not": why_not(decision, lang)}
