"""A small application behind the edge: rooms that are let, and everything that may go wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Annotated, Any

from eventsourcing.persistence import OperationalError
from fastapi import APIRouter, FastAPI, File, Header, Query, Request, Response, UploadFile
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from events.refusal import Refusal
from infra.access import NotFound, SignInFailed, TooManySignIns
from infra.http import (
    Limits,
    Problems,
    WebApplication,
    asked,
    command_key,
    entity_tag,
    if_match,
)
from infra.ledger.application import ChangedCommand, Contended
from infra.ledger.port import LedgerClosedError
from infra.metrics import Requests

TODAY = date(2026, 11, 24)
LIMITS = Limits(
    headers=40, body_bytes=2000, body_seconds=0.05, upload_bytes=20_000, upload_seconds=0.05
)


class RoomTaken(Refusal):
    """Two guests, one room."""

    clause = "house-rules/7"


class NoSuchInn(Refusal):
    """Only this inn is here."""


class Stay(BaseModel, extra="forbid"):
    on: date
    nights: int


ERRORS: dict[str, Callable[[], Exception]] = {
    "refusal": lambda: RoomTaken(room=7, guest="Người Khác"),
    "unknown": NoSuchInn,
    "hidden": NotFound,
    "changed": lambda: ChangedCommand(key="k"),
    "contended": Contended,
    "sign-in": SignInFailed,
    "too-many": lambda: TooManySignIns(retry_after_seconds=61, until=None),
    "closed": lambda: LedgerClosedError("/var/lib/secret.db"),
    "away": lambda: OperationalError("disk I/O error at /var/lib/secret.db"),
    "defect": lambda: KeyError("Người Bí Mật"),
    "database": lambda: sqlite3.OperationalError("near secret: syntax error"),
    "recursion": lambda: RecursionError("too deep"),
    "assertion": lambda: AssertionError("secret"),
    "unicode": lambda: UnicodeDecodeError("utf-8", b"secret", 0, 1, "secret"),
    "timeout": lambda: TimeoutError("secret"),
    "memory": lambda: MemoryError("secret"),
}


def words(refusal: Refusal, lang: str) -> str:
    return f"{lang}: {refusal.code}"


def _rooms(app: FastAPI) -> None:
    @app.post("/rooms/{room}/stay", status_code=201)
    def stay(room: int, wish: Stay, request: Request) -> dict[str, Any]:
        return {"key": command_key(request, "account-1"), "room": room, "nights": wish.nights}

    @app.put("/rooms/{room}")
    def change(
        room: int,
        response: Response,
        if_match_: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> None:
        if_match(if_match_, 7)
        response.headers["ETag"] = entity_tag(8)

    @app.get("/rooms")
    def rooms(as_of: str | None = None, known_at: str | None = None) -> dict[str, Any]:
        read = asked(as_of, known_at, today=TODAY)
        return {"as_of": read.as_of, "known_at": read.known_at}

    @app.get("/bills/{bill}")
    def bill(bill: int, least: Annotated[int, Query(ge=1)] = 1) -> int:
        return bill * least


def _errors(app: FastAPI) -> None:
    @app.get("/errors/{name}")
    def error(name: str) -> None:
        raised = ERRORS[name]()
        raise raised

    @app.get("/errors-later/{name}")
    async def error_later(name: str) -> None:
        raised = ERRORS[name]()
        raise raised


def _answers(app: FastAPI) -> None:
    @app.post("/books")
    async def book(book: Annotated[UploadFile, File()]) -> int:
        return len(await book.read())

    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    @app.get("/cached")
    def cached(response: Response) -> str:
        response.headers["Cache-Control"] = "private, max-age=60"
        return "a picture"

    @app.get("/trace")
    async def trace(request: Request) -> dict[str, str]:
        return {"id": request.state.trace_id, "traceparent": request.state.traceparent}

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"one half"
            raise KeyError("the other")

        return StreamingResponse(parts())


def the_inn(registry: CollectorRegistry | None = None, limits: Limits = LIMITS) -> FastAPI:
    app = WebApplication(
        words,
        statuses={NoSuchInn: 404},
        requests=Requests(registry) if registry else None,
        limits=limits,
        openapi_url=None,
    )
    for part in (_rooms, _errors, _answers):
        part(app)
    wing = APIRouter(prefix="/wing")

    @wing.get("/rooms/{room}")
    def in_the_wing(room: int) -> int:
        return room

    app.include_router(wing)
    return app


def a_guest(registry: CollectorRegistry | None = None) -> TestClient:
    return TestClient(the_inn(registry), raise_server_exceptions=False)


PROBLEMS = Problems(words)
