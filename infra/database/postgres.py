"""A database in one schema of Postgres."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.abc import AdaptContext
from psycopg.adapt import Buffer, Loader
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import BytesBinaryDumper, StrDumper, TextLoader

from infra.database.columns import BYTES, Column, ColumnDumper
from infra.database.patient import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    NoAnswerError,
    PatientConnection,
)
from infra.database.port import Away, Database, Keep, Place, Rows, Taken, Values
from infra.database.postgres_words import script, spoken
from infra.database.putting import Putting

BUSY_SECONDS = 30.0
IDLE_SECONDS = 60
"""After so long without a word in a transaction, what a stopped process holds is let go."""
POLL_SECONDS = 0.02
_SYNCHRONOUS = {Keep.DRAFT: "off", Keep.CACHE: "off", Keep.DURABLE: "on"}
_AWAY = ("08", "53", "57", "58", "40")
_AWAY_TOO = {
    "55P03",  # waited too long for a lock
    "25006",  # a server that may only be read: another one writes
}
_STAMP = "layout"
"""The table with the stamp of a schema. Who writes locks it, and who swaps the schema."""
_MARK = b"select pg_snapshot_xmax(pg_current_snapshot())::text"
_HELD = b"""
select 1 where pg_snapshot_xmin(pg_current_snapshot()) < %(mark)s::xid8
or exists (select from pg_stat_activity where pid <> pg_backend_pid()
    and (datname is null or datname = current_database())
    and age(backend_xmin) > age((%(mark)s::xid8)::xid))
