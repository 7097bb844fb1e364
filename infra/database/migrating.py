"""Schemas in Postgres are brought up to date by numbered steps, and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import psycopg
from psycopg import sql

LOCK_SECONDS = 10
"""How long a step may wait for a table that is in use; who asks for the table waits behind it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a schema. A step that was once applied somewhere is never edited."""

    number: int
    name: str
    sql: str
    """Statements in which no name says its schema: it is the one that is migrated."""
    contracts: bool = False
    """It takes away what older processes still use, so it is left for when none runs."""


class OtherHistory(Exception):
    """The schema took another step under that number: it is not the one that these lead to."""

    def __init__(self, schema: str, number: int, there: str, here: str) -> None:
        super().__init__(f"step {number} of schema {schema} was {there!r} and is {here!r} here")


def migrate(dsn: str, schema: str, steps: Sequence[Step], *, contract: bool = False) -> list[str]:
    """Apply the steps that the schema has not taken, and return their names.

    One process at a time, one transaction a step: after a failure everything before that step
    is there, nothing of it is, and the same call goes on from it. Steps that contract are
    applied only when asked for. Raises OtherHistory, and psycopg's errors.
    """
    with closing(psycopg.connect(dsn, autocommit=True)) as database:
        # Held until the connection ends; the tables may not exist yet, so none can be locked.
        database.execute("select pg_advisory_lock(hashtextextended('migrate ' || %s, 0))", [schema])
        database.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        database.execute(
            sql.SQL(
                "create table if not exists {}.migrations(number integer primary key,"
                " name text not null, applied timestamptz not null default now())"
            ).format(sql.Identifier(schema))
        )
        taken = _taken(database, schema)
        pending = [step for step in _not_in(taken, schema, steps) if contract or not step.contracts]
        for step in pending:
            _apply(database, schema, step)
    return [step.name for step in pending]


def missing(dsn: str, schema: str, steps: Sequence[Step]) -> list[str]:
    """Return the names of the steps without which a process cannot work on the schema.

    A step that contracts is never one of them. Raises OtherHistory, and psycopg's errors.
    """
    with closing(psycopg.connect(dsn, autocommit=True)) as database:
        [there] = database.execute(
            "select to_regclass(format('%%I.migrations', %s::text)) is not null", [schema]
        ).fetchone() or [False]
        taken = _taken(database, schema) if there else {}
    return [step.name for step in _not_in(taken, schema, steps) if not step.contracts]


def _taken(database: psycopg.Connection, schema: str) -> dict[int, str]:
    return dict(
        database.execute(
            sql.SQL("select number, name from {}.migrations").format(sql.Identifier(schema))
        ).fetchall()
    )


def _not_in(taken: dict[int, str], schema: str, steps: Sequence[Step]) -> list[Step]:
    for step in steps:
        if (there := taken.get(step.number, step.name)) != step.name:
            raise OtherHistory(schema, step.number, there, step.name)
    return sorted(
        (step for step in steps if step.number not in taken), key=lambda step: step.number
    )


def _apply(database: psycopg.Connection, schema: str, step: Step) -> None:
    with database.transaction():
        database.execute(sql.SQL("set local search_path to {}").format(sql.Identifier(schema)))
        database.execute(sql.SQL("set local lock_timeout to {}").format(f"{LOCK_SECONDS}s"))
        database.execute(step.sql.encode())
        database.execute(
            "insert into migrations(number, name) values (%s, %s)", [step.number, step.name]
        )
