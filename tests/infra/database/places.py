"""Where a database of each adapter lies, and how a test makes it."""

from dataclasses import dataclass, field
from pathlib import Path

from infra.database import Database, Keep, Place, PostgresSchema, SqliteFile

SCHEMA = """
create table if not exists things(
    id blob primary key, name text not null unique, n integer, -- 100% of "integer" things
    note text) without rowid;
create index if not exists things_n on things(n) where n is not null;
create table if not exists numbered(number integer primary key, name text not null);
create table if not exists counters(
    unit integer not null, kind text not null, n integer not null,
    primary key (unit, kind)) without rowid;
"""
LAYOUT = 7


@dataclass
class House:
    """A place whose databases are closed when the test ends."""

    place: Place
    hasty: Place
    """The same for who does not wait for others."""
    opened: list[Database] = field(default_factory=list)

    def open(self, *, keep: Keep = Keep.CACHE) -> Database:
        return self._open(self.place, keep)

    def open_hasty(self) -> Database:
        return self._open(self.hasty, Keep.CACHE)

    def _open(self, place: Place, keep: Keep) -> Database:
        db = place.open(SCHEMA, LAYOUT, keep=keep)
        self.opened.append(db)
        return db

    def close(self) -> None:
        for db in self.opened:
            db.close()


def sqlite(folder: Path) -> House:
    path = folder / "view.db"
    return House(SqliteFile(path), SqliteFile(path, busy_seconds=0.1))


def postgres(dsn: str) -> House:
    place = PostgresSchema(dsn, "view")
    place.make(SCHEMA, LAYOUT)
    return House(place, PostgresSchema(dsn, "view", busy_seconds=0.1))
