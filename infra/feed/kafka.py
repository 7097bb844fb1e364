"""The feed that reads a ledger's topic."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any, TypeVar

import uvloop
from aiokafka import ConsumerRecord

from events.codec import UndecodableError
from infra.feed.log import Log, NotThere
from infra.feed.parking import ParkedRecord, say_once
from infra.feed.port import Unreadable, carried
from infra.ledger.port import Row

PATIENCE_SECONDS = 5.0
"""How long a broker may take to answer before it counts as away."""
HEALING_SECONDS = 10.0
"""How long a position may be missing: a broker that lost its tail gets it from the relay again,
and what a relay wrote behind the loss before it noticed stands there first."""
FETCH_RECORDS = 5000
FETCH_SECONDS = 0.5

T = TypeVar("T")


class KafkaFeed:
    """Reads a topic record by record, by position: one reader's, in a thread of its own.

    From a place that was found, records are fetched on while the reader works at those before:
    who reads takes what is there, and changes no thread for it.

    A position that was seen is skipped. Where the next record is not the next position, or
    cannot be read, or its offset is gone, the position is sought; where it is nowhere on the
    topic, though later ones are, `read` has nothing until it is, or until that has lasted: then
    it raises Unreadable, and goes on doing so.
    """

    def __init__(
        self,
        bootstrap: str,
        ledger: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        healing_seconds: float = HEALING_SECONDS,
    ) -> None:
        self._bootstrap = bootstrap
        self._patience = patience_seconds
        self._healing = healing_seconds
        self._missed = (0, 0.0)
        self._log = Log(bootstrap, ledger, patience_seconds)
        self._fetched: deque[ConsumerRecord] = deque()
        self._came = Condition()
        self._is_full = False
        self._room = asyncio.Event()
        self._fetching: asyncio.Task[None] | None = None
        self._next = 0
        self._reading = Lock()
        self._loop = uvloop.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"feed-{ledger}", daemon=True)
        self._thread.start()

    @property
    def ledger(self) -> str:
        """Return the name of the ledger."""
        return self._log.ledger

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Return up to `limit` records after a position. Raises Unreadable and FeedAwayError."""
        with self._reading:
            rows = self._read(after + 1, limit) if self._at(after + 1) else []
            self._next = after + 1 + len(rows)
            self._make_room()
            return rows

    def head(self) -> int:
        """Return the position of the last record. Raises FeedAwayError."""
        return self._await(self._log.head())

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is a record after a position. Raises FeedAwayError."""
        with self._reading:
            if not self._fetched and self._next == after + 1 and not self._log.lost:
                return self._comes(timeout_seconds)
            if self._missed[0] == after + 1 and not self._fetched:
                self._await(asyncio.sleep(timeout_seconds))
        return True  # what is there is seen by reading

    def park(self, reader: str, position: int, kind: str, reason: str) -> None:
        """Write to the topic of a reader before which position it stands, if that is new."""
        said = ParkedRecord(
            reader=reader, ledger=self.ledger, position=position, type=kind, reason=reason
        )
        self._await(say_once(self._bootstrap, said, self._patience))

    def close(self) -> None:
        """Leave the broker, and end the thread."""
        if self._thread.is_alive():
            self._fetch_no_more()
            self._await(self._log.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _at(self, position: int) -> bool:
        """Be where a position comes next; tell whether anything has been fetched."""
        if position != self._next or self._log.lost:
            self._seek(position)
        elif not self._fetched:
            self._comes(0)
        return bool(self._fetched)

    def _seek(self, position: int) -> None:
        self._fetch_no_more()
        self._next = 0  # nowhere, until the place is found
        try:
            is_there = self._await(self._log.go_to(position))
        except NotThere as error:
            if not self._log.lost:  # what is written from now on may be it
                self._await(self._begin_to_fetch())
            if not self._missed_for_long(position):
                return
            raise Unreadable(position, "", str(error)) from None
        self._next = position
        self._await(self._begin_to_fetch())
        if is_there:
            self._comes(self._patience)

    def _missed_for_long(self, position: int) -> bool:
        missed, since = self._missed
        if missed != position:
            self._missed = (position, monotonic())
            return self._healing <= 0
        return monotonic() - since >= self._healing

    async def _begin_to_fetch(self) -> None:
        self._fetching = asyncio.create_task(self._fetch_on())
        self._fetching.add_done_callback(lambda _: self._tell())

    async def _fetch_on(self) -> None:
        """Fetch from the place where the log is, until it is gone; not much more than is read."""
        while not self._log.lost:
            if records := await self._log.onward(FETCH_SECONDS, FETCH_RECORDS):
                self._fetched.extend(records)
                self._tell()
            self._room.clear()
            self._is_full = len(self._fetched) >= FETCH_RECORDS
            if self._is_full:
                await self._room.wait()

    def _tell(self) -> None:
        with self._came:
            self._came.notify_all()

    def _make_room(self) -> None:
        if self._is_full and len(self._fetched) < FETCH_RECORDS:
            self._loop.call_soon_threadsafe(self._room.set)

    def _fetch_no_more(self) -> None:
        if self._fetching:
            self._await(_ended(self._fetching))
        self._fetching = None
        self._fetched.clear()

    def _comes(self, timeout_seconds: float) -> bool:
        """Wait for what is being fetched; raise why nothing is any more."""
        fetching = self._fetching
        if fetching is None:
            return False
        self._make_room()
        with self._came:
            self._came.wait_for(lambda: self._fetched or fetching.done(), timeout_seconds)
        if not self._fetched and fetching.done():
            self._next = 0
            fetching.result()
        return bool(self._fetched)

    def _read(self, position: int, limit: int) -> list[Row]:
        rows: list[Row] = []
        sought = False
        while self._fetched and len(rows) < limit:
            row = self._row(self._fetched[0])
            if row is not None and row.position < position:
                self._fetched.popleft()
            elif row is not None and row.position == position:
                self._fetched.popleft()
                rows.append(row)
                position += 1
            elif rows or sought:
                break
            else:
                self._seek(position)
                sought = True
        return rows

    def _row(self, record: ConsumerRecord) -> Row | None:
        try:
            return carried(self.ledger, record.value)
        except UndecodableError:
            return None

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task, and wait until it has ended, however."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
