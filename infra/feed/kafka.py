"""The feed that reads a ledger's topic."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from threading import Lock, Thread
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
FETCH_RECORDS = 2000

T = TypeVar("T")


class KafkaFeed:
    """Reads a topic record by record, by position: one reader's, in a thread of its own.

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
            return rows

    def head(self) -> int:
        """Return the position of the last record. Raises FeedAwayError."""
        return self._await(self._log.head())

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is a record after a position. Raises FeedAwayError."""
        with self._reading:
            if not self._fetched and self._next == after + 1 and not self._log.lost:
                self._fetch(timeout_seconds)
                return bool(self._fetched)
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
            self._await(self._log.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _at(self, position: int) -> bool:
        """Be where a position comes next; tell whether anything has been fetched."""
        if position != self._next or self._log.lost:
            self._seek(position)
        elif not self._fetched:
            self._fetch(0.0)
        return bool(self._fetched)

    def _seek(self, position: int) -> None:
        self._fetched.clear()
        self._next = 0  # nowhere, until the place is found
        try:
            is_there = self._await(self._log.go_to(position))
        except NotThere as error:
            if not self._missed_for_long(position):
                return
            raise Unreadable(position, "", str(error)) from None
        self._next = position
        self._fetch(self._patience if is_there else 0.0)

    def _missed_for_long(self, position: int) -> bool:
        missed, since = self._missed
        if missed != position:
            self._missed = (position, monotonic())
            return self._healing <= 0
        return monotonic() - since >= self._healing

    def _fetch(self, timeout_seconds: float) -> None:
        self._fetched.extend(self._await(self._log.onward(timeout_seconds, FETCH_RECORDS)))

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
