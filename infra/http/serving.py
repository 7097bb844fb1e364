"""Every application of ours, made alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp

from events.refusal import Refusal
from infra.http.direct import Direct
from infra.http.edge import Edge, Limits
from infra.http.problems import Problems
from infra.metrics import Requests


def served(  # noqa: PLR0913 - what an edge is made of
    app: FastAPI,
    words: Callable[[Refusal, str], str],
    *,
    statuses: Mapping[type[Refusal], int] = MappingProxyType({}),
    law: Callable[[str], Mapping[str, str]] = lambda _: {},
    requests: Requests | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """Give an application its edge and its answers to errors; nothing is answered beside them.

    The edge takes the place of the framework's own layers around an application, which bound
    bodies and answer defects too, in their own words.
    """
    problems = Problems(words, statuses, law)
    for kind in (Refusal, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, problems.handler)

    def layers() -> ASGIApp:
        routed = AsyncExitStackMiddleware(app.router)
        answering = ExceptionMiddleware(routed, handlers=app.exception_handlers)
        direct = Direct(answering, app.router.routes)
        return Edge(direct, problems=problems, requests=requests, limits=limits)

    app.build_middleware_stack = layers  # type: ignore[method-assign]  # made at the first request
    return app
