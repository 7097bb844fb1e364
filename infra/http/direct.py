"""Routes that are found by the last part of their address, before the framework looks for them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """A route documented as any other, whose handler takes a request without the framework.

    No other route of its method ends in the same part. What the handler raises is answered at
    the edge.
    """


class Direct:
    """Serves the direct routes of an application, and leaves the others to it."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._handlers: dict[tuple[str, str], tuple[DirectRoute, Handler]] = {
            (method, _last_part(route.path)): (route, route.get_route_handler())
            for route in routes
            if isinstance(route, DirectRoute)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            route, handler = self._handlers.get((scope["method"], _last_part(path)), _NONE)
            if route and handler and (found := route.path_regex.match(path)):
                scope["route"], scope["path_params"] = route, found.groupdict()
                answer = await handler(Request(scope, receive))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


_NONE = (None, None)


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]
