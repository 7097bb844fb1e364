"""Changed figures to open pages: server-sent events, each frame encoded once for all who see it."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
)
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from infra.http import Malformed, TooManyStreams, Unavailable, positions, written_positions
from infra.metrics import STREAM_CLIENTS

Vector = Mapping[str, int]
Sees = Callable[[str], bool]
Still = Callable[[], Awaitable[bool]]

RETRY_MILLISECONDS = 1000
_STUCK_SECONDS = 30.0
_SPREAD_SECONDS = 60
_AT_ONCE = 16
"""How many streams are handed a frame before whoever else waits for the loop has his turn."""
_RELOAD = b"event: reload\ndata: {}\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, how long, how much."""

    frame_seconds: float = 0.01
    """A first change goes out at once, then at most one frame in this time."""
    stream_seconds: float = 0.00016
    """As much longer for each open stream: frames take a part of the processor, never all."""
    heartbeat_seconds: float = 15.0
    """A silent stream shows that it lives, and every stream is asked whether it still may."""
    lifetime_seconds: float = 600.0
    """A browser reconnects by itself, so a stream may be short; a leak may not be long."""
    kept_frames: int = 6000
    """How far back a reader who was away is told what he missed."""
    queued_frames: int = 200
    """How far a slow reader may fall behind before he is told to reload instead."""
    streams_an_account: int = 8
    streams: int = 5000


@dataclass(frozen=True, slots=True)
class _Frame:
    """What changed up to some positions, and how it is written for each audience."""

    vector: Vector
    changes: Mapping[str, bytes]
    written: dict[Hashable, bytes] = field(default_factory=dict)

    def for_(self, audience: Hashable, sees: Sees) -> bytes:
        """Return the event as an audience sees it; nothing where it sees none of it."""
        if audience not in self.written:
            self.written[audience] = _event(self.changes, self.vector, sees)
        return self.written[audience]


