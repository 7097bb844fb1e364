"""Every application of ours, made alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from events.refusal import Refusal
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
    """Give an application its edge and its answers to errors; nothing is answered beside them."""
    problems = Problems(words, statuses, law)
    for kind in (Refusal, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, problems.handler)
    app.add_middleware(Edge, problems=problems, requests=requests, limits=limits)
    return app
