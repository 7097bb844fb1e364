"""A draft of a view: built beside the live one, and put in its place in one transaction."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import mkdtemp

import psycopg

from infra.database import Place, PostgresSchema, SqliteFile
from infra.runner import TABLES

_FOLDER = "replay-"
_LOCK = "replay.lock"
_NAMES = "select name from sqlite_schema where type = 'table' order by rowid"
_KEY = "select name from pragma_table_info(?) where pk > 0 order by pk"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a view is laid out as: its tables, those of its readers apart, and their stamp."""

    schema: str
    stamp: int

    @property
    def tables(self) -> list[str]:
        """Return the names of its tables, with those of its readers."""
        return list(self.keys)

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each table's primary key."""
        return dict(_keys(TABLES + self.schema))


@cache
def _keys(schema: str) -> Mapping[str, tuple[str, ...]]:
    """Return what a database makes of tables whose text both adapters read alike."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(schema)
        tables = [table for (table,) in db.execute(_NAMES)]
        return {table: tuple(name for (name,) in db.execute(_KEY, (table,))) for table in tables}


class Draft(ABC):
    """Where a view is built anew."""

    place: Place

    @abstractmethod
    def swap(self) -> None:
        """Put it in the place of the live view: who reads sees all of the one or of the other.

        Whoever keeps the live view must not do so meanwhile.
        """


@contextmanager
def drafting(live: Place, layout: Layout) -> Iterator[Draft]:
    """Yield an empty draft of a view, which is gone afterwards, also where this process is killed.

    Then the next `sweep` removes it.
    """
    match live:
        case SqliteFile():
            with _file_draft(live, layout) as draft:
                yield draft
        case PostgresSchema():
            with _schema_draft(live, layout) as draft:
                yield draft
        case _:
            raise TypeError(live)


def sweep(live: Place) -> None:
    """Remove what killed processes left of their drafts of a view."""
    match live:
        case SqliteFile(path=path):
            with _locked(path.parent / _LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB) as ours:
                for folder in path.parent.glob(f"{_FOLDER}*") if ours else ():
                    rmtree(folder, ignore_errors=True)
        case PostgresSchema(dsn=dsn, schema=schema):
            with _session(dsn) as session:
                for name in _left(session, schema):
                    PostgresSchema(dsn, name).discard()
        case _:
            raise TypeError(live)


class _FileDraft(Draft):
    def __init__(self, live: SqliteFile, layout: Layout, folder: Path) -> None:
        self.place: SqliteFile = SqliteFile(folder / live.path.name)
        self._live = live
        self._layout = layout

    def swap(self) -> None:
        """Copy every table, in one transaction of the live file."""
        schema, stamp = TABLES + self._layout.schema, self._layout.stamp
        with closing(self._live.open(schema, stamp, forgets=True)) as db:
            db.execute("attach database ? as draft", (str(self.place.path),))
            with db.writing():
                for table in self._layout.tables:
                    db.execute(f"delete from main.{table}")  # noqa: S608 - our own names
                    db.execute(f"insert into main.{table} select * from draft.{table}")  # noqa: S608 - as above


@contextmanager
def _file_draft(live: SqliteFile, layout: Layout) -> Iterator[Draft]:
    live.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(live.path.parent / _LOCK, fcntl.LOCK_SH):
        folder = Path(mkdtemp(prefix=_FOLDER, dir=live.path.parent))
        try:
            yield _FileDraft(live, layout, folder)
        finally:
            rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path, how: int) -> Iterator[bool]:
    """Hold a lock, which is let go with the process."""
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(file)


class _SchemaDraft(Draft):
    def __init__(self, live: PostgresSchema, name: str) -> None:
        self.place: PostgresSchema = PostgresSchema(live.dsn, name)
        self._live = live

    def swap(self) -> None:
        """Have the schemas change their names."""
        self._live.swap(self.place)


@contextmanager
def _schema_draft(live: PostgresSchema, layout: Layout) -> Iterator[Draft]:
    with _session(live.dsn) as session:
        lock = "select pg_advisory_lock_shared(hashtextextended(%s, 0))"
        session.execute(lock, (_drafts(live.schema),))
        draft = _SchemaDraft(live, f"{_drafts(live.schema)}{token_hex(4)}")
        draft.place.make(TABLES + layout.schema, layout.stamp)
        try:
            yield draft
        finally:
            draft.place.discard()


def _left(session: psycopg.Connection, schema: str) -> list[str]:
    drafts = _drafts(schema)
    lock = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
    if session.execute(lock, (drafts,)).fetchone() != (True,):
        return []  # somebody builds one
    found = session.execute(
        "select nspname from pg_namespace where starts_with(nspname, %s)", (drafts,)
    )
    return [name for (name,) in found.fetchall()]


def _drafts(schema: str) -> str:
    return f"{schema}_draft_"


@contextmanager
def _session(dsn: str) -> Iterator[psycopg.Connection]:
    session = psycopg.connect(dsn, autocommit=True)
    try:
        yield session
    finally:
        with suppress(psycopg.Error):
            session.close()