or exists (select from pg_replication_slots where age(xmin) > age((%(mark)s::xid8)::xid))"""
"""Whether a transaction, a reader or a replica looks back to before a mark."""


class NotMigrated(Exception):
    """A schema is missing, or another release laid it out: opening makes and changes none."""

    def __init__(self, schema: str) -> None:
        super().__init__(
            f"schema {schema} is not there, or is of another release: run `ketnap migrate`"
        )
        self.schema = schema


class NotOursError(Exception):
    """The table belongs to another role, which alone may erase."""


class PostgresSchema(Place):
    """A schema of a database, made by `make` alone and found by every process."""

    def __init__(
        self,
        dsn: str,
        schema: str,
        *,
        connect_seconds: int = CONNECT_SECONDS,
        busy_seconds: float = BUSY_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.dsn = dsn
        self.schema = schema
        self._connect_seconds = connect_seconds
        self._busy_seconds = busy_seconds
        self._answer_seconds = answer_seconds

    @property
    def channel(self) -> str:
        """Return the channel on which it is told that a live view moved."""
        return f"view_{self.schema}"

    def open(
        self,
        schema: str,  # noqa: ARG002 - its tables were made by `make`
        layout: int = 0,
        *,
        keep: Keep = Keep.CACHE,
        forgets: bool = False,  # noqa: ARG002 - see `Database.erase`
    ) -> Database:
        """Open the schema. Raises NotMigrated and Away."""
        return PostgresDatabase(
            lambda: self._connect(keep),
            self._connect_to(layout, keep),
            channel=self.channel if keep is Keep.CACHE else None,
            busy_seconds=self._busy_seconds,
            # An index of a draft is built for as long as it takes.
            answer_seconds=None if keep is Keep.DRAFT else self._answer_seconds,
        )

    def make(self, schema: str, layout: int = 0) -> None:
        """Make the schema and the tables that it lacks; again, or twice at once, is harmless.

        Raises NotMigrated where tables of another layout are in the way, and Away.
        """
        with self._administering() as connection:
            _say(connection, "select pg_advisory_xact_lock(hashtextextended(%s, 0))", self.schema)
            connection.execute(
                sql.SQL("create schema if not exists {}").format(sql.Identifier(self.schema))
            )
            connection.execute(f"create table if not exists {_STAMP}(stamp bigint not null)")
            _say(
                connection,
                f"insert into {_STAMP} select %s where not exists (select 1 from {_STAMP})",  # noqa: S608 - our own name
                layout,
            )
            if _say(connection, f"select stamp from {_STAMP}").fetchone() != (layout,):  # noqa: S608 - as above
                raise NotMigrated(self.schema)
            connection.execute(script(schema).encode())

    def is_outdated(self, layout: int) -> bool:
        """Tell whether the schema bears the stamp of another layout. Raises Away."""
        with self._administering() as connection:
            return self._stamp(connection) not in {None, layout}

    def discard(self) -> None:
        """Drop the schema and all that is in it. Raises Away."""
        with self._administering() as connection:
            self._drop(connection, self.schema)

    def swap(self, new: PostgresSchema) -> None:
        """Put another schema of the same database in the place of this one, which is dropped.

        Blocks that are open end on the old tables; everything after them, on any connection,
        finds the new ones. All that was committed to them is durable. Raises Away.
        """
        old = f"{self.schema}_old"
        with self._administering() as connection:
            connection.execute("set local synchronous_commit to on")
            self._drop(connection, old)
            if self._is_there(connection):
                connection.execute(f"lock table {_STAMP} in access exclusive mode")
                connection.execute(_renamed(self.schema, old))
            connection.execute(_renamed(new.schema, self.schema))
            self._drop(connection, old)
            _say(connection, "select pg_notify(%s, '')", self.channel)

    def _drop(self, connection: psycopg.Connection, schema: str) -> None:
        drop = sql.SQL("drop schema if exists {} cascade")
        connection.execute(drop.format(sql.Identifier(schema)))

    def _is_there(self, connection: psycopg.Connection) -> bool:
        found = "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null"
        return _say(connection, found, self.schema, _STAMP).fetchone() == (True,)

    def _stamp(self, connection: psycopg.Connection) -> int | None:
        if not self._is_there(connection):
            return None
        row = _say(connection, f"select stamp from {_STAMP}").fetchone()  # noqa: S608 - our own name
        return int(row[0]) if row else None

    def _connect_to(self, layout: int, keep: Keep) -> PatientConnection:
        """Return a connection to tables of a layout. Raises NotMigrated and Away."""
        with _ours(), ExitStack() as failing:
            connection = failing.enter_context(closing(self._connect(keep)))
            if self._stamp(connection) != layout:
                raise NotMigrated(self.schema)
            failing.pop_all()
            return connection

    @contextmanager
    def _administering(self) -> Iterator[psycopg.Connection]:
        """Yield a connection in one transaction that is committed when the block ends."""
        try:
            with closing(self._connect(Keep.DURABLE)) as connection, connection.transaction():
                yield connection
        except psycopg.Error as error:
            raise told(error) from error

    def _connect(self, keep: Keep) -> PatientConnection:
        """Return a connection. Raises psycopg.Error."""
        connection = PatientConnection.to(
            self.dsn, name=f"ketnap {self.schema}", connect_seconds=self._connect_seconds
        )
        adapt(connection)
        connection.patience_seconds = self._busy_seconds + self._answer_seconds
        connection.execute(
            sql.SQL(
                "set client_min_messages to warning; set search_path to {};"
                " set synchronous_commit to {}; set lock_timeout to {};"
                " set idle_in_transaction_session_timeout to {}"
            ).format(
                sql.Identifier(self.schema),
                _SYNCHRONOUS[keep],
                round(self._busy_seconds * 1000) or 1,  # 0 would be for ever
                IDLE_SECONDS * 1000,
            )
        )
        return connection


class PostgresDatabase(Database):
    """One connection to a schema. One that broke is replaced at the next statement or block."""

    def __init__(
        self,
        connect: Callable[[], PatientConnection],
        first: PatientConnection,
        *,
        channel: str | None = None,
        busy_seconds: float = BUSY_SECONDS,
        answer_seconds: float | None = ANSWER_SECONDS,
    ) -> None:
        self._connect = connect
        self._channel = channel
        self._busy_seconds = busy_seconds
        self._answer_seconds = self._patience = answer_seconds
        self._putting = Putting(self._ready, self._answered)
        self._ahead = ExitStack()
        self._in_block = False
        self._closed = False
        self._build = 0
        self._connection = first

    def execute(self, sql: str, values: Values = ()) -> Rows:
        """Do one statement."""
        with _ours():
            self._putting.settle()
            return _Answer(self._ready().execute(spoken(sql).encode(), values))

    def of_keys(self, sql: str, keys: Sequence[bytes]) -> Iterator[Any]:
        """Yield the rows of a query whose `in (?)` takes any of some keys."""
        if keys:
            yield from self.execute(sql.replace("in (?)", "= any (?)"), (Column(BYTES, keys),))

    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """Do one statement for each row of values, without waiting for each."""
        with _ours(), self._ready().cursor() as cursor:
            self._putting.settle()
            cursor.executemany(spoken(sql).encode(), rows)

    def put(self, table: str, rows: Sequence[Sequence[Any]], conflict: str = "") -> None:
        """Insert whole rows, their columns in the order of the table."""
        if rows:
            with _ours():
                self._putting.put(table, rows, conflict)

    @contextmanager
    def writing(self, *, at_once: bool = False) -> Iterator[None]:
        """Commit what is done inside, all of it or nothing; nobody else writes meanwhile.

        Rows would lock themselves, but what is read inside must hold until it is written, as
        it does in SQLite: so writers of one schema take turns.
        """
        waits = None if self._answer_seconds is None else self._answer_seconds + self._busy_seconds
        # A notice is given when the block is committed, wherever in it that is said.
        notice = f'notify "{self._channel}"; ' if self._channel else ""
        begin = (
            f"begin; lock table {_STAMP} in share row exclusive mode; {notice}"
            f"select '{_STAMP}'::regclass::oid::bigint"
        )
        with self._patient(waits), self._block(begin, "commit", at_once=at_once):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Show one snapshot to everything that is asked inside. May stand inside itself."""
        if self._in_block:
            yield
            return
        # The lock is taken before the snapshot: nobody sees a swap as of before it. What is
        # asked here differs widely by its values, so that a plan for any values fits none.
        with self._block(
            f"begin isolation level repeatable read read only; lock table {_STAMP} in"
            " access share mode; set local plan_cache_mode to force_custom_plan;"
            f" select '{_STAMP}'::regclass::oid::bigint",
            "rollback",
        ):
            yield

    @property
    def build(self) -> int:
        """Return the number of the table that every swap brings along."""
        return self._build

    def glance(self, sql: str) -> tuple[int, Any]:
        """Return the build, and the only value of a query, in one journey."""
        # A name that is looked up when it runs: a literal's number would be that of a plan.
        found = self.execute(f"select to_regclass('{_STAMP}')::oid::bigint, ({sql})")
        build, value = found.fetchone()
        return build, value

    @contextmanager
    def _patient(self, seconds: float | None) -> Iterator[None]:
        """Wait so long for the answer to each statement inside."""
        before, self._patience = self._patience, seconds
        try:
            yield
        finally:
            self._patience = before

    @contextmanager
    def _block(self, begin: str, end: str, *, at_once: bool = False) -> Iterator[None]:
        connection = self._begun(begin)
        self._in_block = True
        try:
            if at_once:
                with _ours():  # nothing is waited for but what is asked
                    self._ahead.enter_context(connection.pipeline())
            self._putting.begin(at_once=at_once)
            yield
            with _ours():
                self._putting.settle()
                self._end(connection, end)
        except BaseException as error:
            self._putting.end(error)
            with suppress(psycopg.Error):  # then the connection is gone, and with it the block
                self._answered()
            with suppress(psycopg.Error):
                connection.execute(b"rollback")
            raise
        finally:
            self._putting.end(None)
            self._in_block = False

    def _end(self, connection: psycopg.Connection, end: str) -> None:
        """End a block. Raises where something in it failed and nobody said so."""
        if connection.info.transaction_status is TransactionStatus.INERROR:
            end = "select"  # says so, where a commit would silently be a rollback
        connection.execute(end.encode())
        self._answered()

    def _answered(self) -> psycopg.Connection:
        """Return the connection when all that was said on it is answered."""
        self._ahead.pop_all().close()
        return self._ready()

    def _begun(self, begin: str) -> psycopg.Connection:
        try:
            return self._begun_once(begin)
        except Away as away:
            if not self._connection.closed or isinstance(away.__cause__, NoAnswerError):
                raise
        return self._begun_once(begin)  # it broke while nobody asked, and nothing was done on it

    def _begun_once(self, begin: str) -> psycopg.Connection:
        connection = self._ready()
        try:
            with _ours():
                begun = connection.execute(begin.encode())
                begun.set_result(-1)
                if begun.description:
                    [(self._build,)] = begun.fetchall()
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute(b"rollback")
            raise
        return connection

    def erase(self, *tables: str) -> None:
        """Leave no trace in the files of tables of what was deleted from them.

        The write-ahead log of the server keeps it until that is recycled. Raises
        NotOursError where the role of this connection does not own a table.
        """
        with _ours(), self._patient(None):
            connection = self._ready()
            self._wait_for_readers(connection)
            for table in tables:
                before = self._file_of(table)
                # A plain vacuum leaves the bytes in the page, where nothing points to them.
                connection.execute(f"vacuum (full) {table}".encode())
                if self._file_of(table) == before:  # the server only warns that it did nothing
                    raise NotOursError(table)

    def _file_of(self, table: str) -> int:
        found = _say(self._connection, "select pg_relation_filenode(%s::regclass)", table)
        return int(found.fetchall()[0][0])

    def _wait_for_readers(self, connection: psycopg.Connection) -> None:
        """Wait until the deleted is in nobody's snapshot, now or later. Raises Away.

        A snapshot reaches back to the oldest transaction that runs anywhere in the cluster,
        and the one of a vacuum does too: it would carry the row over.
        """
        [[mark]] = connection.execute(_MARK).fetchall()
        patient_until = time.monotonic() + self._busy_seconds
        while connection.execute(_HELD, {"mark": mark}).fetchone():
            if time.monotonic() > patient_until:
                raise Away("somebody reads what was deleted")
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._closed = True
        self._connection.close()

    def _ready(self) -> psycopg.Connection:
        if self._connection.closed and not self._in_block and not self._closed:
            with _ours():
                self._connection = self._connect()
            self._putting.forget()
        self._connection.patience_seconds = self._patience
        return self._connection


