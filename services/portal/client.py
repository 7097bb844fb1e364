"""The one way in which the pages ask the services: over HTTP, also within one process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.requests import Request
from starlette.responses import Response as Answered
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BASE = "http://ketnap"
_PASSED_ON = frozenset({"accept-language", "last-event-id", "traceparent"})
_PATIENCE_SECONDS = 30.0
_PART_SECONDS = 5.0
"""Longer than a read waits for what was just written, and no longer than a page is waited for."""
_FIRST_ERROR, _AWAY = 400, 503
_BEHIND = "not-yet-known"


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as a page shows it: what, why, by which rule, and what would free it."""

    status: int
    code: str
    title: str
    detail: str | None = None
    clause: str | None = None
    frees: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """The whole problem, as it was answered."""


class ApiProblem(Exception):
    """A service refused."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered, with what stood beside it."""

    body: Any
    etag: str | None = None
    location: str | None = None
    cursor: str | None = None
    """Where the next page of a list begins; None after the last."""


class Client:
    """Asks the services for everybody; `of` makes it ask for one."""

    def __init__(self, services: ASGIApp) -> None:
        self._services = services
        self._http = AsyncClient(
            transport=ASGITransport(services, raise_app_exceptions=False),
            base_url=_BASE,
            timeout=_PATIENCE_SECONDS,
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    def of(self, token: str, headers: Mapping[str, str], after: str | None = None) -> Asker:
        """Return who asks with a token; reads wait until the views have come to `after`."""
        return Asker(self._http, {**headers, "Authorization": f"Bearer {token}"}, after)

    def handed_on(
        self,
        path: str,
        query: Mapping[str, str],
        token: str,
        request: Request,
        seen: str | None = None,
    ) -> HandedOn:
        """Return an answer that a service itself writes: a stream or a file."""
        headers = {name: value for name, value in request.headers.items() if name in _PASSED_ON}
        if seen and seen.isascii() and seen.isprintable():
            headers.setdefault("last-event-id", seen)
        return HandedOn(
            self._services, path, query, {**headers, "authorization": f"Bearer {token}"}
        )


class Asker:
    """One person who asks the services, for as long as a page takes."""

    def __init__(self, http: AsyncClient, headers: Mapping[str, str], after: str | None) -> None:
        self._http = http
        self._headers = headers
        self._after = after

    async def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Return what stands under a path, as `/reporting/overview`. Raises ApiProblem."""
        return (await self.ask("GET", path, query)).body

    async def part(self, path: str, **query: object) -> Any | None:  # noqa: ANN401 - JSON
        """Return what a page can do without; None while its service is away, or is behind.

        Raises ApiProblem where the service is there and refuses.
        """
        try:
            async with asyncio.timeout(_PART_SECONDS):
                return await self.get(path, **query)
        except TimeoutError:
            return None
        except ApiProblem as error:
            if error.problem.status == _AWAY or error.problem.code == _BEHIND:
                return None
            raise

    async def listed(self, path: str, **query: object) -> Answer:
        """Return a page of a list, and where the next begins. Raises ApiProblem."""
        return await self.ask("GET", path, query)

    async def post(  # noqa: PLR0913 - what a command is sent with
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str,
        version: str | None = None,
        files: Mapping[str, Any] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Answer:
        """Do something once under a key, to the version one has seen. Raises ApiProblem."""
        headers = {"Idempotency-Key": key}
        if version is not None:
            headers["If-Match"] = version if version.startswith('"') else f'"{version}"'
        sent: dict[str, Any] = {"files": files, "data": body} if files else {"json": body or {}}
        return await self.ask("POST", path, query or {}, headers=headers, **sent)

    async def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        *,
        headers: Mapping[str, str] | None = None,
        **sent: Any,  # noqa: ANN401 - as the HTTP client takes it
    ) -> Answer:
        """Send one request; what is None in the query is left out. Raises ApiProblem."""
        asked = {name: str(value) for name, value in query.items() if value is not None}
        if self._after and method == "GET":
            asked.setdefault("after", self._after)
        response = await self._http.request(
            method,
            "/api" + path,
            params=asked,
            headers={**self._headers, **(headers or {})},
            **sent,
        )
        if response.status_code >= _FIRST_ERROR:
            raise ApiProblem(_problem(response.status_code, response.content))
        return Answer(
            msgspec.json.decode(response.content) if response.content else None,
            response.headers.get("etag"),
            response.headers.get("location"),
            _cursor(response),
        )


class HandedOn(Answered):
    """What a browser asks of a service itself, whose answer goes to the browser as it is."""

    def __init__(
        self, services: ASGIApp, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> None:
        super().__init__()
        self._services = services
        self._path = "/api" + path
        self._query = urlencode(query)
        self._asked = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        headers = {"host": "ketnap", **self._asked}
        asked = {
            "type": "http",
            "asgi": scope.get("asgi", {"version": "3.0"}),
            "http_version": scope.get("http_version", "1.1"),
            "method": "GET",
            "scheme": "http",
            "path": self._path,
            "raw_path": quote(self._path).encode(),
            "root_path": "",
            "query_string": self._query.encode(),
            "headers": [
                (name.encode(), value.encode("latin-1")) for name, value in headers.items()
            ],
            "client": scope.get("client"),
            "server": ("ketnap", 80),
            "state": {},
        }
        refused: list[bytes] = []
        status = 0

        async def passed_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start" and message["status"] >= _FIRST_ERROR:
                status = message["status"]
            if not status:
                await send(message)
            elif message["type"] == "http.response.body":
                refused.append(message.get("body", b""))

        await self._services(asked, receive, passed_on)
        if status:
            raise ApiProblem(_problem(status, b"".join(refused)))


def path_part(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="")


def _problem(status: int, body: bytes) -> Problem:
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        told = {}
    return Problem(
        status=status,
        code=str(told.get("code", "defect")),
        title=str(told.get("title", "")),
        detail=told.get("detail"),
        clause=told.get("clause"),
        frees=told.get("frees"),
        more=told,
    )


def _cursor(response: Response) -> str | None:
    link = response.links.get("next")
    return dict(parse_qsl(urlsplit(link["url"]).query)).get("cursor") if link else None
