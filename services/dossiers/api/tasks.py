"""What was refused to a policy of dossiers: settled, or tried again, by who may."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response

from infra.access import Decision
from infra.ledger.outcomes import PolicyOutcome
from services import tasks
from services.dossiers.api.asking import Asking, Standing, demand
from services.dossiers.api.room import Room, Who, raw

Body = Annotated[bytes, Depends(raw)]


def add(app: FastAPI, room: Room) -> None:
    """Add the addresses of a refused command."""
    read = [Depends(room.caught_up)]

    @app.post("/tasks/{task}/settlement", dependencies=read, **tasks.promise(tasks.Settlement))
    def settle(task: UUID, request: Request, asking: Who, sent: Body) -> Response:
        """Say that what was refused to a policy needs no doing any more."""
        _known(room, asking, task)
        return tasks.settle(room.dossiers, asking.scope, task, request, sent)

    @app.post("/tasks/{task}/retry", dependencies=read, **tasks.promise(tasks.Retry))
    def retry(task: UUID, request: Request, asking: Who, sent: Body) -> Response:
        """Do what was refused to a policy, if the rules take it now."""
        found = _known(room, asking, task)
        return tasks.retry(room.dossiers, room.again, asking.scope, found, request, sent)


def judged(asking: Asking, of: Standing) -> Decision:
    """Decide whether a refused command may be taken up today."""
    return asking.decide_act(of, tasks.SETTLE, asking.today, kind=tasks.KIND)


def _known(room: Room, asking: Asking, task: UUID) -> PolicyOutcome:
    """Return a refused command that exists for who asks, and that he may take up."""
    found, candidacy = tasks.known(room.dossiers, task)
    _, _, standing = room.candidacy(asking, candidacy)
    demand(judged(asking, standing))
    return found
