"""A ledger in one SQLite file, which several processes may write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from eventsourcing.persistence import OperationalError

from infra.database.sqlite import told
from infra.ledger.chain import recompute
from infra.ledger.commit import GroupCommit
from infra.ledger.growth import Growth
from infra.ledger.library import LibraryLedger, Rows, check, now
from infra.ledger.port import (
    Head,
    LedgerClosedError,
    Row,
    Save,
    Saved,
    SealedEvent,
    Verdict,
)
from infra.ledger.rows import microseconds, moment
from infra.ledger.sqlite.saving import Saving
from infra.ledger.sqlite.tables import (
    BUSY_SECONDS,
    chained,
    command_of,
    head_of,
    holder_of,
    prepare,
    reader_of,
    row_of,
)

UPWARDS = (
    "select version, type, state, sealed, trace from events"
    " where stream = ? and version > ? and version <= ? order by version limit ?"
)
DOWNWARDS = UPWARDS.replace("order by version", "order by version desc")


class SqliteLedger(LibraryLedger):
    """WAL, durable at every commit; one thread at a time writes, others share its commit."""

    def __init__(self, path: Path, name: str, *, clock: Callable[[], datetime] = now) -> None:
        self.name = name
        self._path = path
        self._clock = clock
        self._writer = self._connect()
        prepare(self._writer)
        self._group = GroupCommit[Sequence[Save], list[Saved]](self._commit)
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._growth = Growth(lambda: self.head().position)
        self._types = set(self.types())

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to one thread at a time; each is closed with the ledger."""
        if self._closed:
            raise LedgerClosedError
        try:
            database = self._idle.pop()
        except IndexError:
            database = self._connect()
            database.execute("pragma query_only=on")
        try:
            yield database
        except sqlite3.Error as error:
            raise told(error) from error
        finally:
            self._idle.append(database)
            if self._closed:
                self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def append(self, saves: Sequence[Save]) -> list[Saved]:
        if not saves:
            return []
        check(saves)
        return self._group.submit(saves)

    def _commit(self, calls: list[Sequence[Save]]) -> list[list[Saved]]:
        try:
            self._writer.execute("begin immediate")
            saving = Saving(self._writer, microseconds(self._clock()), self._types)
            answers = [[saving.save(save) for save in saves] for saves in calls]
            saving.finish()
        except Exception as error:
            if self._writer.in_transaction:
                self._writer.execute("rollback")
            raise OperationalError(f"nothing was written: {error!r}") from error
        self._writer.execute("commit")
        self._types |= saving.new_types
        self._growth.to(saving.position)
        return answers

    def tell(self, grown: Callable[[], None]) -> None:
        """Have something called after each commit of this process, by the thread that made it."""
        self._growth.tell(grown)

    def read(self, after: int, limit: int) -> list[Row]:
        with self._reading() as database:
            rows = database.execute(
                "select position, stream, version, type, recorded, state, sealed, digest, trace"
                " from events where position > ? order by position limit ?",
                (after, limit),
            ).fetchall()
        return [row_of(*row) for row in rows]

    def boxes(self, stream: UUID) -> dict[int, bytes | None]:
        with self._reading() as database:
            return dict(
                database.execute(
                    "select version, sealed from events where stream = ? order by version",
                    (stream.bytes,),
                )
            )

    def head(self) -> Head:
        with self._reading() as database:
            position, digest, recorded = head_of(database)
        return Head(position, digest, moment(recorded))

    def holder(self, claim: str) -> UUID | None:
        with self._reading() as database:
            return holder_of(database, claim)

    def claims(self) -> Iterator[tuple[str, UUID]]:
        with self._reading() as database:
            rows = database.execute("select key, stream from claims order by key").fetchall()
        return ((key, UUID(bytes=stream)) for key, stream in rows)

    def command(self, key: str) -> tuple[bytes, tuple[int, ...]] | None:
        with self._reading() as database:
            return command_of(database, key)

    def streams(self, ids: Collection[UUID]) -> dict[UUID, list[SealedEvent]]:
        found = {stream: self.select_events(stream) for stream in ids}
        return {stream: events for stream, events in found.items() if events}

    def commands(self, keys: Collection[str]) -> dict[str, tuple[bytes, tuple[int, ...]]]:
        found = {key: self.command(key) for key in keys}
        return {key: answered for key, answered in found.items() if answered}

    def reader(self, name: str) -> int:
        with self._reading() as database:
            return reader_of(database, name)

    def types(self) -> list[str]:
        with self._reading() as database:
            return [kind for (kind,) in database.execute("select type from types order by type")]

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return self._growth.wait(after, timeout_seconds)

    def verify(self, progress: Callable[[int], None] = lambda _: None) -> Verdict:
        with self._reading() as database:
            database.execute("begin")  # head and rows as of one moment, while others write
            try:
                return recompute(head_of(database), chained(database), progress)
            finally:
                database.execute("rollback")

    def _of_stream(self, bounds: tuple[bytes, int, int], most: int | None, *, desc: bool) -> Rows:
        asked = (*bounds, -1 if most is None else most)
        with self._reading() as database:
            return database.execute(DOWNWARDS if desc else UPWARDS, asked).fetchall()

    def _between(self, first: int, last: int, kinds: list[str], most: int) -> Rows:
        with self._reading() as database:
            return database.execute(
                "select stream, version, type, state, position from events"
                " where position between ?1 and ?2"
                " and (?3 = '[]' or type in (select value from json_each(?3)))"
                " order by position limit ?4",
                (first, last, json.dumps(kinds), most),
            ).fetchall()

    def close(self) -> None:
        self._group.close()
        self._closed = True
        self._growth.close()
        self._close_idle()
        self._writer.close()
