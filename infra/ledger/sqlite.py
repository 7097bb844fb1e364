"""A ledger in one SQLite file, which several processes may write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Condition
from time import monotonic, sleep
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Subscription,
)

from infra.ledger.chain import Chained, recompute
from infra.ledger.commit import GroupCommit
from infra.ledger.port import (
    EMPTY_DIGEST,
    ClaimTakenError,
    CommandRepeatedError,
    Head,
    Ledger,
    LedgerClosedError,
    ReaderMovedError,
    Row,
    Save,
    Saved,
    SealedEvent,
    Verdict,
    VersionTakenError,
    link,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SWEEP_SECONDS = 0.5
BUSY_SECONDS = 30.0
ROWS_PER_FETCH = 1000
END = (1 << 63) - 1
NO_BOX = sha256(b"").digest()
UNREADABLE: Chained = (0, 0, b"", 0, b"", b"", None, b"")
UPWARDS = (
    "select version, type, state, sealed, trace from events"
    " where stream = ? and version > ? and version <= ? order by version limit ?"
)
DOWNWARDS = UPWARDS.replace("order by version", "order by version desc")
NOTHING = Save(events=[])

SCHEMA = """
create table if not exists events(
  position integer primary key, stream blob not null, version integer not null,
  type text not null, recorded integer not null, state blob not null, sealed blob,
  digest blob not null, trace text, unique (stream, version)) strict;
create table if not exists head(
  one integer primary key check (one = 1), position integer not null,
  digest blob not null, recorded integer not null) strict;
create table if not exists types(type text primary key) strict, without rowid;
create table if not exists claims(
  key text primary key, stream blob not null, position integer not null) strict, without rowid;
create table if not exists commands(
  key text primary key, fingerprint blob not null, positions text not null) strict, without rowid;
create table if not exists readers(
  name text primary key, position integer not null) strict, without rowid;
"""


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _now() -> datetime:
    return datetime.now(UTC)


def _prepare(database: sqlite3.Connection) -> None:
    """Make the tables if they are not there; several processes may come at once."""
    deadline = monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("pragma journal_mode=wal")
            break
        except sqlite3.OperationalError:  # the change to WAL does not honour the busy timeout
            if monotonic() > deadline:
                raise
            sleep(0.01)
    database.execute("pragma synchronous=full")
    database.executescript(f"begin immediate; {SCHEMA} commit")


def _sealed_digest(sealed: bytes | None) -> bytes:
    return NO_BOX if sealed is None else sha256(sealed).digest()


def _row(  # noqa: PLR0913, PLR0917 - the columns, in their order
    position: int,
    stream: bytes,
    version: int,
    kind: str,
    recorded: int,
    state: bytes,
    sealed: bytes | None,
    digest: bytes,
    trace: str | None,
) -> Row:
    moment, box = _moment(recorded), _sealed_digest(sealed)
    return Row(position, UUID(bytes=stream), version, kind, moment, state, box, digest, trace)


def _head(database: sqlite3.Connection) -> tuple[int, bytes, int]:
    row = database.execute("select position, digest, recorded from head").fetchone()
    return row or (0, EMPTY_DIGEST, 0)


def _holder(database: sqlite3.Connection, claim: str) -> UUID | None:
    row = database.execute("select stream from claims where key = ?", (claim,)).fetchone()
    return UUID(bytes=row[0]) if row else None


def _command(database: sqlite3.Connection, key: str) -> tuple[bytes, tuple[int, ...]] | None:
    row = database.execute(
        "select fingerprint, positions from commands where key = ?", (key,)
    ).fetchone()
    return (row[0], tuple(json.loads(row[1]))) if row else None


def _reader(database: sqlite3.Connection, name: str) -> int:
    row = database.execute("select position from readers where name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _chained(database: sqlite3.Connection) -> Iterator[Chained]:
    """Read the types as bytes: a byte changed in one may not be a text any more."""
    try:
        rows = database.execute(
            "select position, recorded, stream, version, cast(type as blob), state, sealed, digest"
            " from events order by position"
        )
        while batch := rows.fetchmany(ROWS_PER_FETCH):
            yield from batch
    except sqlite3.DatabaseError:  # the page of the next event is torn
        yield UNREADABLE


def _stream(originator_id: UUID | str) -> bytes:
    stream = originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
    return stream.bytes


def _check(save: Save) -> None:
    """Refuse in the caller's own thread what no ledger can hold."""
    for event in save.events:
        if not isinstance(event.originator_id, UUID) or not 0 < event.originator_version <= END:
            raise ProgrammingError(f"not a place in a stream: {event}")


