"""What was refused to a policy of verification: in a list, settled, or tried again, by who may."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from infra.access import Decision, NotFound, Scope, Verdict
from infra.http import answer, gives, limit_of, next_link, paged
from infra.http.problems import language
from infra.ledger.outcomes import PolicyOutcome
from services import tasks
from services.acting import Body
from services.verification.api import bodies
from services.verification.api.room import Awaited, Here, Room, Who
from services.verification.view import Task
from services.wording import law

router = APIRouter(dependencies=[Awaited])
_A_BATCH = 200


@router.get(
    "/tasks",
    summary="What was refused to policies in cases at or below a unit, the latest first",
    response_class=Response,
    responses=gives({200: bodies.Tasks}),
)
def listed(  # noqa: PLR0913, PLR0917 - what a list is asked by
    here: Here,
    scope: Who,
    request: Request,
    unit: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int | None, Query(ge=1, le=200)] = None,
) -> Response:
    most = limit_of(limit)
    within = here.within(scope, unit)
    about = f"tasks/{scope.grant.account}/{scope.grant.unit}/{scope.grant.role}/{unit}"
    place = here.cursors.open(cursor, about) if cursor else None
    found = list(islice(_found(here, scope, within, place), most + 1))
    page = paged(found, most, lambda each: _place(each[0]), here.cursors, about)
    lang = language(request.scope)
    told = [_told(here, task, decision, lang) for task, decision in page.items]
    return answer(bodies.Tasks(told, page.next), 200, next_link(request, page))


@router.post(
    "/tasks/{task}/settlement",
    summary="What was refused needs no doing any more",
    response_class=Response,
    **tasks.promise(tasks.Settlement),
)
def settle(here: Here, scope: Who, request: Request, task: UUID, sent: Body) -> Response:
    _known(here, scope, task)
    return tasks.settle(here.verification, scope, task, request, sent)


@router.post(
    "/tasks/{task}/retry",
    summary="What was refused is done, if the rules take it now",
    response_class=Response,
    **tasks.promise(tasks.Retry),
)
def retry(here: Here, scope: Who, request: Request, task: UUID, sent: Body) -> Response:
    found = _known(here, scope, task)
    return tasks.retry(here.verification, here.again, scope, found, request, sent)


def _known(here: Room, scope: Scope, task: UUID) -> PolicyOutcome:
    """Return a refused command that exists for who asks, and that he may take up."""
    found, candidacy = tasks.known(here.verification, task)
    row = here.view.case(candidacy)
    if row is None:
        raise NotFound
    if refusal := here.taking_up(scope, row).refusal:
        raise refusal
    return found


def _found(
    here: Room, scope: Scope, within: UUID | None, place: list[str] | None
) -> Iterator[tuple[Task, Decision]]:
    """Yield what exists for who asks, and whether he may take it up."""
    beyond = (place[0], UUID(place[1]).bytes) if place else None
    while rows := here.view.tasks(beyond=beyond, most=_A_BATCH):
        for task in rows:
            decision = here.taking_up(scope, task.of)
            if decision.verdict is not Verdict.HIDDEN and (
                within is None or here.lies_in(task.of, within, scope.today)
            ):
                yield task, decision
        on, last = _place(rows[-1])
        beyond = (on, UUID(last).bytes)


def _place(task: Task) -> list[str]:
    return [task.on.isoformat(), task.task.hex]


def _told(here: Room, task: Task, decision: Decision, lang: str) -> bodies.TaskTold:
    rule = law(task.told.rule) if task.told.rule else {}
    return bodies.TaskTold(
        task=task.task,
        case=task.of.stream,
        candidacy=task.of.candidacy,
        unit=here.place(task.of.unit, task.of.opened_on),
        code=task.told.refusal,
        title=tasks.title(task.told.refusal, task.told.rule, task.told.facts, lang),
        on=task.on,
        clause=task.told.rule,
        detail=rule.get("detail"),
        frees=rule.get("frees"),
        cause=task.told.cause,
        may_settle=bool(decision),
        why_not=tasks.why_not(decision, lang),
    )
