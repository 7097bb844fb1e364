"""The database of accounts: its tables, and one transaction at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.database import Database, Keep, Place

# Moments are UTC microseconds since 1970, days ISO dates. Nothing here names a session's token,
# a password, or the name and address of a failed sign-in: each stands only as a digest.
SCHEMA = """
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

    def __init__(self, place: Place) -> None:
        self._lock = threading.RLock()
        self._db = place.open(SCHEMA, keep=Keep.DURABLE, forgets=True)

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Hold the connection."""
        with self._lock:
            yield self._db

    @contextmanager
    def commit(self) -> Iterator[Database]:
        """Commit what is done inside, all of it or nothing; nobody else writes meanwhile."""
        with self._lock, self._db.writing():
            yield self._db

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()
