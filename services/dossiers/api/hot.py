"""Acts, which are most of what is sent, are taken in without the framework's detours."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.security.utils import get_authorization_scheme_param

from infra.http import DirectRoute, command_key
from infra.ledger.ahead import About
from infra.ledger.together import Steps
from services.dossiers.api.room import Room


class HotRoute(DirectRoute):
    """A route to a candidacy, documented as any other.

    What its endpoint takes is found here, and the steps that it returns are taken together
    with those of whoever asks at the same time.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves a request."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            room: Room = request.app.state.room
            await room.caught_up(request.query_params.get("after"))
            sent = await request.body()
            grant, today = room.reads(_credentials(request))
            about = About(_candidacy(request), command_key(request, grant.account))

            def steps() -> Steps[Response]:
                asking = room.asking(grant, today)
                taken: Steps[Response] = endpoint(about.stream, request, asking, sent, about.key)
                return (yield from taken)

            return await room.together.do(steps(), about)

        return handle


def _credentials(request: Request) -> HTTPAuthorizationCredentials | None:
    scheme, given = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer" or not given:
        return None
    return HTTPAuthorizationCredentials(scheme=scheme, credentials=given)


def _candidacy(request: Request) -> UUID:
    given = request.path_params["candidacy"]
    try:
        return UUID(given)
    except ValueError:
        wrong = {"type": "uuid_parsing", "loc": ("path", "candidacy"), "msg": "", "input": given}
        raise RequestValidationError([wrong]) from None
