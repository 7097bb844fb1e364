"""Snapshots for many threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.database.port import Database

MOST = 8
"""More would not read faster, and a server has only so many connections for all."""


class Readers:
    """Lends a connection to each thread that reads; one that asks again gets the same snapshot.

    Who comes when all are lent waits for one.
    """

    def __init__(self, connect: Callable[[], Database], *, most: int = MOST) -> None:
        self._connect = connect
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[Database] = []
        self._here = threading.local()
        self._closed = False

    @contextmanager
    def snapshot(self) -> Iterator[Database]:
        """Show one snapshot to everything that this thread asks inside."""
        with self.lent() as db, db.reading():
            yield db

    @contextmanager
    def lent(self) -> Iterator[Database]:
        """Lend a connection, outside every snapshot unless this thread is in one."""
        if (ours := getattr(self._here, "db", None)) is not None:
            yield ours
            return
        with self._free:
            try:
                db = self._idle.pop()
            except IndexError:
                db = self._connect()
            self._here.db = db
            try:
                yield db
            finally:
                self._here.db = None
                self._idle.append(db)
                if self._closed:
                    self.close()

    def close(self) -> None:
        """Close every connection; one that is lent is closed when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
