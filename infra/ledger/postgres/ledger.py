"""A ledger in a schema of Postgres, which several processes may write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import OperationalError

from infra.database.migrating import missing
from infra.database.postgres import NotMigrated
from infra.ledger.chain import EVENTS_PER_STEP, UNREADABLE, Chained, recompute
from infra.ledger.commit import GroupCommit
from infra.ledger.growth import Growth
from infra.ledger.library import LibraryLedger, Rows, check, now
from infra.ledger.port import (
    Head,
    OutcomeUnknownError,
    Row,
    Save,
    Saved,
    SealedEvent,
    Verdict,
)
from infra.ledger.postgres.connections import Readers, connector, until_answered
from infra.ledger.postgres.listening import Listener
from infra.ledger.postgres.saving import Saving
from infra.ledger.postgres.schema import STEPS
from infra.ledger.rows import moment

APPEND = b"select * from append(" + b", ".join([b"%s"] * 24) + b")"
TELL = b"select set_config('synchronous_commit', 'off', true), pg_notify(%s, %s)"
HEAD = b"select position, digest, recorded from head order by position desc limit 1"
READER = b"select position from readers where name = %s order by position desc limit 1"
READ = (
    b"select position, stream, version, type, recorded, state, sha256(coalesce(sealed, '')),"
    b" digest, trace from events where position > %s order by position limit %s"
)
UPWARDS = (
    b"select version, type, state, sealed, trace from events"
    b" where stream = %s and version > %s and version <= %s order by version limit %s::bigint"
)
STREAMS = (
    b"select e.stream, e.version, e.type, e.state, e.sealed, e.trace from unnest(%s::bytea[])"
    b" as s(stream) join events e on e.stream = s.stream order by e.stream, e.version"
)
COMMANDS = (
    b"select c.key, c.fingerprint, c.position, c.events from unnest(%s::text[]) as k(key)"
    b" join commands c on c.key = k.key"
)
DOWNWARDS = UPWARDS.replace(b"order by version", b"order by version desc")
CHAINED = (
    b"select position, recorded, stream, version, convert_to(type, 'UTF8'), state, sealed, digest"
    b" from events order by position"
)
NOTIFICATIONS = (
    b"select stream, version, type, state, position from events where position between %s and %s"
    b" and (cardinality(%s::text[]) = 0 or type = any (%s)) order by position limit %s"
)
TORN = (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted, psycopg.DataError)

Answer = tuple[int, list[int], str]


class PostgresLedger(LibraryLedger):
    """One connection writes, durable at every commit; threads and processes share or take turns.

    The schema is made by `migrate`; opening it before that raises NotMigrated.
    """

    def __init__(self, dsn: str, name: str, *, clock: Callable[[], datetime] = now) -> None:
        if missing(dsn, name, STEPS):
            raise NotMigrated(name)
        self.name = name
        self._clock = clock
        self._connect = connector(dsn, name, "writer")
        self._connect_for_long = connector(dsn, name, "proof")
        self._readers = Readers(connector(dsn, name, "reader"))
        self._writer: psycopg.Connection | None = None
        self._identity, self._calls = uuid4(), 0
        self._group = GroupCommit[Sequence[Save], list[Saved]](self._commit)
        self._growth = Growth(self._look)
        self._channel = f"ledger_{name}"
        self._listener = Listener(connector(dsn, name, "listener"), self._channel, self._growth)
        self._types = set(self.types())

    def append(self, saves: Sequence[Save]) -> list[Saved]:
        if not saves:
            return []
        check(saves)
        return self._group.submit(saves)

    def _commit(self, calls: list[Sequence[Save]]) -> list[list[Saved]]:
        self._calls += 1
        try:
            saving = Saving(calls, self._types)
            columns = saving.columns(self._clock())
        except Exception as error:
            raise OperationalError(f"nothing was written: {error!r}") from error
        position, firsts, refusals = self._sent([self._identity, self._calls, *columns])
        answers = saving.answers(firsts, refusals)
        self._growth.to(position)
        if any(firsts):
            self._tell(position)
        return answers

    def _tell(self, position: int) -> None:
        """Tell other processes how far the ledger goes; whoever does not hear finds it itself."""
        with suppress(psycopg.Error):
            self._connected().execute(TELL, (self._channel, str(position)))

    def _sent(self, values: Sequence[object]) -> Answer:
        """Send a commit until it is answered.

        The database keeps the last answer of each writer with what it committed, so a call
        that is sent again after its connection was lost is done once, and answered as it
        was the first time.
        """
        lost: list[psycopg.Error] = []
        sent = False

        def attempt() -> Answer | None:
            nonlocal sent
            try:
                writer = self._connected()
            except psycopg.Error as error:
                lost.append(error)
                return None
            try:
                [answer] = writer.execute(APPEND, values, binary=True).fetchall()
            except psycopg.Error as error:
                if not writer.closed and not sent:
                    raise OperationalError(f"nothing was written: {error!r}") from error
                sent = True
                lost.append(error)
                return None
            return answer

        answer = until_answered(attempt)
        if answer is None and sent:
            raise OutcomeUnknownError(f"the database is away: {lost[-1]}") from lost[-1]
        if answer is None:
            raise OperationalError(f"nothing was written: {lost[-1]}") from lost[-1]
        return answer

    def _connected(self) -> psycopg.Connection:
        if self._writer is None or self._writer.closed:
            self._writer = self._connect()
            self._writer.execute("delete from answers where at < now() - interval '1 day'")
        return self._writer

    def tell(self, grown: Callable[[], None]) -> None:
        """Have something called after each commit, of this process or of another."""
        self._growth.tell(grown)
        self._listener.start()

    def read(self, after: int, limit: int) -> list[Row]:
        return [
            Row(position, UUID(bytes=stream), version, kind, moment(recorded), *rest)
            for position, stream, version, kind, recorded, *rest in self._readers.ask(
                READ, (after, limit)
            )
        ]

    def boxes(self, stream: UUID) -> dict[int, bytes | None]:
        return dict(
            self._readers.ask(
                b"select version, sealed from events where stream = %s order by version",
                (stream.bytes,),
            )
        )

    def head(self) -> Head:
        [(position, digest, recorded)] = self._readers.ask(HEAD)
        return Head(position, digest, moment(recorded))

    def holder(self, claim: str) -> UUID | None:
        rows = self._readers.ask(b"select stream from claims where key = %s", (claim,))
        return UUID(bytes=rows[0][0]) if rows else None

    def claims(self) -> Iterator[tuple[str, UUID]]:
        rows = self._readers.ask(b"select key, stream from claims order by key")
        return ((key, UUID(bytes=stream)) for key, stream in rows)

    def command(self, key: str) -> tuple[bytes, tuple[int, ...]] | None:
        return self.commands([key]).get(key)

    def streams(self, ids: Collection[UUID]) -> dict[UUID, list[SealedEvent]]:
        found: dict[UUID, list[SealedEvent]] = {}
        for stream, *rest in self._readers.ask(STREAMS, ([each.bytes for each in ids],)):
            place = UUID(bytes=stream)
            found.setdefault(place, []).append(SealedEvent(place, *rest))
        return found

    def commands(self, keys: Collection[str]) -> dict[str, tuple[bytes, tuple[int, ...]]]:
        rows = self._readers.ask(COMMANDS, (list(keys),))
        return {
            key: (fingerprint, tuple(range(first, first + events)))
            for key, fingerprint, first, events in rows
        }

    def reader(self, name: str) -> int:
        rows = self._readers.ask(READER, (name,))
        return int(rows[0][0]) if rows else 0

    def types(self) -> list[str]:
        return [kind for (kind,) in self._readers.ask(b"select type from types order by type")]

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait as every ledger does; while the database is away, nothing comes."""
        self._listener.start()
        return self._growth.wait(after, timeout_seconds)

    def _look(self) -> int:
        try:
            [(position, _, _)] = self._readers.ask_once(HEAD)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            return 0  # who waits looks again, and who reads is told
        return int(position)

    def verify(self, progress: Callable[[int], None] = lambda _: None) -> Verdict:
        with closing(self._connect_for_long()) as database:
            # Head and rows as of one moment, while others write.
            database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with database.transaction():
                [head] = database.execute(HEAD).fetchall()
                return recompute(head, _chained(database), progress)

    def _of_stream(self, bounds: tuple[bytes, int, int], most: int | None, *, desc: bool) -> Rows:
        return self._readers.ask(DOWNWARDS if desc else UPWARDS, (*bounds, most))

    def _between(self, first: int, last: int, kinds: list[str], most: int) -> Rows:
        return self._readers.ask(NOTIFICATIONS, (first, last, kinds, kinds, most))

    def close(self) -> None:
        self._group.close()
        self._readers.close()
        self._growth.close()
        self._listener.close()
        if self._writer is not None:
            self._writer.close()


def _chained(database: psycopg.Connection) -> Iterator[Chained]:
    try:
        with database.cursor("chain") as cursor:
            cursor.itersize = EVENTS_PER_STEP
            yield from cursor.execute(CHAINED, binary=True)
    except TORN:  # the page of the next event is torn
        yield UNREADABLE
