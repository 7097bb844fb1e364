"""A database in one SQLite file."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from infra.database.port import Away, Database, Keep, Place, Rows, Taken, Values

BUSY_SECONDS = 30.0
MOST_PARAMETERS = 512
_SYNCHRONOUS = {Keep.DRAFT: "off", Keep.CACHE: "normal", Keep.DURABLE: "full"}
_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}
_LIST = re.compile(r"\b(?:words|numbers)\((:\w+|\?)\)")
_FIELD = re.compile(r"\bfield\(([\w.]+), *('[^']*')\)")


class SqliteFile(Place):
    """A file, which several processes may have open; what it lacks is made when it is opened."""

    def __init__(self, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds

    def open(
        self, schema: str, layout: int = 0, *, keep: Keep = Keep.CACHE, forgets: bool = False
    ) -> Database:
        """Open the file, for its owner alone, and make the tables that it lacks."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._make()
        connection = self._connect()
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute(f"pragma synchronous = {_SYNCHRONOUS[keep]}")
            connection.execute("pragma foreign_keys = on")
            if keep is not Keep.DURABLE:
                connection.execute("pragma cache_size = -65536")
            if keep is Keep.DRAFT:
                connection.execute("pragma wal_autocheckpoint = 50000")
            if forgets:
                connection.execute("pragma secure_delete = on")
            if _is_new(connection):
                connection.execute(f"pragma user_version = {layout}")
            connection.executescript(schema)
        except BaseException:
            connection.close()
            raise
        return SqliteDatabase(connection)

    def is_outdated(self, layout: int) -> bool:
        """Tell whether the file bears the stamp of another layout."""
        if not self.path.exists():
            return False
        with closing(self._connect()) as connection:
            return _stamp(connection) != layout and not _is_new(connection)

    def discard(self) -> None:
        """Remove the file and its logs."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _make(self) -> None:
        """Make the file where it is not there, for its owner alone.

        One that is there is not opened: to close it would let go of every lock that other
        connections of this process hold on it, and the next process would take it for its own.
        """
        if self.path.exists():
            return
        file, name = mkstemp(prefix=f"{self.path.name}-", dir=self.path.parent)
        os.close(file)
        with suppress(FileExistsError):
            os.link(name, self.path)
        os.unlink(name)  # noqa: PTH108 - as link

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )


class SqliteDatabase(Database):
    """One connection to a file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Values = ()) -> Rows:
        """Do one statement."""
        try:
            return self._connection.execute(spoken(sql), values)
        except sqlite3.Error as error:
            raise told(error) from error

    def of_keys(self, sql: str, keys: Sequence[bytes]) -> Iterator[Any]:
        """Yield the rows of a query whose `in (?)` takes any of some keys."""
        for start in range(0, len(keys), MOST_PARAMETERS):
            part = keys[start : start + MOST_PARAMETERS]
            yield from self.execute(
                sql.replace("in (?)", f"in ({', '.join('?' * len(part))})"), part
            )

    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """Do one statement for each row of values."""
        try:
            self._connection.executemany(spoken(sql), rows)
        except sqlite3.Error as error:
            raise told(error) from error

    def put(self, table: str, rows: Sequence[Sequence[Any]], conflict: str = "") -> None:
        """Insert whole rows, their columns in the order of the table."""
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self.executemany(f"insert into {table} values ({marks}) {conflict}", rows)  # noqa: S608 - our own names

    @contextmanager
    def writing(self, *, at_once: bool = False) -> Iterator[None]:  # noqa: ARG002 - nothing is far
        """Commit what is done inside, all of it or nothing."""
        self.execute("begin immediate")
        try:
            yield
            self.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Show one snapshot to everything that is asked inside."""
        if self._connection.in_transaction:
            yield
            return
        self.execute("begin")
        try:
            yield
        finally:
            self._connection.execute("rollback")

    @property
    def build(self) -> int:
        """Return 0: a file is built anew only while no other process keeps it."""
        return 0

    def glance(self, sql: str) -> tuple[int, Any]:
        """Return the build, and the only value of a query."""
        return self.build, self.execute(sql).fetchone()[0]

    def erase(self, *tables: str) -> None:  # noqa: ARG002 - the log is of the whole file
        """Empty the write-ahead log; in the file, what is deleted is overwritten at once."""
        if self.execute("pragma wal_checkpoint(truncate)").fetchone()[0]:
            raise Away("somebody reads what the log holds")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@lru_cache(maxsize=1024)
def spoken(sql: str) -> str:
    """Return a statement in the words of SQLite."""
    return _FIELD.sub(r"(\1 ->> \2)", _LIST.sub(r"json_each(\1)", sql))


def told(error: sqlite3.Error) -> Exception:
    """Return what an error of SQLite says to us; a defect is returned as it is."""
    if isinstance(error, sqlite3.IntegrityError):
        return Taken(str(error))
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
    if isinstance(error, sqlite3.OperationalError) and code in _AWAY:
        return Away(str(error))
    return error


def _is_new(connection: sqlite3.Connection) -> bool:
    found = connection.execute("select 1 from sqlite_schema").fetchone()
    return _stamp(connection) == 0 and found is None


def _stamp(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])
