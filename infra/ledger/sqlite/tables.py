"""The tables of a ledger in SQLite, and what is looked up in them by saves and readers alike."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from time import monotonic, sleep
from uuid import UUID

from infra.ledger.chain import UNREADABLE, Chained
from infra.ledger.port import EMPTY_DIGEST, Row
from infra.ledger.rows import moment, sealed_digest

BUSY_SECONDS = 30.0

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


def prepare(database: sqlite3.Connection) -> None:
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


def row_of(  # noqa: PLR0913, PLR0917 - the columns, in their order
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
    at, box = moment(recorded), sealed_digest(sealed)
    return Row(position, UUID(bytes=stream), version, kind, at, state, box, digest, trace)


def head_of(database: sqlite3.Connection) -> tuple[int, bytes, int]:
    row = database.execute("select position, digest, recorded from head").fetchone()
    return row or (0, EMPTY_DIGEST, 0)


def holder_of(database: sqlite3.Connection, claim: str) -> UUID | None:
    row = database.execute("select stream from claims where key = ?", (claim,)).fetchone()
    return UUID(bytes=row[0]) if row else None


def command_of(database: sqlite3.Connection, key: str) -> tuple[bytes, tuple[int, ...]] | None:
    row = database.execute(
        "select fingerprint, positions from commands where key = ?", (key,)
    ).fetchone()
    return (row[0], tuple(json.loads(row[1]))) if row else None


def reader_of(database: sqlite3.Connection, name: str) -> int:
    row = database.execute("select position from readers where name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def chained(database: sqlite3.Connection) -> Iterator[Chained]:
    """Read the types as bytes: a byte changed in one may not be a text any more."""
    try:
        yield from database.execute(
            "select position, recorded, stream, version, cast(type as blob), state, sealed, digest"
            " from events order by position"
        )
    except sqlite3.DatabaseError:  # the page of the next event is torn
        yield UNREADABLE
