"""The services over HTTP, as the pages ask them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from infra.access import NotFound
from infra.http import WebApplication
from services.portal.client import ApiProblem, Client
from services.portal.remote import Remote
from services.wording import refusal_words

URLS = {"dossiers": "http://dossiers:1", "reporting": "http://reporting:2/below"}


def service(seen: list[str]) -> FastAPI:
    app = WebApplication(refusal_words)

    @app.get("/below/overview")
    @app.post("/below/overview")
    async def overview(request: Request, response: Response) -> dict[str, Any]:
        seen.append(str(request.url))
        response.headers["ETag"] = '"7"'
        return {
            "token": request.headers["authorization"],
            "trace": request.headers.get("traceparent"),
            "body": (await request.body()).decode(),
        }

    @app.get("/below/missing")
    async def missing() -> None:
        raise NotFound

    return app


def with_client(
    ask: Callable[[Client], Coroutine[Any, Any, Any]], transport: httpx2.AsyncBaseTransport
) -> Any:  # noqa: ANN401 - whatever was asked
    async def asked() -> Any:  # noqa: ANN401 - as above
        remote = Remote(URLS, transport)
        client = Client(remote)
        try:
            return await ask(client)
        finally:
            await client.close()
            await remote.close()

    return asyncio.run(asked())


def test_a_request_comes_where_its_service_is_served() -> None:
    seen: list[str] = []

    async def ask(client: Client) -> Any:  # noqa: ANN401 - JSON
        asker = client.of("a-token", {"traceparent": "00-x"})
        told = await asker.get("/reporting/overview", unit="H 1")
        sent = await asker.post("/reporting/overview", {"on": "2022-08-26"}, key="k")
        return told, sent

    told, sent = with_client(ask, httpx2.ASGITransport(service(seen)))

    assert seen[0] == "http://reporting:2/below/overview?unit=H+1"
    assert (told["token"], told["trace"]) == ("Bearer a-token", "00-x")
    assert sent.body["body"] == '{"on":"2022-08-26"}'
    assert sent.etag == '"7"'


def test_a_refusal_is_that_of_the_service() -> None:
    async def ask(client: Client) -> None:
        await client.of("a-token", {}).get("/reporting/missing")

    with pytest.raises(ApiProblem) as refused:
        with_client(ask, httpx2.ASGITransport(service([])))

    assert (refused.value.problem.status, refused.value.problem.code) == (404, "not-found")


def test_a_service_that_is_away_is_named_with_what_to_do() -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    async def ask(client: Client) -> None:
        await client.of("a-token", {}).get("/dossiers/units")

    with pytest.raises(ApiProblem) as refused:
        with_client(ask, httpx2.MockTransport(away))

    problem = refused.value.problem
    assert (problem.status, problem.code) == (503, "service-away")
    assert "Phần hồ sơ" in problem.title
    assert "tải lại trang" in problem.title


def test_what_is_no_service_is_not_found() -> None:
    async def ask(client: Client) -> None:
        await client.of("a-token", {}).get("/metrics")

    with pytest.raises(ApiProblem) as refused:
        with_client(ask, httpx2.ASGITransport(service([])))
    assert refused.value.problem.status == 404


class Breaking(httpx2.AsyncBaseTransport):
    """A service that is killed in the middle of a stream."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"id: 1\n\n"
            raise httpx2.ReadError("killed", request=request)

        return httpx2.Response(
            200, headers={"content-type": "text/event-stream"}, content=chunks(), request=request
        )


def test_a_stream_whose_service_is_killed_ends_so_that_the_browser_comes_again() -> None:
    sent: list[dict[str, Any]] = []

    async def ask() -> None:
        remote = Remote(URLS, Breaking())
        asked = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if asked.is_set():
                await asyncio.Event().wait()
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:  # noqa: ANN401 - of ASGI
            sent.append(message)

        await remote(_scope("/api/reporting/stream"), receive, send)
        await remote.close()

    asyncio.run(ask())

    assert [message.get("body") for message in sent] == [None, b"id: 1\n\n", b""]
    assert sent[-1]["more_body"] is False


class Endless(httpx2.AsyncBaseTransport):
    """A stream on which nothing comes any more."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                yield b"id: 1\n\n"
                await asyncio.Event().wait()
            finally:
                self.closed.set()

        return httpx2.Response(200, content=chunks(), request=request)


def test_who_leaves_a_stream_leaves_the_service_too() -> None:
    async def ask() -> list[bool]:
        transport = Endless()
        closed: list[bool] = []
        remote = Remote(URLS, transport)
        begun = asyncio.Event()
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": b"", "more_body": False},
            {"type": "http.disconnect"},
        ]

        async def receive() -> dict[str, Any]:
            if len(messages) == 1:
                await begun.wait()
            return messages.pop(0)

        async def send(message: Any) -> None:  # noqa: ANN401 - of ASGI
            if message.get("body"):
                closed.append(transport.closed.is_set())
                begun.set()

        async with asyncio.timeout(10):
            await remote(_scope("/api/reporting/stream"), receive, send)
            await transport.closed.wait()
        closed.append(transport.closed.is_set())
        await remote.close()
        return closed

    assert asyncio.run(ask()) == [False, True]


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [],
        "state": {},
    }
