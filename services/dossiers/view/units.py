"""The units as this service reads them: a table of their facts, and the tree held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import RLock, local
from typing import Any
from uuid import UUID

from events import codec
from events.dossiers import UnitRegistered
from events.envelope import Envelope, Fact
from infra.database import Away, Database, Place
from infra.view import View
from services.dossiers.domain.tree import UNIT_FACTS, Tree
from services.dossiers.view.tables import open_tables

READER = "dossiers.units"
_NEWEST = "select coalesce(max(position), 0) from unit_facts"


class UnitsView(View):
    """Units by day, fed by the reader `dossiers.units`.

    The tree in memory has every fact of the table, whoever recorded it, and what this process
    noted and the table lacks. Threads read it while one of them makes it newer.
    """

    READER = READER

    def __init__(self, place: Place) -> None:
        super().__init__(partial(open_tables, place))
        self._lock = RLock()
        self._here = local()
        self._known = Tree(), 0
        self.build = 0
        """Of which build of the table the tree is."""
        self._noted: list[Fact] = []
        self._rehearsed = False

    def _projection(self, db: Database) -> _Projection:
        return _Projection(db)

    @property
    def tree(self) -> Tree:
        """The tree, with every fact of the table in it."""
        return self._known[0] if getattr(self._here, "is_held", False) else self._looked()

    def _looked(self) -> Tree:
        if self._is_current():
            return self._known[0]
        with self.snapshot() as db:
            newest = _newest(db)
            tree, seen = self._known
            if newest > seen or db.build != self.build:
                with self._lock:
                    self._follow(db, newest)
                    tree, _ = self._known
            return tree

    @contextmanager
    def held(self) -> Iterator[None]:
        """Look once whether the tree is current, for all that this thread asks inside."""
        held_already = getattr(self._here, "is_held", False)
        if not held_already:
            self._looked()
        self._here.is_held = True
        try:
            yield
        finally:
            self._here.is_held = held_already

    def _is_current(self) -> bool:
        """Tell whether the tree has all that one look finds: most often there is nothing new."""
        try:
            build, newest = self.glance(_NEWEST)
        except Away:
            return False  # a snapshot makes a connection anew that broke while nobody asked
        return build == self.build and newest <= self._known[1]

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

    def _follow(self, db: Database, newest: int) -> None:
        if db.build != self.build:  # the table was built anew: other facts may be in it
            self._again()
            self.build = db.build
        tree, seen = self._known
        if newest > seen:
            read = _taken(tree, _facts(db, seen, newest))
            self._noted = [fact for fact in self._noted if _version(fact) not in read]
            self._known = tree, newest

    def _again(self) -> None:
        # Another tree takes the place of this one: who reads this one goes on reading it.
        with self._lock, self.snapshot() as db:
            tree, newest = Tree(), _newest(db)
            read = _taken(tree, _facts(db, 0, newest))
            self._noted = [fact for fact in self._noted if _version(fact) not in read]
            _taken(tree, self._noted)
            self._known, self._rehearsed = (tree, newest), False

    def misfits(self, head: Callable[[str], int]) -> list[str]:
        """Return the reader, where its position is not one that its table may have."""
        with self.snapshot() as db:
            found = db.execute(
                "select position from readers where name = ?"
                " and position >= (select coalesce(max(position), 0) from unit_facts)",
                (READER,),
            ).fetchone()
        # SQLite keeps whatever somebody wrote into the column.
        fits = found and isinstance(found[0], int) and found[0] <= head("dossiers")
        return [] if fits else [READER]


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


def _newest(db: Database) -> int:
    return int(db.execute(_NEWEST).fetchone()[0])


def _facts(db: Database, after: int, last: int) -> list[Fact]:
    rows = db.execute(
        "select unit, version, type, recorded, state from unit_facts"
        " where position > ? and position <= ? order by position",
        (after, last),
    )
    return [_fact(*row) for row in rows.fetchall()]


def _taken(tree: Tree, facts: Iterable[Fact]) -> set[tuple[UUID, int]]:
    """Have facts in a tree; return which they are."""
    read = set()
    for fact in facts:
        tree.apply(fact)
        read.add(_version(fact))
    return read


def _version(fact: Fact) -> tuple[UUID, int]:
    return fact.originator_id, fact.originator_version


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