class Hub:
    """Takes changes from any thread, and hands them to the streams of one event loop."""

    def __init__(self, vector: Vector, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self._starting = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._vector: Vector = dict(vector)
        self._shown: Vector = self._vector
        """What is in the frames: the vector, but for what waits for the next one."""
        self._told: Vector | None = None
        """What every reader has been told of, while a frame is handed out."""
        self._floor: Vector = self._vector
        """Who has seen less cannot be told what he missed."""
        self._frames: deque[_Frame] = deque()
        self._waiting: dict[str, bytes] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_frame_at = 0.0
        self._streams: dict[Stream, None] = {}
        self._accounts: Counter[str] = Counter()
        self._served = 0

    def start(self) -> None:
        """Serve the running event loop."""
        with self._starting:
            self._loop = asyncio.get_running_loop()

    def publish(self, changes: Mapping[str, object], vector: Vector) -> None:
        """Take what changed with the facts up to some positions; from any thread.

        A key names one figure; its value replaces the one before.
        """
        encoded = {key: msgspec.json.encode(value) for key, value in changes.items()}
        with self._starting:
            if self._loop is None:
                self._vector = self._shown = self._floor = _joined(self._vector, vector)
            elif not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._take, encoded, vector)

    def subscribe(
        self,
        *,
        account: str,
        audience: Hashable,
        sees: Sees,
        seen: str | None = None,
        still: Still | None = None,
    ) -> Stream:
        """Open a stream for an account. Raises TooManyStreams and Unavailable.

        Equal audiences see the same figures. `seen` is the last event's id, or the positions
        of the page that asks. `still` tells now and then whether the account still may.
        """
        if self._accounts[account] >= self.pace.streams_an_account:
            raise TooManyStreams(most=self.pace.streams_an_account)
        if len(self._streams) >= self.pace.streams:
            raise Unavailable(retry_after_seconds=RETRY_MILLISECONDS // 1000)
        stream = Stream(self, account, audience, sees, still)
        self._served += 1
        stream.lives_seconds = self.pace.lifetime_seconds + self._served % _SPREAD_SECONDS
        stream.begin(*self._since(seen))
        self._streams[stream] = None
        STREAM_CLIENTS.inc()
        self._accounts[account] += 1
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        if stream in self._streams:
            del self._streams[stream]
            STREAM_CLIENTS.dec()
            self._accounts[stream.account] -= 1
            if not self._accounts[stream.account]:
                del self._accounts[stream.account]

    def close(self) -> None:
        """End every stream, from any thread; the browsers come again when there is a server."""
        with self._starting:
            if self._loop and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        for stream in tuple(self._streams):
            stream.end()

    @property
    def open(self) -> int:
        """Return how many streams are open."""
        return len(self._streams)

    @property
    def shown(self) -> Vector:
        """Return the positions up to which every change is in a frame."""
        return self._shown

    @property
    def told(self) -> Vector:
        """Return the positions up to which every frame has been handed to every stream."""
        return self._shown if self._told is None else self._told

    def _since(self, seen: str | None) -> tuple[Vector, Iterable[_Frame] | None]:
        """Return where a reader stands and the frames he missed; None if nobody knows them."""
        if not seen:
            return self._shown, ()
        try:
            stood = positions(seen, self._vector, "Last-Event-ID")
        except Malformed:
            return self._shown, None
        if not _covers(stood, self._floor):
            return self._shown, None
        return stood, [frame for frame in self._frames if not _covers(stood, frame.vector)]

    def _take(self, changes: Mapping[str, bytes], vector: Vector) -> None:
        self._vector = _joined(self._vector, vector)
        self._waiting |= changes
        if not self._waiting:
            self._shown = self._vector
        elif self._timer is None and self._told is None:
            self._send_in_time()

    def _send_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next_frame_at:
            self._send()
        else:
            self._timer = loop.call_at(self._next_frame_at, self._send)

    def _send(self) -> None:
        self._timer = None
        pause = max(self.pace.frame_seconds, len(self._streams) * self.pace.stream_seconds)
        self._next_frame_at = asyncio.get_running_loop().time() + pause
        frame = _Frame(self._vector, self._waiting)
        self._waiting = {}
        self._told, self._shown = self._shown, self._vector
        self._frames.append(frame)
        if len(self._frames) > self.pace.kept_frames:
            self._floor = self._frames.popleft().vector
        self._hand_out(frame, iter(tuple(self._streams)))

    def _hand_out(self, frame: _Frame, streams: Iterator[Stream]) -> None:
        """Hand a frame to some of the streams; the rest comes after whatever waits meanwhile."""
        some = tuple(islice(streams, _AT_ONCE))
        for stream in some:
            stream.take(frame)
        if len(some) == _AT_ONCE:
            asyncio.get_running_loop().call_soon(self._hand_out, frame, streams)
            return
        frame.written.clear()
        self._told = None
        if self._waiting:
            self._send_in_time()


class Stream:
    """One open page: what it still has to be told, in a queue that does not grow."""

    def __init__(
        self, hub: Hub, account: str, audience: Hashable, sees: Sees, still: Still | None
    ) -> None:
        self.account = account
        self.lives_seconds = 0.0
        self._hub = hub
        self._audience = audience
        self._sees = sees
        self._still = still
        self._seen: Vector = {}
        self._queue: deque[bytes] = deque()
        self._woken = asyncio.Event()
        self._ended = False

    def begin(self, seen: Vector, missed: Iterable[_Frame] | None) -> None:
        """Tell first what was missed, or that it is to be loaded again."""
        self._seen = _joined(seen, self._hub.shown)
        opening = f"retry: {RETRY_MILLISECONDS}\n{_id(self._seen)}".encode()
        if missed is None:
            self._queue.append(opening + _RELOAD)
            return
        changes = {key: value for frame in missed for key, value in frame.changes.items()}
        event = _event(changes, self._seen, self._sees)
        self._queue.append(opening + (event or b"\n"))

    def take(self, frame: _Frame) -> None:
        """Take the next frame; told to reload where the page does not keep up."""
        if _covers(self._seen, frame.vector):
            return
        event = frame.for_(self._audience, self._sees)
        self._seen = _joined(self._seen, frame.vector)
        if not event:
            return
        if len(self._queue) >= self._hub.pace.queued_frames:
            self._queue.clear()
            event = _id(self._seen).encode() + _RELOAD
        self._queue.append(event)
        self._woken.set()

    def end(self) -> None:
        """Let the page come again."""
        self._ended = True
        self._woken.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what is to be sent."""
        loop = asyncio.get_running_loop()
        heartbeat = self._hub.pace.heartbeat_seconds
        over_at, due_at = loop.time() + self.lives_seconds, loop.time() + heartbeat
        # One alarm a heartbeat, not one a frame.
        alarm = loop.call_at(min(due_at, over_at), self._woken.set)
        try:
            while not self._ended and loop.time() < over_at:
                is_due = loop.time() >= due_at
                if is_due:
                    due_at = loop.time() + heartbeat
                    alarm = loop.call_at(min(due_at, over_at), self._woken.set)
                    if self._still and not await self._still():
                        return
                if self._queue:
                    chunk = b"".join(self._queue)
                    self._queue.clear()
                    yield chunk
                elif is_due:
                    yield self._alive()
                else:
                    self._woken.clear()
                    await self._woken.wait()
        finally:
            alarm.cancel()

    def _alive(self) -> bytes:
        if not _covers(self._hub.shown, self._seen):
            # It has seen positions that this server never came to: its figures are not ours.
            self._seen = self._hub.shown
            return _id(self._seen).encode() + _RELOAD
        self._seen = _joined(self._seen, self._hub.told)
        return f": alive\n{_id(self._seen)}\n".encode()


class EventStream(StreamingResponse):
    """The answer that is a stream; it ends with its reader, or when he takes nothing any more."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, stream: Stream, *, stuck_seconds: float = _STUCK_SECONDS) -> None:
        super().__init__(stream.chunks(), headers={"X-Accel-Buffering": "no"})
        self._hub = hub
        self._stream = stream
        self._stuck_seconds = stuck_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until either side ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._stream)

    async def stream_response(self, send: Send) -> None:
        """Send chunk by chunk; one that is not taken in time cuts the connection."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as patience:
                looking = _Looking(loop, patience, self._stuck_seconds)
                try:
                    async for chunk in self.body_iterator:
                        looking.since = loop.time()
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                        looking.since = None
                finally:
                    looking.end()
        except TimeoutError:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Looking:
    """Looks now and then whether a chunk is stuck: an alarm for each would cost as much as it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, patience: asyncio.Timeout, seconds: float
    ) -> None:
        self.since: float | None = None
        """When the chunk was begun that is being sent."""
        self._loop = loop
        self._patience = patience
        self._seconds = seconds
        self._next = loop.call_later(seconds, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        over_at = self._seconds + (now if self.since is None else self.since)
        if over_at <= now:
            self._patience.reschedule(now)
        else:
            self._next = self._loop.call_at(over_at, self._look)

    def end(self) -> None:
        """Look no more."""
        self._next.cancel()


def _event(changes: Mapping[str, bytes], vector: Vector, sees: Sees) -> bytes:
    visible = [
        msgspec.json.encode(key) + b":" + value for key, value in changes.items() if sees(key)
    ]
    if not visible:
        return b""
    data = b'data: {"changed":{' + b",".join(visible) + b"}}\n\n"
    return _id(vector).encode() + b"event: changed\n" + data


def _id(vector: Vector) -> str:
    return f"id: {written_positions(vector)}\n"


def _covers(one: Vector, other: Vector) -> bool:
    """Tell whether who stands at one has seen all of the other."""
    return all(one.get(ledger, 0) >= position for ledger, position in other.items())


def _joined(one: Vector, other: Vector) -> Vector:
    return {ledger: max(one.get(ledger, 0), other.get(ledger, 0)) for ledger in {**one, **other}}
