"""The units as this service reads them: a table of their facts, and the tree held in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import RLock
from typing import Any
from uuid import UUID

from events import codec
from events.dossiers import UnitRegistered
from events.envelope import Envelope, Fact
from infra.database import Database, Place
from infra.feed import Feed
from infra.runner import Runner, layout, open_view
from services.dossiers.domain.tree import UNIT_FACTS, Tree
from services.dossiers.view.candidacies import SCHEMA as CANDIDACIES

READER = "dossiers.units"

_SCHEMA = """
create table if not exists unit_facts(
    position integer primary key,
    unit blob not null,
    version integer not null,
    type text not null,
    recorded text not null,
    state blob not null);
"""
LAYOUT = layout(1, _SCHEMA, CANDIDACIES)
"""Of the file, which holds the candidacies too."""


class UnitsView:
    """Units by day, fed by the reader `dossiers.units`.

    The tree in memory is as new as the table, and has what this process noted since.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._db = _open(place)
        self._writing: list[Database] = []
        self._lock = RLock()
        self._tree = Tree()
        self._seen = 0
        self._noted: list[Fact] = []
        self._rehearsed = False

    @property
    def tree(self) -> Tree:
        """The tree, with every fact of the table in it."""
        with self._lock:
            newest = self._db.execute("select max(position) from unit_facts").fetchone()[0]
            if newest is not None and newest > self._seen:
                rows = self._db.execute(
                    "select unit, version, type, recorded, state from unit_facts"
                    " where position > ? and position <= ? order by position",
                    (self._seen, newest),
                )
                for row in rows.fetchall():
                    self._tree.apply(_fact(*row))
                self._seen = newest
            return self._tree

    def note(self, facts: Sequence[Fact], *, rehearsed: bool) -> None:
        """Have facts in the tree that are recorded, or rehearsed, but not read yet."""
        with self._lock:
            tree = self.tree
            for fact in facts:
                tree.apply(fact)
            if rehearsed:
                self._rehearsed = True
            else:
                self._noted += facts

    def forget_rehearsed(self) -> None:
        """Drop facts that were only rehearsed."""
        if self._rehearsed:
            self._again()

    def withdraw(self, code: str, holder: UUID | None) -> None:
        """Drop what was noted of units with a code that another one holds."""
        with self._lock:
            lost = {
                fact.originator_id
                for fact in self._noted
                if isinstance(fact, UnitRegistered) and fact.code == code
            } - {holder}
            self._noted = [fact for fact in self._noted if fact.originator_id not in lost]
            if lost:
                self._again()

    def _again(self) -> None:
        with self._lock:
            self._tree.clear()
            self._seen, self._rehearsed = 0, False
            for fact in self._noted:
                self.tree.apply(fact)

    def runner(self, feed: Feed) -> Runner:
        """Return the reader that fills this view."""
        db = _open(self._place)
        self._writing.append(db)
        return Runner(READER, feed, db, _Projection(db))

    def misfits(self, head: Callable[[str], int]) -> list[str]:
        """Return the reader, where its position is not one that its table may have."""
        found = self._db.execute(
            "select position from readers where name = ?"
            " and position >= (select coalesce(max(position), 0) from unit_facts)",
            (READER,),
        ).fetchone()
        return [] if found and found[0] <= head("dossiers") else [READER]

    def close(self) -> None:
        """Close the database."""
        for db in (*self._writing, self._db):
            db.close()


class _Projection:
    """Keeps the facts of units in the table."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def project(self, batch: Sequence[Envelope]) -> None:
        """Keep the facts of units."""
        rows = [_row(each) for each in batch if isinstance(each.fact, UNIT_FACTS)]
        if rows:
            self._db.executemany("insert into unit_facts values (?, ?, ?, ?, ?, ?)", rows)

    def forget(self) -> None:
        """Nothing is held in memory."""


def _open(place: Place) -> Database:
    return open_view(place, _SCHEMA, LAYOUT)


def _row(envelope: Envelope) -> tuple[Any, ...]:
    fact = envelope.fact
    return (
        envelope.position,
        fact.originator_id.bytes,
        fact.originator_version,
        fact.TOPIC,
        envelope.recorded.isoformat(),
        codec.encode(fact)[0],
    )


def _fact(unit: bytes, version: int, kind: str, recorded: str, state: bytes) -> Fact:
    return codec.decode(
        kind,
        state,
        stream=UUID(bytes=unit),
        version=version,
        recorded=datetime.fromisoformat(recorded),
    )
