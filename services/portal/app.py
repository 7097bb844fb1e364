"""The pages: one application that holds cookie and form tokens, and asks the services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from events.refusal import Refusal
from infra.access import Access, NotFound
from infra.database import Away
from infra.http import Malformed, MethodNotAllowed, Problems, Unavailable, WebApplication
from services.portal import (
    behind,
    case,
    classes,
    correct,
    importing,
    live,
    nominate,
    overview,
    search,
    signing,
    unit,
    verification,
    work,
)
from services.portal.client import ApiProblem, Client, Problem
from services.portal.page import COOKIE, ForeignForm, NothingGranted, Portal, page, rendered
from services.portal.rendering import environment
from services.portal.written import LANG, STATIC
from services.wording import refusal_words

ROUTERS = (
    signing.router,
    overview.router,
    unit.router,
    behind.router,
    work.router,
    search.router,
    nominate.router,
    correct.router,
    case.router,
    classes.router,
    verification.router,
    importing.router,
    live.router,
)
_STATUSES: Mapping[type[Refusal], int] = {ForeignForm: 403, NothingGranted: 403}
_SIGNED_OUT = 401


def portal(access: Access, services: ASGIApp) -> FastAPI:
    """Return the pages, over an application that has the services under `/api`."""
    client = Client(services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await client.close()

    app = WebApplication(
        refusal_words,
        statuses=_STATUSES,
        title="ketnap",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", _Kept(directory=STATIC), name="static")
    app.state.portal = Portal(
        access=access,
        client=client,
        templates=environment(),
        paths=frozenset(
            route.path
            for router in ROUTERS
            for route in router.routes
            if isinstance(route, APIRoute)
        ),
    )
    problems = Problems(refusal_words, _STATUSES)

    async def refused(request: Request, error: Exception) -> Response:
        return await _refused(request, _problem(problems, error))

    for kind in (Refusal, ApiProblem, Away, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, refused)
    return app


class _Kept(StaticFiles):
    """Files of ours, whose address changes when they do: kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


async def _refused(request: Request, problem: Problem) -> Response:
    """Show why not; who is not signed in is sent to do that."""
    if problem.status == _SIGNED_OUT:
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        asked = f"?{urlencode({'to': to})}" if request.method == "GET" and to != "/" else ""
        answer: Response = RedirectResponse(f"/dang-nhap{asked}", status_code=303)
        answer.delete_cookie(COOKIE)
        return answer
    here: Portal = request.app.state.portal
    try:
        whose = await page(request)
    except (Refusal, ApiProblem, Away):
        whose = None
    session = getattr(request.state, "session", None)
    return rendered(
        here, "problem.html", status=problem.status, page=whose, problem=problem, session=session
    )


def _problem(problems: Problems, error: Exception) -> Problem:
    match error:
        case ApiProblem():
            return error.problem
        case Refusal():
            refusal = error
        case Away():
            refusal = Unavailable(retry_after_seconds=1)
        case HTTPException(status_code=404):
            refusal = NotFound()
        case HTTPException(status_code=405):
            refusal = MethodNotAllowed()
        case _:
            refusal = Malformed(fields=())
    return Problem(
        status=problems.status(refusal),
        code=refusal.code,
        title=refusal_words(refusal, LANG),
        clause=refusal.clause,
    )
