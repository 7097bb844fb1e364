"""What was refused to a policy of dossiers: settled, or tried again, by who may."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, Request, Response

from infra.access import Decision, NotFound
from infra.http import command_key, decoded, gives, takes
from infra.ledger.outcomes import PolicyOutcome, SettleRefusal, UnknownTask
from services import tasks
from services.dossiers.api.asking import Asking, Standing, demand
from services.dossiers.api.room import Room, Who, raw

Body = Annotated[bytes, Depends(raw)]
SETTLE = "settle"


def add(app: FastAPI, room: Room) -> None:
    """Add the addresses of a refused command."""

    @app.post("/tasks/{task}/settlement", **_promise(tasks.Settlement, room))
    def settle(task: UUID, request: Request, asking: Who, sent: Body) -> Response:
        """Say that what was refused to a policy needs no doing any more."""
        once = command_key(request, asking.grant.account)
        body = decoded(sent, tasks.SETTLEMENT)
        _known(room, asking, task)
        command = SettleRefusal(
            on=asking.today, task=task, by=asking.by(body.document), ground=body.ground
        )
        return tasks.taken_up(room.dossiers, task, room.dossiers.perform(command, key=once))

    @app.post("/tasks/{task}/retry", **_promise(tasks.Retry, room))
    def retry(task: UUID, request: Request, asking: Who, sent: Body) -> Response:
        """Do what was refused to a policy, if the rules take it now."""
        once = command_key(request, asking.grant.account)
        body = decoded(sent, tasks.RETRY)
        again = room.again[_known(room, asking, task).policy]
        positions = again(task, asking.today, asking.by(body.document), key=once)
        return tasks.taken_up(room.dossiers, task, positions)


def judged(asking: Asking, of: Standing) -> Decision:
    """Decide whether a refused command may be taken up today."""
    return asking.decide_act(of, SETTLE, asking.today, kind="task")


def _known(room: Room, asking: Asking, task: UUID) -> PolicyOutcome:
    """Return a refused command that exists for who asks, and that he may take up."""
    try:
        found = room.dossiers.task(task)
    except UnknownTask:
        raise NotFound from None
    if found.about is None:
        raise NotFound
    _, _, standing = room.candidacy(asking, found.about)
    demand(judged(asking, standing))
    return found


def _promise(body: type[msgspec.Struct], room: Room) -> dict[str, Any]:
    return {
        "status_code": 201,
        "dependencies": [Depends(room.caught_up)],
        "responses": gives({201: tasks.TakenUp, 200: tasks.TakenUp}, changes=True),
        "openapi_extra": takes(body),
    }