def _sealed(event: StoredEvent) -> SealedEvent:
    if isinstance(event, SealedEvent):
        return event
    return SealedEvent(event.originator_id, event.originator_version, event.topic, event.state)


class _Commit:
    """One transaction: where the chain stands while saves extend it."""

    def __init__(self, database: sqlite3.Connection, now: int) -> None:
        self._database = database
        self._now = now
        self.position, self.digest, self.recorded = _head(database)
        self._start = self.position
        self.new_types: set[str] = set()

    def save(self, save: Save, known_types: set[str]) -> Saved:
        """Refuse the save before anything of it is written, or write all of it."""
        refusal = self._conflict(save)
        if refusal is not None:
            return Saved(refusal=refusal)
        positions = self._insert(save, known_types) if save.events else ()
        self._keep(save, positions)
        return Saved(positions)

    def _conflict(self, save: Save) -> IntegrityError | None:
        if save.command is not None:
            key = save.command[0]
            recorded = _command(self._database, key)
            if recorded is not None:
                return CommandRepeatedError(key, *recorded)
        if save.reader is not None:
            name, position, _ = save.reader
            if _reader(self._database, name) != position:
                return ReaderMovedError(f"{name} is not at {position}")
        return self._version_taken(save.events) or self._claim_taken(save)

    def _version_taken(self, events: Sequence[SealedEvent]) -> IntegrityError | None:
        own = set()
        for event in events:
            place = _stream(event.originator_id), event.originator_version
            if (
                place in own
                or self._database.execute(
                    "select 1 from events where stream = ? and version = ?", place
                ).fetchone()
            ):
                return VersionTakenError(
                    f"version {event.originator_version} of {event.originator_id} is taken"
                )
            own.add(place)
        return None

    def _claim_taken(self, save: Save) -> IntegrityError | None:
        own: dict[str, UUID] = {}
        for key, stream in save.takes:
            holder = own.setdefault(key, stream)
            if holder == stream and key not in save.releases:
                holder = _holder(self._database, key) or stream
            if holder != stream:
                return ClaimTakenError(key, holder)
        return None

    def _insert(self, save: Save, known_types: set[str]) -> tuple[int, ...]:
        first = self.position + 1
        cause = 0 if save.not_before is None else _microseconds(save.not_before)
        self.recorded = max(self._now, self.recorded, cause)
        rows = []
        for event in save.events:
            self.position += 1
            stream = cast("UUID", event.originator_id)
            version, kind = event.originator_version, event.topic
            self.digest = link(
                self.digest,
                self.position,
                self.recorded,
                stream,
                version,
                kind,
                event.state,
                _sealed_digest(event.sealed),
            )
            rows.append(
                (
                    self.position,
                    stream.bytes,
                    version,
                    kind,
                    self.recorded,
                    event.state,
                    event.sealed,
                    self.digest,
                    event.trace,
                )
            )
            if kind not in known_types and kind not in self.new_types:
                self._database.execute("insert or ignore into types values (?)", (kind,))
                self.new_types.add(kind)
        self._database.executemany("insert into events values (?,?,?,?,?,?,?,?,?)", rows)
        return tuple(range(first, self.position + 1))

    def _keep(self, save: Save, positions: tuple[int, ...]) -> None:
        write = self._database.execute
        for key in save.releases:
            write("delete from claims where key = ?", (key,))
        for key, stream in save.takes:
            write(
                "insert or ignore into claims values (?, ?, ?)", (key, stream.bytes, self.position)
            )
        if save.command is not None:
            write("insert into commands values (?, ?, ?)", (*save.command, json.dumps(positions)))
        if save.reader is not None:
            name, _, position = save.reader
            write("insert or replace into readers values (?, ?)", (name, position))

    def finish(self) -> None:
        """Move the head to where the chain now stands."""
        if self.position != self._start:
            self._database.execute(
                "insert or replace into head values (1, ?, ?, ?)",
                (self.position, self.digest, self.recorded),
            )


