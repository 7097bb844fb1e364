"""HTTP/1.1 over kept connections, as cheap as can be: what is measured is the server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from time import perf_counter
from urllib.parse import urlsplit

import msgspec

GIVE_UP_SECONDS = 30.0
PERCENT = 100
MOST_WIRES = 100
"""Fewer than a server lets wait for it to accept them; who waits for one is waiting already."""
IDLE_SECONDS = 2.0
"""Less than a server keeps a connection on which nothing comes."""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that is sent, written beforehand, and the status that is expected."""

    written: bytes
    status: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: when it was due and when it was there, by `perf_counter`."""

    due: float
    at: float
    body: bytes

    @property
    def milliseconds(self) -> float:
        """Return how long it took from when it was due, waiting for a connection included."""
        return (self.at - self.due) * 1e3


def get(path: str, headers: Mapping[str, str], *, status: int = 200) -> Request:
    """Write a request without a body."""
    return Request(_head("GET", path, headers), status)


def post(path: str, headers: Mapping[str, str], body: object, *, status: int = 201) -> Request:
    """Write a request with a body of JSON."""
    written = msgspec.json.encode(body)
    more = {"Content-Type": "application/json", "Content-Length": str(len(written))}
    return Request(_head("POST", path, {**headers, **more}) + written, status)


def percentile(values: list[float], percent: float) -> float:
    """Return the value below which so many of a hundred lie."""
    return sorted(values)[max(ceil(len(values) * percent / PERCENT) - 1, 0)]


class Wires:
    """Connections to one server, one request at a time on each."""

    def __init__(self, address: str) -> None:
        self._host, port = urlsplit(address).hostname, urlsplit(address).port
        self._port = port
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = deque()
        self._free = asyncio.Semaphore(MOST_WIRES)
        self._all: list[asyncio.StreamWriter] = []

    async def ask(self, request: Request, due: float) -> Answered:
        """Send a request on a connection that is free, or on a new one."""
        async with self._free:
            reader, writer = await self._wire()
            writer.write(request.written)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            body = await reader.readexactly(int(length))
            at = perf_counter()
            self._idle.append((reader, writer, at))
        if int(head[9:12]) != request.status:
            raise AssertionError(head[:12], body[:2000])
        return Answered(due, at, body)

    async def at_once(self, many: int, seconds: float, make: Callable[[], Request]) -> int:
        """Keep so many requests under way for a while; return how many were answered."""
        until = perf_counter() + seconds

        async def loop() -> int:
            done = 0
            while (now := perf_counter()) < until:
                await self.ask(make(), now)
                done += 1
            return done

        return sum(await asyncio.gather(*(loop() for _ in range(many))))

    async def at_rate(
        self, rate: float, seconds: float, make: Callable[[], Request]
    ) -> list[Answered]:
        """Send requests when they are due, answered or not the ones before: an open loop."""
        start = perf_counter()
        tasks = []
        for number in range(max(int(rate * seconds), 1)):
            due = start + number / rate
            if (early := due - perf_counter()) > 0:
                await asyncio.sleep(early)
            tasks.append(asyncio.create_task(self.ask(make(), due)))
        async with asyncio.timeout(GIVE_UP_SECONDS):
            return await asyncio.gather(*tasks)

    async def close(self) -> None:
        """Close every connection."""
        for writer in self._all:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _wire(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer, since = self._idle.pop()
            if perf_counter() - since < IDLE_SECONDS:
                return reader, writer
        wire = await asyncio.open_connection(self._host, self._port)
        self._all.append(wire[1])
        return wire


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
