"""The services over HTTP, as if they were in this process: a request in, its answer out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress

import httpx2
from starlette.types import Receive, Scope, Send

from events.refusal import Refusal
from infra.access import NotFound
from infra.http import Problems
from services.wording import refusal_words, say

_PATIENCE = httpx2.Timeout(30.0, connect=2.0)
"""Longer than a stream is silent, so that one that is gone is noticed."""
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
_OF_THE_WAY = frozenset({b"connection", b"host", b"keep-alive", b"transfer-encoding", b"date"})
"""Headers that are about one connection, and not about what goes over it."""
_STREAM = "text/event-stream"


class ServiceAway(Refusal):
    """A service does not answer; what it has recorded is there when it is back."""


class Remote:
    """An application that passes `/api/<service>/…` on to where that service is served."""

    def __init__(
        self, urls: Mapping[str, str], transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._urls = urls
        self._http = httpx2.AsyncClient(timeout=_PATIENCE, limits=_LIMITS, transport=transport)
        self._problems = Problems(refusal_words, {ServiceAway: 503})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        service = scope["path"].removeprefix("/api/").partition("/")[0]
        if service not in self._urls:
            await self._problems.answer(scope, NotFound())(scope, receive, send)
            return
        body = await _whole(receive)
        asking = asyncio.ensure_future(self._ask(service, scope, body, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                is_there = await asking
                if not is_there:
                    away = ServiceAway(service=say(f"portal.service.{service}"))
                    await self._problems.answer(scope, away)(scope, receive, send)
        finally:
            for task in (asking, leaving):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _ask(self, service: str, scope: Scope, body: bytes, send: Send) -> bool:
        """Pass a request on, and its answer back; tell whether the service was there."""
        path = scope["path"].removeprefix(f"/api/{service}") or "/"
        url = httpx2.URL(self._urls[service] + path, query=scope["query_string"])
        request = self._http.build_request(
            scope["method"], url, headers=_passed(scope["headers"]), content=body
        )
        try:
            answer = await self._http.send(request, stream=True)
        except httpx2.TransportError:
            return False
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status_code,
                    "headers": _passed(answer.headers.raw),
                }
            )
            await self._hand_on(answer, send)
        finally:
            await answer.aclose()
        return True

    async def _hand_on(self, answer: httpx2.Response, send: Send) -> None:
        try:
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except httpx2.TransportError:
            # A browser opens a stream again by itself; of anything else half would be shown.
            if not answer.headers.get("content-type", "").startswith(_STREAM):
                raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _passed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in _OF_THE_WAY]


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _left(receive: Receive) -> None:
    """Return when who asked has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
