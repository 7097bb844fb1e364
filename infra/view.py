"""A view: the tables that one service reads of its own, the reader that fills them, snapshots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from infra.database import Database, Readers
from infra.feed import Feed
from infra.runner import Projection, Runner, Standstills


class View(ABC):
    """One reader's tables in a database. As many threads as ask read it at once."""

    READER: ClassVar[str]
    """The name of the reader that fills it."""

    def __init__(self, connect: Callable[[], Database]) -> None:
        self._connect = connect
        self._readers = Readers(connect)
        self._filling: list[Database] = []
        with self._readers.snapshot():
            pass  # a database that is not there is told now, and not to the first who asks

    @abstractmethod
    def _projection(self, db: Database) -> Projection:
        """Return what turns facts into rows."""

    def runner(self, feed: Feed) -> Runner:
        """Return the reader that fills this view."""
        db = self._connect()
        self._filling.append(db)
        return Runner(self.READER, feed, db, self._projection(db))

    def standstills(self) -> Standstills:
        """Return the table of what stopped readers of this service, on a connection of its own."""
        db = self._connect()
        self._filling.append(db)
        return Standstills(db)

    def snapshot(self) -> AbstractContextManager[Database]:
        """Show one snapshot to everything that this thread asks inside."""
        return self._readers.snapshot()

    def glance(self, sql: str) -> tuple[int, Any]:
        """Return the build of this moment, and the only value that a query finds in it."""
        with self._readers.lent() as db:
            return db.glance(sql)

    def close(self) -> None:
        """Close the database."""
        self._readers.close()
        for db in self._filling:
            db.close()
