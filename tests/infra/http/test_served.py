"""The edge and the streams behind a real server, as sockets see them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from threading import Thread
from time import monotonic

import pytest
import uvicorn
from fastapi import Request
from starlette.responses import Response

from infra.stream import EventStream, Hub
from tests.infra.http.inn import the_inn

PATIENCE_SECONDS = 20.0


class Served:
    """The inn on a port of this machine."""

    def __init__(self) -> None:
        self.hub = Hub({"rooms": 0})
        app = the_inn()

        @asynccontextmanager
        async def lifespan(_: object) -> AsyncIterator[None]:
            self.hub.start()
            yield

        app.router.lifespan_context = lifespan

        @app.get("/changes")
        async def changes(request: Request) -> Response:
            stream = self.hub.subscribe(
                account="a",
                audience="all",
                sees=lambda _: True,
                seen=request.headers.get("Last-Event-ID"),
            )
            return EventStream(self.hub, stream)

        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listening.getsockname()
        config = uvicorn.Config(app, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._listening],))
        self._thread.start()

    def close(self) -> None:
        self.hub.close()
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()

    def knock(self, raw: bytes) -> socket.socket:
        knocking = socket.create_connection(self.address, timeout=PATIENCE_SECONDS)
        knocking.sendall(raw)
        return knocking

    def ask(self, raw: bytes) -> bytes:
        """Return all that is answered until the server hangs up."""
        with self.knock(raw) as asking:
            answer = b""
            while part := _received(asking):
                answer += part
        return answer


def _received(asking: socket.socket) -> bytes:
    try:
        return asking.recv(65_536)
    except ConnectionResetError:
        return b""


@pytest.fixture(scope="module")
def inn() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


def until_it_has(stream: socket.socket, text: bytes) -> bytes:
    sent = b""
    while text not in sent:
        sent += stream.recv(65_536)
    return sent


def test_a_body_said_to_be_too_large_is_refused_before_it_comes(inn: Served) -> None:
    answer = inn.ask(b"POST /echo HTTP/1.1\r\nHost: inn\r\nContent-Length: 999999\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body-too-large" in answer
    assert b"\r\nconnection: close\r\n" in answer, "what is not read is not waited for"


def test_a_body_that_never_comes_is_not_waited_for(inn: Served) -> None:
    answer = inn.ask(
        b"POST /rooms/7/stay HTTP/1.1\r\nHost: inn\r\nContent-Type: application/json\r\n"
        b'Content-Length: 20\r\n\r\n{"on'
    )

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in answer


def test_a_hundred_headers_are_too_many(inn: Served) -> None:
    many = b"".join(b"X-%d: 1\r\n" % n for n in range(100))

    answer = inn.ask(b"GET /rooms HTTP/1.1\r\nHost: inn\r\nConnection: close\r\n" + many + b"\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_deep_json_is_refused(inn: Served) -> None:
    body = b"[" * 1500
    answer = inn.ask(
        b"POST /rooms/7/stay HTTP/1.1\r\nHost: inn\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )

    assert answer.startswith(b"HTTP/1.1 422 ")
    assert b"too-deep" in answer


def test_half_an_answer_is_cut_off_and_the_next_request_is_served(inn: Served) -> None:
    broken = inn.ask(b"GET /half HTTP/1.1\r\nHost: inn\r\n\r\n")

    assert b"one half" in broken
    assert not broken.endswith(b"0\r\n\r\n")
    assert inn.ask(b"GET /rooms HTTP/1.1\r\nHost: inn\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200 "
    )


def test_a_change_reaches_an_open_page_and_one_that_comes_back(inn: Served) -> None:
    with inn.knock(b"GET /changes HTTP/1.1\r\nHost: inn\r\n\r\n") as page:
        head = until_it_has(page, b"id: rooms:0")
        assert b"text/event-stream" in head
        assert b"cache-control: no-store" in head.lower()
        inn.hub.publish({"admitted": 53}, {"rooms": 1})
        until_it_has(page, b'{"changed":{"admitted":53}}')
    inn.hub.publish({"admitted": 54}, {"rooms": 2})

    again = b"GET /changes HTTP/1.1\r\nHost: inn\r\nLast-Event-ID: rooms:1\r\n\r\n"
    with inn.knock(again) as page:
        sent = until_it_has(page, b"54}}")
    assert b'id: rooms:2\nevent: changed\ndata: {"changed":{"admitted":54}}' in sent
    assert b"53" not in sent.split(b"retry:")[1]


def test_a_page_that_is_closed_is_forgotten(inn: Served) -> None:
    pages = [inn.knock(b"GET /changes HTTP/1.1\r\nHost: inn\r\n\r\n") for _ in range(5)]
    for page in pages:
        until_it_has(page, b"id: rooms:")
    before = inn.hub.open
    for page in pages:
        page.close()

    patient_until = monotonic() + PATIENCE_SECONDS
    while inn.hub.open > before - 5 and monotonic() < patient_until:
        inn.ask(b"GET /rooms HTTP/1.1\r\nHost: inn\r\nConnection: close\r\n\r\n")

    assert before >= 5
    assert inn.hub.open == before - 5