class SqliteLedger(Ledger):
    """WAL, durable at every commit; one thread at a time writes, others share its commit."""

    def __init__(self, path: Path, name: str, *, clock: Callable[[], datetime] = _now) -> None:
        self.name = name
        self._path = path
        self._clock = clock
        self._writer = self._connect()
        _prepare(self._writer)
        self._group = GroupCommit[Sequence[Save], list[Saved]](self._commit)
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._grown = Condition()
        self._seen = self.head().position
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
        for save in saves:
            _check(save)
        return self._group.submit(saves)

    def _commit(self, calls: list[Sequence[Save]]) -> list[list[Saved]]:
        try:
            self._writer.execute("begin immediate")
        except sqlite3.OperationalError as error:  # another process held the file too long
            raise OperationalError(error) from error
        try:
            commit = _Commit(self._writer, _microseconds(self._clock()))
            answers = [[commit.save(save, self._types) for save in saves] for saves in calls]
            commit.finish()
            self._writer.execute("commit")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("rollback")
            raise
        self._types |= commit.new_types
        with self._grown:
            self._seen = commit.position
            self._grown.notify_all()
        return answers

    def read(self, after: int, limit: int) -> list[Row]:
        with self._reading() as database:
            rows = database.execute(
                "select position, stream, version, type, recorded, state, sealed, digest, trace"
                " from events where position > ? order by position limit ?",
                (after, limit),
            ).fetchall()
        return [_row(*row) for row in rows]

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
            position, digest, recorded = _head(database)
        return Head(position, digest, _moment(recorded))

    def holder(self, claim: str) -> UUID | None:
        with self._reading() as database:
            return _holder(database, claim)

    def claims(self) -> Iterator[tuple[str, UUID]]:
        with self._reading() as database:
            rows = database.execute("select key, stream from claims order by key").fetchall()
        return ((key, UUID(bytes=stream)) for key, stream in rows)

    def command(self, key: str) -> tuple[bytes, tuple[int, ...]] | None:
        with self._reading() as database:
            return _command(database, key)

    def reader(self, name: str) -> int:
        with self._reading() as database:
            return _reader(database, name)

    def types(self) -> list[str]:
        """Return every type that was ever recorded, so that a start can refuse unknown ones."""
        with self._reading() as database:
            return [kind for (kind,) in database.execute("select type from types order by type")]

    def wait(self, after: int, timeout_seconds: float) -> bool:
        deadline = monotonic() + timeout_seconds
        while True:
            position = self.head().position  # another process may have written
            with self._grown:
                self._seen = max(self._seen, position)
                left = deadline - monotonic()
                if self._seen <= after and left > 0 and not self._closed:
                    self._grown.wait(min(left, SWEEP_SECONDS))
                if self._seen > after or left <= 0:
                    return self._seen > after

    def verify(self, progress: Callable[[int], None] = lambda _: None) -> Verdict:
        with self._reading() as database:
            database.execute("begin")  # head and rows as of one moment, while others write
            try:
                return recompute(_head(database), _chained(database), progress)
            finally:
                database.execute("rollback")

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        **kwargs: Any,  # noqa: ANN401 - the library's signature
    ) -> Sequence[int]:
        """Append one save, whose other fields are the keywords; raise its refusal."""
        kwargs.pop("tracking", None)
        save = Save(events=[_sealed(event) for event in stored_events], **kwargs)
        if save == NOTHING:
            return ()
        [saved] = self.append([save])
        if saved.refusal is not None:
            raise saved.refusal
        return saved.positions

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[SealedEvent]:
        bounds = (
            _stream(originator_id),
            -1 if gt is None else gt,
            END if lte is None else lte,
            -1 if limit is None else limit,
        )
        with self._reading() as database:
            rows = database.execute(DOWNWARDS if desc else UPWARDS, bounds).fetchall()
        return [SealedEvent(originator_id, *row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        first = (start or 0) + (not inclusive_of_start)
        last = END if stop is None else stop
        with self._reading() as database:
            rows = database.execute(
                "select stream, version, type, state, position from events"
                " where position between ?1 and ?2"
                " and (?3 = '[]' or type in (select value from json_each(?3)))"
                " order by position limit ?4",
                (first, last, json.dumps(list(topics)), limit),
            ).fetchall()
        return [Notification(UUID(bytes=stream), *rest) for stream, *rest in rows]

    def max_notification_id(self) -> int | None:
        return self.head().position or None

    def subscribe(
        self,
        gt: int | None = None,  # noqa: ARG002 - the library's signature
        topics: Sequence[str] = (),  # noqa: ARG002 - as above
    ) -> Subscription[ApplicationRecorder]:
        raise NotSupportedError("a ledger is read with `read` and `wait`")

    def close(self) -> None:
        self._group.close()
        with self._grown:
            self._closed = True
            self._grown.notify_all()
        self._close_idle()
        self._writer.close()
