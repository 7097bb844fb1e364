"""Many open streams, read in a process of their own so that nobody else's time is spent on them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter
from urllib.parse import urlsplit

SECONDS = 60
_POSITION = re.compile(rb"^id: .*?dossiers:(\d+)", re.MULTILINE)


@dataclass(slots=True)
class Seen:
    """What the streams saw."""

    frames: list[int] = field(default_factory=list)
    """How many events, stream by stream."""
    reloads: int = 0
    ended: int = 0
    arrivals: list[tuple[int, float]] = field(default_factory=list)
    """Up to which position the first stream had seen, and when, by `perf_counter`."""
    last: list[int] = field(default_factory=list)


class _Watcher(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self.opened = asyncio.get_running_loop().create_future()
        self.frames = self.reloads = self.last = 0
        self.ended = False
        self._moved = asyncio.Event()
        self.arrivals: list[tuple[int, float]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = perf_counter()
        whole, mark, self._rest = (self._rest + data).rpartition(b"\n\n")
        if not mark:
            return
        if not self.opened.done():
            status = whole[9:12]
            if status != b"200":
                self.opened.set_exception(AssertionError(whole[:300]))
                return
            self.opened.set_result(None)
        self.frames += whole.count(b"event: changed")
        self.reloads += whole.count(b"event: reload")
        if positions := _POSITION.findall(whole):
            self.last = int(positions[-1])
            self.arrivals.append((self.last, now))
            self._moved.set()

    def connection_lost(self, _: Exception | None) -> None:
        self.ended = True
        self._moved.set()

    async def reached(self, position: int) -> None:
        """Wait until it has seen a position, or has ended."""
        while self.last < position and not self.ended:
            self._moved.clear()
            await self._moved.wait()


async def _watch(address: str, path: str, tokens: Sequence[str], pipe: Connection) -> Seen:
    loop = asyncio.get_running_loop()
    host, _, port = urlsplit(address).netloc.partition(":")
    watchers, transports = [], []
    for token in tokens:
        request = (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
        transport, watcher = await loop.create_connection(
            lambda request=request: _Watcher(request),  # type: ignore[misc]
            host,
            int(port),
        )
        await watcher.opened
        watchers.append(watcher)
        transports.append(transport)
    pipe.send(None)
    until = await loop.run_in_executor(None, pipe.recv)
    async with asyncio.timeout(SECONDS):
        for watcher in watchers:
            await watcher.reached(until)
    seen = Seen(
        frames=[watcher.frames for watcher in watchers],
        reloads=sum(watcher.reloads for watcher in watchers),
        ended=sum(watcher.ended for watcher in watchers),
        arrivals=watchers[0].arrivals,
        last=[watcher.last for watcher in watchers],
    )
    for transport in transports:
        transport.close()
    return seen


def _run(address: str, path: str, tokens: Sequence[str], pipe: Connection) -> None:
    pipe.send(asyncio.run(_watch(address, path, tokens, pipe)))


class Watching:
    """Streams that are open."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def until(self, position: int) -> Seen:
        """Wait until every stream has seen a position, and return what they saw."""
        self._pipe.send(position)
        return self._received()

    def _received(self) -> Seen:
        if not self._pipe.poll(SECONDS):
            raise AssertionError("the streams have not seen what was recorded")
        seen: Seen = self._pipe.recv()
        return seen


@contextmanager
def watching(
    address: str, tokens: Sequence[str], path: str = "/api/reporting/stream"
) -> Iterator[Watching]:
    """Open a stream for each token, all of them before the block begins."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_run, args=(address, path, tokens, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(SECONDS):
            raise AssertionError("the streams were not opened")
        ours.recv()
        yield Watching(ours)
    finally:
        process.join(5)
        if process.is_alive():
            process.terminate()
            process.join()
        ours.close()
