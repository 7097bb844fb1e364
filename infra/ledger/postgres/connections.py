"""Connections to the schema of a ledger: how they are set, lent, and made anew when lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import monotonic, sleep
from typing import Any, TypeVar

import psycopg
from eventsourcing.persistence import OperationalError

from infra.database.columns import Column, ColumnDumper
from infra.database.patient import PatientConnection
from infra.ledger.port import LedgerClosedError

LOCK_SECONDS = 12
"""Less than is waited for an answer, so that it is known that nothing was written."""
RETRY_SECONDS = 10.0
"""So long is a lost database asked again: a crash and its recovery take less."""
PAUSE_SECONDS = 0.1
READERS = 8

# Every statement of a ledger goes by a key. What a table held when the statement was first
# planned must not decide that it is scanned for ever after.
SETTINGS = {
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
    "lock_timeout": f"{LOCK_SECONDS}s",
}

T = TypeVar("T")
Connect = Callable[[], psycopg.Connection]


def connector(dsn: str, schema: str, role: str) -> Connect:
    """Return what connects to a schema under the name of a role."""
    settings = SETTINGS | {"search_path": f'"{schema}"'}
    setting = ", ".join(f"set_config('{name}', %s, false)" for name in settings).encode()

    def connect() -> psycopg.Connection:
        database = PatientConnection.to(dsn, name=f"ketnap ledger {schema}: {role}")
        database.prepare_threshold = 0
        database.adapters.register_dumper(Column, ColumnDumper)
        try:
            database.execute(b"select " + setting, list(settings.values()))
        except psycopg.Error:
            database.close()
            raise
        return database

    return connect


def until_answered(attempt: Callable[[], T | None]) -> T | None:
    """Call something until it returns an answer, for as long as a lost database is waited for."""
    deadline = monotonic() + RETRY_SECONDS
    while (answer := attempt()) is None and monotonic() < deadline:
        sleep(PAUSE_SECONDS)
    return answer


class Readers:
    """A few connections that threads read by, one at a time each."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._free = BoundedSemaphore(READERS)
        self._idle: list[psycopg.Connection] = []
        self._closed = False

    def ask(self, statement: bytes, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows, asking again on another connection where one is lost.

        Raises LedgerClosedError and the library's OperationalError.
        """
        lost: list[psycopg.Error] = []

        def attempt() -> list[Any] | None:
            try:
                return self.ask_once(statement, values)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                lost.append(error)
                return None

        rows = until_answered(attempt)
        if rows is None:
            raise OperationalError(f"the ledger cannot be read: {lost[-1]}") from lost[-1]
        return rows

    def ask_once(self, statement: bytes, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows. Raises LedgerClosedError and psycopg's errors."""
        with self._lent() as database:
            return database.execute(statement, values, binary=True).fetchall()

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection]:
        with self._free:
            if self._closed:
                raise LedgerClosedError
            try:
                database = self._idle.pop()
            except IndexError:
                database = self._connect()
            try:
                yield database
            finally:
                if database.closed:  # what was lost for one is lost for all that wait here
                    self._close_idle()
                else:
                    self._idle.append(database)
                if self._closed:
                    self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Lend no more, and close each connection as soon as it is given back."""
        self._closed = True
        self._close_idle()
