"""The database of accounts: its tables, and one transaction at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Moments are UTC microseconds since 1970, days ISO dates. Nothing here names a session's token,
# a password, or the name and address of a failed sign-in: each stands only as a digest.
_SCHEMA = """
create table if not exists accounts(
    id text primary key,
    name text not null unique,
    password text not null,
    opened integer not null,
    closed integer
) without rowid;
create table if not exists grants(
    id integer primary key,
    account text not null references accounts(id),
    unit blob not null,
    role text not null,
    first text not null,
    last text,
    granted integer not null,
    granted_by text not null,
    ended integer,
    ended_by text
);
create index if not exists grants_account on grants(account);
create table if not exists sessions(
    token blob primary key,
    account text not null references accounts(id),
    acting integer references grants(id),
    began integer not null,
    seen integer not null
) without rowid;
create index if not exists sessions_account on sessions(account);
create table if not exists attempts(
    who blob not null,
    at integer not null,
    n blob not null,
    primary key(who, at, n)
) without rowid;
create index if not exists attempts_at on attempts(at);
"""


class Store:
    """One connection, which threads share by turns."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.execute("pragma foreign_keys = on")
        self._db.execute("pragma secure_delete = on")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection."""
        with self._lock:
            yield self._db

    @contextmanager
    def commit(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done inside, all of it or nothing."""
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()
