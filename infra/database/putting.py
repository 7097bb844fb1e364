"""Rows on their way into tables of Postgres: as a copy where they are many, else as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import psycopg

from infra.database.columns import NAMED, Column
from infra.database.postgres_words import spoken

COPIED_FROM = 20
"""So many new rows come as a copy; those that may be there already come as arrays."""
COPIED_FROM_AT_ONCE = 100
"""The same where fewer can be sent together with those of other tables."""

Rows = Sequence[Sequence[Any]]


class Putting:
    """What is put through one connection. Raises psycopg's errors.

    At once, few rows wait for what comes next, and go with it by one statement; and the server
    works at many while who put them goes on: its answer is waited for where the connection is
    used next.
    """

    def __init__(
        self, ready: Callable[[], psycopg.Connection], answered: Callable[[], psycopg.Connection]
    ) -> None:
        self._ready = ready
        self._answered = answered
        self._types: dict[str, list[str]] = {}
        self._gathered: dict[str, tuple[Rows, str]] | None = None
        self._under_way = ExitStack()

    def begin(self, *, at_once: bool) -> None:
        """Begin a block."""
        self._gathered = {} if at_once else None

    def put(self, table: str, rows: Rows, conflict: str) -> None:
        """Insert whole rows, now or at once with others."""
        at_once = self._gathered is not None
        if not conflict and len(rows) >= (COPIED_FROM_AT_ONCE if at_once else COPIED_FROM):
            self._finish_copy()
            self._copy(table, rows)
            if not at_once:
                self._finish_copy()
        elif self._gathered is None:
            self._insert({table: (rows, conflict)})
        else:
            if table in self._gathered:
                self.settle()
            self._gathered[table] = rows, conflict

    def settle(self) -> None:
        """Have everything that was put be there."""
        self._finish_copy()
        if self._gathered:
            gathered, self._gathered = self._gathered, {}
            self._insert(gathered)

    def end(self, error: BaseException | None) -> None:
        """Leave a block; what is still under way, because it failed, is given up."""
        self._gathered = None
        under_way = self._under_way.pop_all()
        with suppress(psycopg.Error):  # then the connection is gone, and with it the copy
            under_way.__exit__(type(error) if error else None, error, None)

    def forget(self) -> None:
        """Ask anew what the tables are: the connection is another."""
        self._types.clear()

    def _copy(self, table: str, rows: Rows) -> None:
        types = self._types_of(table)
        with ExitStack() as begun:
            cursor = begun.enter_context(self._answered().cursor())
            copy = begun.enter_context(
                cursor.copy(f"copy {table} from stdin (format binary)".encode())
            )
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
            self._under_way = begun.pop_all()

    def _finish_copy(self) -> None:
        self._under_way.pop_all().close()

    def _insert(self, puts: Mapping[str, tuple[Rows, str]]) -> None:
        """Insert rows into tables, by one statement for all of them."""
        statements, values = [], []
        for table, (rows, conflict) in puts.items():
            types = self._types_of(table)
            arrays = ", ".join(["%s"] * len(types))
            statements.append(
                f"insert into {table} select * from unnest({arrays}) {spoken(conflict)}"  # noqa: S608 - our own names
            )
            columns = zip(types, zip(*rows, strict=True), strict=True)
            values += [Column(NAMED[kind], of) for kind, of in columns]
        *first, last = statements
        named = ", ".join(f"_{number} as ({one})" for number, one in enumerate(first))
        self._ready().execute(f"{f'with {named} ' if first else ''}{last}".encode(), values)

    def _types_of(self, table: str) -> list[str]:
        if table not in self._types:
            found = self._ready().execute(
                "select format_type(atttypid, atttypmod) from pg_attribute where attrelid ="
                " %s::regclass and attnum > 0 and not attisdropped order by attnum",
                (table,),
            )
            self._types[table] = [each for (each,) in found]
        return self._types[table]