class _Answer:
    """What a statement found; at once, what went wrong is told where it is asked for."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        connection = self._cursor.connection
        if self._cursor.pgresult is None and connection.pgconn.pipeline_status:
            with _ours(), connection.pipeline():
                pass  # its end is when everything is answered
        return self._cursor.rowcount

    def fetchone(self) -> Any:  # noqa: ANN401 - a row
        with _ours():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        with _ours():
            return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        with _ours():
            yield from self._cursor


class _Flag(Int8Dumper):
    def dump(self, obj: bool) -> Buffer:  # noqa: FBT001 - what psycopg calls
        return b"1" if obj else b"0"


class _Truth(Loader):
    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


class _Number(Loader):
    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


def adapt(context: AdaptContext) -> None:
    """Have values come and go as SQLite has them."""
    adapters = context.adapters
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(bool, _Flag)
    adapters.register_dumper(Column, ColumnDumper)
    adapters.register_dumper(str, StrDumper)
    adapters.register_dumper(bytes, BytesBinaryDumper)  # of those for bytes the quick one
    adapters.register_loader("bool", _Truth)
    adapters.register_loader("numeric", _Number)
    for kind in ("json", "jsonb"):
        adapters.register_loader(kind, TextLoader)


def told(error: psycopg.Error) -> Exception:
    """Return what an error of Postgres says to us; a defect is returned as it is."""
    state = error.sqlstate
    if isinstance(error, errors.PipelineAborted):
        return error  # what went wrong before was told, and somebody went on
    if state is None:
        gone = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return Away(str(error)) if gone else error
    if isinstance(error, errors.IntegrityConstraintViolation) or state[:2] == "23":
        return Taken(str(error))
    return Away(str(error)) if state[:2] in _AWAY or state in _AWAY_TOO else error


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise told(error) from error


def _say(connection: psycopg.Connection, statement: str, *values: Any) -> psycopg.Cursor[Any]:  # noqa: ANN401 - of any column
    return connection.execute(statement.encode(), values)


def _renamed(schema: str, name: str) -> sql.Composed:
    return sql.SQL("alter schema {} rename to {}").format(
        sql.Identifier(schema), sql.Identifier(name)
    )
