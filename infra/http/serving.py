"""Every application of ours, made alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

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


class WebApplication(FastAPI):
    """An application with our edge and our answers to errors; nothing is answered beside them.

    `words` says what a refusal is called, `statuses` and `law` with what status and by which
    rule it is answered; the rest is the framework's.
    """

    def __init__(
        self,
        words: Callable[[Refusal, str], str],
        *,
        statuses: Mapping[type[Refusal], int] = MappingProxyType({}),
        law: Callable[[str], Mapping[str, str]] = lambda _: {},
        requests: Requests | None = None,
        limits: Limits | None = None,
        **framework: Any,  # noqa: ANN401 - as the framework takes it
    ) -> None:
        super().__init__(**framework)
        self._problems = Problems(words, statuses, law)
        self._requests = requests
        self._limits = limits
        for kind in (Refusal, HTTPException, RequestValidationError):
            self.add_exception_handler(kind, self._problems.handler)

    def build_middleware_stack(self) -> ASGIApp:
        """Return what is around the routes; the framework asks at the first request.

        The edge takes the place of the framework's own layers, which bound bodies and answer
        defects too, in their own words.
        """
        routed = AsyncExitStackMiddleware(self.router)
        answering = ExceptionMiddleware(routed, handlers=self.exception_handlers)
        direct = Direct(answering, self.router.routes)
        return Edge(direct, problems=self._problems, requests=self._requests, limits=self._limits)
