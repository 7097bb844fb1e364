"""The plain application on Postgres: a connection each thread, prepared statements, durable."""

from __future__ import annotations

import sys
from threading import local
from typing import Any
from uuid import UUID

import psycopg
from fastapi import HTTPException

from infra.access import Grant
from tests.bench.plain import Certificate, serve

SCHEMA = """
create table if not exists units(id bytea primary key, parent bytea);
create table if not exists candidacies(id bytea primary key, unit bytea, version bigint);
create table if not exists acts(
    position bigint generated always as identity primary key, candidacy bytea, version bigint,
    kind text, day date, actor text, document text, class_code text,
    recorded timestamptz default now());
create table if not exists commands(key text primary key, body text, position bigint);
"""
_ABOVE = (
    "with recursive above(id) as (select %s::bytea union all"
    " select u.parent from units u join above a on u.id = a.id where u.parent is not null)"
    " select 1 from above where id = %s"
)
_INSERT = (
    "insert into acts(candidacy, version, kind, day, actor, document, class_code)"
    " values (%s, %s, 'certified', %s, %s, %s, %s) returning position"
)


class PostgresTable:
    """The rows, each candidacy locked while its version is raised."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._here = local()
        with psycopg.connect(dsn) as db:
            db.execute(SCHEMA)

    def fill(
        self, units: list[tuple[bytes, bytes | None]], rows: list[tuple[bytes, bytes]]
    ) -> None:
        """Insert units below each other, and candidacies."""
        with psycopg.connect(self._dsn) as db, db.cursor() as cursor:
            cursor.executemany("insert into units values (%s, %s)", units)
            cursor.executemany("insert into candidacies values (%s, %s, 2)", rows)

    def certify(
        self, candidacy: UUID, body: Certificate, grant: Grant, key: str, match: str
    ) -> tuple[int, int]:
        """Record a certificate; return its position and version."""
        text = body.model_dump_json()
        db = self._connection()
        with db.transaction():
            known = _one(db, "select body, position from commands where key = %s", key)
            if known:
                if known[0] != text:
                    raise HTTPException(422, "changed command")
                [version] = _one(db, "select version from acts where position = %s", known[1])
                return known[1], version
            row = _one(
                db,
                "select unit, version from candidacies where id = %s for update",
                candidacy.bytes,
            )
            if not row or not _one(db, _ABOVE, row[0], grant.unit.bytes):
                raise HTTPException(404)
            if match != f'"{row[1]}"':
                raise HTTPException(412)
            version = row[1] + 1
            [position] = _one(
                db,
                _INSERT,
                candidacy.bytes,
                version,
                body.on,
                grant.account,
                body.document,
                body.class_code,
            )
            db.execute(
                "update candidacies set version = %s where id = %s", (version, candidacy.bytes)
            )
            db.execute("insert into commands values (%s, %s, %s)", (key, text, position))
        return position, version

    def close(self) -> None:
        """Let go of the database; the connections of threads end with them."""

    def _connection(self) -> psycopg.Connection:
        db: psycopg.Connection | None = getattr(self._here, "db", None)
        if db is None:
            db = self._here.db = psycopg.connect(self._dsn, autocommit=True, prepare_threshold=0)
        return db


def _one(db: psycopg.Connection, statement: str, *values: object) -> tuple[Any, ...]:
    return db.execute(statement.encode(), values).fetchone() or ()


if __name__ == "__main__":
    serve(PostgresTable(sys.argv[1]))
