"""The outermost layer: limits, the id of a request, security headers, counts, the last resort."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra import trace
from infra.access import NotFound
from infra.http.problems import Problems
from infra.http.refusals import BodyTooLarge, HeadersTooMany, Malformed, SlowBody, TooDeep
from infra.metrics import Requests

_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000|\0")
_DIGITS = 20
_UNREAD = frozenset({408, 413, 431})
"""Statuses after which the rest of the request is not waited for."""
_UPLOAD = b"multipart/form-data"

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
            " font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self';"
            " frame-ancestors 'none'; base-uri 'none'"
        ),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
"""What every answer carries, unless it says otherwise itself."""
_HEADERS = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is taken of one request."""

    headers: int = 100
    body_bytes: int = 64 * 1024
    body_seconds: float = 10.0
    upload_bytes: int = 6 * 1024 * 1024
    upload_seconds: float = 120.0
    depth: int = 32


class Edge:
    """Wraps an application; everything that it raises is answered here or in its handlers."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        problems: Problems,
        requests: Requests | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._app = app
        self._problems = problems
        self._requests = requests
        self._limits = limits or Limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace_id = _trace_id(scope)
        state = scope.setdefault("state", {})
        state["trace_id"] = trace_id
        state["traceparent"] = f"00-{trace_id}-{secrets.token_hex(8)}-01"
        answer = _Answer(send, trace_id)
        try:
            with trace.following(state["traceparent"]):
                await self._serve(scope, receive, answer)
        finally:
            if self._requests:
                self._requests.done(scope["method"], _route(scope), answer.status, answer.seconds)

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, await self._limited(scope, receive), answer)
        except Exception as error:
            if answer.status:
                raise  # half an answer is out: the server cuts the connection
            await self._problems.answer(scope, error)(scope, receive, answer)

    async def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Return where the body comes from: read and looked at, or counted while it comes."""
        _refuse_nul(scope)
        headers = dict(scope["headers"])
        if len(scope["headers"]) > self._limits.headers:
            raise HeadersTooMany(most=self._limits.headers)
        length = headers.get(b"content-length")
        if length is None and b"transfer-encoding" not in headers:
            return receive
        is_upload = headers.get(b"content-type", b"").lower().startswith(_UPLOAD)
        most = self._limits.upload_bytes if is_upload else self._limits.body_bytes
        if length is not None and not length.isdigit():
            raise Malformed(fields=("Content-Length",))
        if length is not None and int(length[:_DIGITS]) > most:
            raise BodyTooLarge(most=most)
        seconds = self._limits.upload_seconds if is_upload else self._limits.body_seconds
        counted = _Counted(receive, most, asyncio.get_running_loop().time() + seconds)
        if is_upload:
            return counted
        body, last = await counted.whole()
        if _is_deeper(body, self._limits.depth):
            raise TooDeep(most=self._limits.depth)
        if _NUL.search(body):
            raise Malformed(fields=("body",))
        return _Replayed(body, last, receive)


class _Counted:
    """A body that is counted and timed while it comes."""

    def __init__(self, receive: Receive, most: int, until: float) -> None:
        self._receive = receive
        self._left = most
        self._most = most
        self._until = until
        self._is_over = False

    async def __call__(self) -> Message:
        if self._is_over:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise SlowBody from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise BodyTooLarge(most=self._most)
        self._is_over = not message.get("more_body", False)
        return message

    async def whole(self) -> tuple[bytes, Message]:
        """Return everything, and the message with which it ended."""
        parts: list[bytes] = []
        while True:
            message = await self()
            parts.append(message.get("body", b""))
            if self._is_over:
                return b"".join(parts), message


class _Replayed:
    """A body that was read already, then whatever follows it."""

    def __init__(self, body: bytes, last: Message, receive: Receive) -> None:
        self._next: Message | None = {**last}
        if last["type"] == "http.request":
            self._next["body"] = body
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._next = self._next, None
        return message or await self._receive()


class _Answer:
    """Where an answer goes, with what every answer carries."""

    def __init__(self, send: Send, trace_id: str) -> None:
        self._send = send
        self._trace_id = trace_id.encode()
        self._began = perf_counter()
        self.status = 0
        self.seconds: float | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.seconds = perf_counter() - self._began
            headers = message.setdefault("headers", [])
            said = {name.lower() for name, _ in headers}
            message["headers"] = [
                *headers,
                *((name, value) for name, value in _HEADERS.items() if name not in said),
                (b"x-request-id", self._trace_id),
            ]
            if self.status in _UNREAD:
                message["headers"].append((b"connection", b"close"))
        await self._send(message)


def _refuse_nul(scope: Scope) -> None:
    """Refuse a character that no text has, and that not every database can be asked about."""
    if "\0" in scope["path"]:
        raise NotFound
    if b"\0" in unquote_to_bytes(scope.get("query_string", b"")):
        raise Malformed(fields=("query",))


def _trace_id(scope: Scope) -> str:
    """Return the id under which a request is found again, the caller's own if it has one."""
    given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    read = _TRACEPARENT.fullmatch(given)
    return read[1].decode() if read else secrets.token_hex(16)


def _route(scope: Scope) -> str:
    """Return the route as it was declared: of addresses, with their ids, there is no end."""
    return getattr(scope.get("route"), "path", "-")


def _is_deeper(body: bytes, most: int) -> bool:
    if body.count(b"{") + body.count(b"[") <= most:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > most:
            return True
    return False
