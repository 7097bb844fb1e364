"""A stream as an answer: it ends with its reader, or with one that takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from starlette.types import Message

from infra.stream import EventStream, Hub
from tests.infra.timeless import timeless


def run(scenario: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    async def started() -> None:
        hub = Hub({"dossiers": 10})
        hub.start()
        await scenario(hub)

    timeless(started())


def served(
    hub: Hub,
    send: Callable[[Message], Awaitable[None]],
    gone: asyncio.Event,
    stuck_seconds: float = 30,
) -> Coroutine[Any, Any, None]:
    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    stream = hub.subscribe(account="a", audience="all", sees=lambda _: True)
    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
    return EventStream(hub, stream, stuck_seconds=stuck_seconds)(scope, receive, send)


def test_a_stream_is_an_answer_that_ends_with_its_reader() -> None:
    async def scenario(hub: Hub) -> None:
        sent: list[Message] = []
        gone = asyncio.Event()

        async def send(message: Message) -> None:
            sent.append(message)

        answering = asyncio.create_task(served(hub, send, gone))
        await asyncio.sleep(1)
        assert hub.open == 1
        headers = dict(sent[0]["headers"])
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert headers[b"x-accel-buffering"] == b"no"
        assert sent[1]["body"].startswith(b"retry: 1000\n")

        gone.set()
        await answering
        assert hub.open == 0

    run(scenario)


def test_a_reader_that_takes_nothing_is_let_go() -> None:
    async def scenario(hub: Hub) -> None:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        answering = asyncio.create_task(served(hub, send, asyncio.Event()))
        await asyncio.sleep(29)
        assert hub.open == 1
        await asyncio.sleep(2)
        assert hub.open == 0
        assert answering.done()

    run(scenario)
