"""A reader: batches of a ledger into a view, each with the position that justifies it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event
from typing import Protocol
from zlib import crc32

from eventsourcing.persistence import OperationalError

from events.envelope import Envelope
from infra.database import Away, Database, Keep, Place, Taken
from infra.feed import Feed, FeedAwayError, Parking, Unreadable, opened
from infra.ledger.port import LedgerClosedError, Row

BATCH_EVENTS = 500
AHEAD_FROM_EVENTS = 500
"""So many at once say that more are waiting."""
SWEEP_SECONDS = 0.5
AWAY = (Away, FeedAwayError, OperationalError, LedgerClosedError)
"""How a database, a ledger or a broker says that it is busy, full or gone, and comes back."""

# A position moves only from where its reader believes it to be: otherwise the column would
# become null, which the table does not allow, and the statement fails with its transaction.
TABLES = """
create table if not exists readers(name text primary key, position integer not null);
create table if not exists parked(
    name text primary key, position integer not null, type text not null, reason text not null,
    since text not null);
create table if not exists skipped(
    name text not null, position integer not null, primary key (name, position));
"""
_MOVE = "update readers set position = case when position = :old then :new end where name = :name"


class Projection(Protocol):
    """Turns recorded facts into changes of a view, inside a transaction that it does not see."""

    def project(self, batch: Sequence[Envelope]) -> None:
        """Apply the next facts, in order."""
        ...

    def forget(self) -> None:
        """Drop what is held in memory: the view is no longer what this projection left."""
        ...


@dataclass(frozen=True, slots=True)
class Parked:
    """A record that its reader could not take, and before which it stands still."""

    position: int
    type: str
    reason: str
    since: datetime | None = field(default=None, compare=False)
    """When it was met; None where only the process that met it knows."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a reader has come along its ledger."""

    reader: str
    ledger: str
    position: int
    head: int
    parked: Parked | None

    @property
    def ready(self) -> bool:
        """Tell whether the view shows all that the ledger holds."""
        return self.parked is None and self.position >= self.head


class ReaderStoppedError(RuntimeError):
    """A reader met a record that it cannot take."""

    def __init__(self, reader: str, parked: Parked) -> None:
        super().__init__(f"{reader} stopped at {parked.position}: {parked.reason}")
        self.reader = reader
        self.parked = parked


class NotParkedError(LookupError):
    """A reader does not stand still, or it does so before another record."""

    def __init__(self, reader: str, parked: Parked | None) -> None:
        super().__init__(reader)
        self.reader = reader
        self.parked = parked


class GapError(LookupError):
    """The ledger's next record is not the one after the last."""


class MovedError(RuntimeError):
    """Another process moved this reader meanwhile."""


def layout(edition: int, *schemas: str) -> int:
    """Return the stamp of a view's layout, never 0: of its tables, and of what is in them.

    The edition goes up when a projection writes something else into the same tables.
    """
    return crc32("\0".join((str(edition), TABLES, *schemas)).encode()) >> 1 | 1


def open_view(
    place: Place, schema: str, stamp: int = 1, *, keep: Keep = Keep.CACHE, forgets: bool = False
) -> Database:
    """Open a view's database for its readers.

    A view is a cache that commits with its position, so losing the last commits with the
    power costs nothing: they are read again.
    """
    return place.open(TABLES + schema, stamp, keep=keep, forgets=forgets)


class Standstills:
    """The records that stopped readers, in a table, where every process finds them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, reader: str) -> Parked | None:
        """Return the record before which a reader stands still."""
        row = self._db.execute(
            "select position, type, reason, since from parked where name = ?", (reader,)
        ).fetchone()
        if row is None:
            return None
        position, kind, reason, since = row
        return Parked(position, kind, reason, datetime.fromisoformat(since))

    def note(self, reader: str, parked: Parked) -> None:
        """Have a reader stand still, since the first time that it met the record."""
        now = datetime.now(UTC).isoformat()
        self._db.execute(
            "insert into parked values (?, ?, ?, ?, ?) on conflict (name) do update set"
            " position = excluded.position, type = excluded.type, reason = excluded.reason,"
            " since = case when parked.position = excluded.position then parked.since"
            " else excluded.since end",
            (reader, parked.position, parked.type, parked.reason, now),
        )

    def lift(self, reader: str) -> None:
        """Have a reader try again: it looks here before it does anything."""
        self._db.execute("delete from parked where name = ?", (reader,))


def skip(db: Database, reader: str, position: int) -> None:
    """Have the reader of a view go on behind the record before which it stands still.

    Raises NotParkedError.
    """
    with db.writing():
        standstills = Standstills(db)
        parked = standstills.of(reader)
        if parked is None or parked.position != position:
            raise NotParkedError(reader, parked)
        db.execute(_MOVE, {"old": position - 1, "new": position, "name": reader})
        db.execute("insert into skipped values (?, ?)", (reader, position))
        standstills.lift(reader)


def passed(db: Database, reader: str, shown: int) -> int:
    """Return where a reader is, whose view shows a position last: behind what was skipped then."""
    rows = db.execute(
        "select position from skipped where name = ? and position > ? order by position",
        (reader, shown),
    )
    for (position,) in rows.fetchall():
        if position != shown + 1:
            break
        shown = position
    return shown


class Reader(ABC):
    """Follows one ledger from where it stood; a record that cannot be taken stops it."""

    def __init__(self, name: str, feed: Feed, batch_events: int) -> None:
        self.name = name
        self._feed = feed
        self._batch_events = batch_events
        self._parked: Parked | None = None
        self.on_parked: Callable[[Parked], None] = lambda _: None
        """Told of each record before which the reader comes to a stand."""

    @property
    def ledger(self) -> str:
        """Return the name of the ledger that it follows."""
        return self._feed.ledger

    @property
    @abstractmethod
    def position(self) -> int:
        """Return the last position that was taken."""

    def look(self) -> int:
        """Return the last position that was taken, after which the next step reads."""
        return self.position

    @abstractmethod
    def step(self) -> bool:
        """Take the next batch; tell whether the reader moved."""

    @property
    def state(self) -> State:
        """Return where the reader stands."""
        return State(self.name, self._feed.ledger, self.position, self._feed.head(), self._parked)

    def catch_up(self, to: int, progress: Callable[[int], None] = lambda _: None) -> int:
        """Read on until position `to` is taken, telling each position reached.

        Raises ReaderStoppedError when a record on the way cannot be taken.
        """
        while (at := self.look()) < to:
            if not self.step() and not self._parked:
                self._feed.wait(at, SWEEP_SECONDS)
            if self._parked:
                raise ReaderStoppedError(self.name, self._parked)
            progress(self.position)
        return at

    def run(self, stop: Event) -> None:
        """Follow the ledger until told to stop; a stopped reader looks whether it may go on."""
        while not stop.is_set():
            try:
                if not self.step():
                    if self._parked:
                        stop.wait(SWEEP_SECONDS)
                    else:
                        self._feed.wait(self.look(), SWEEP_SECONDS)
            except AWAY:
                stop.wait(SWEEP_SECONDS)


class Runner(Reader):
    """Feeds one projection from one ledger, one transaction a batch.

    A record that cannot be taken stops this reader before it, with its reason in `parked`;
    nothing is skipped. It is tried again when its row there is gone, whoever removed it, and
    by a new runner: the release may have learned to read it.

    With `ahead`, what comes after a large batch is read and decoded by another thread while
    the database takes the batch. One transaction is under way at a time, as ever.
    """

    def __init__(  # noqa: PLR0913 - what a reader is made of
        self,
        name: str,
        feed: Feed,
        db: Database,
        projection: Projection,
        *,
        batch_events: int = BATCH_EVENTS,
        ahead: bool = False,
    ) -> None:
        super().__init__(name, feed, batch_events)
        self._ahead = ThreadPoolExecutor(1, f"{name}-ahead") if ahead else None
        self._coming: tuple[int, Future[Decoded]] | None = None
        self._db = db
        self._projection = projection
        self._standstills = Standstills(db)
        self._left_at = -1
        self._build = db.build
        self._looked_at: int | None = None
        self._may_stand = True
        db.execute("insert into readers values (?, 0) on conflict (name) do nothing", (name,))

    @property
    def position(self) -> int:
        """Return the last position that the view shows."""
        row = self._db.execute("select position from readers where name = ?", (self.name,))
        return int(row.fetchone()[0])

    def look(self) -> int:
        """Return the position of the view, and trust in it for one step.

        Where it is another one by then, the step moves nothing.
        """
        self._looked_at = self.position
        return self._looked_at

    @property
    def state(self) -> State:
        """Return where the reader stands, by what every process can see."""
        return replace(super().state, parked=self._standstills.of(self.name))

    def step(self) -> bool:
        """Take the next batch; tell whether the view moved."""
        if self._parked and self._standstills.of(self.name):
            return False
        self._parked = None
        at = self.look() if self._looked_at is None else self._looked_at
        self._looked_at = None  # where it stands is asked again, unless it moves
        if at != self._left_at:
            self._projection.forget()
        try:
            batch, unreadable = self._what_comes(at)
        except Unreadable as record:
            self._park(Parked(record.position, record.type, record.reason))
            return False
        taken = self._take(at, batch)
        if unreadable and not self._parked:
            row, error = unreadable
            self._park(Parked(row.position, row.type, _reason(error)))
        return taken

    def catch_up(self, to: int, progress: Callable[[int], None] = lambda _: None) -> int:
        """Read on until position `to` is taken, telling each position reached.

        Raises ReaderStoppedError when a record on the way cannot be taken.
        """
        try:
            return super().catch_up(to, progress)
        finally:
            self._leave_the_feed()

    def run(self, stop: Event) -> None:
        """Follow the ledger until told to stop; a stopped reader looks whether it may go on."""
        try:
            super().run(stop)
        finally:
            self._leave_the_feed()

    def close(self) -> None:
        """Close the view's connection."""
        self._leave_the_feed()
        if self._ahead:
            self._ahead.shutdown()
        self._db.close()

    def _what_comes(self, at: int) -> Decoded:
        """Return what comes after a position, and have what comes after that be read."""
        coming, self._coming = self._coming, None
        if coming and coming[0] == at:
            found = coming[1].result()
        else:
            if coming:  # a feed is one thread's at a time
                coming[1].exception()
            found = self._read(at)
        batch, unreadable = found
        if self._ahead and not unreadable and len(batch) >= AHEAD_FROM_EVENTS:
            last = batch[-1].position
            self._coming = last, self._ahead.submit(self._read, last)
        return found

    def _read(self, at: int) -> Decoded:
        return decoded(self._feed.ledger, at, self._feed.read(at, self._batch_events))

    def _leave_the_feed(self) -> None:
        """Wait for who reads ahead: whoever closes the feed comes after this reader."""
        coming, self._coming = self._coming, None
        if coming:
            coming[1].exception()

    def _take(self, at: int, batch: Sequence[Envelope]) -> bool:
        if not batch:
            return False
        try:
            self._commit(at, batch)
        except MovedError:
            return False
        except AWAY:
            raise
        except Exception as defect:  # noqa: BLE001 - whatever it is, it stops this reader
            if len(batch) == 1:
                [envelope] = batch
                kind = type(envelope.fact).TOPIC
                self._park(Parked(envelope.position, kind, _reason(defect)))
                return False
            moved = False
            for envelope in batch:  # finds the one that fails, and takes those before it
                if not self._take(envelope.position - 1, [envelope]):
                    break
                moved = True
            return moved
        return True

    def _commit(self, at: int, batch: Sequence[Envelope]) -> None:
        new = batch[-1].position
        try:
            with self._db.writing(at_once=True):
                self._move(at, new)
                if self._db.build != self._build:
                    # One that was built anew is in its place, perhaps at the same position.
                    self._projection.forget()
                    self._build = self._db.build
                self._projection.project(batch)
                if self._may_stand:
                    self._standstills.lift(self.name)
        except Taken:
            self._projection.forget()
            if self.position != at:
                raise MovedError(self.name) from None
            raise
        except BaseException:
            self._projection.forget()
            raise
        self._may_stand = False
        self._left_at = self._looked_at = new

    def _move(self, old: int, new: int) -> None:
        self._db.execute(_MOVE, {"old": old, "new": new, "name": self.name})

    def _park(self, parked: Parked) -> None:
        self._parked = parked
        self._may_stand = True
        self._looked_at = None  # it may be told to go on behind the record
        self._standstills.note(self.name, parked)
        self.on_parked(parked)
        if isinstance(self._feed, Parking):
            with suppress(FeedAwayError):  # the table has it, and it is said again at a restart
                self._feed.park(self.name, parked.position, parked.type, parked.reason)


Decoded = tuple[list[Envelope], tuple[Row, Exception] | None]
"""Records in order, and the one that cannot be read, with its reason."""


def decoded(ledger: str, at: int, rows: Sequence[Row]) -> Decoded:
    """Return the records after a position, and the one that cannot be read, with its reason."""
    batch: list[Envelope] = []
    for row in rows:
        if row.position <= at:
            continue  # seen already: a feed may repeat itself
        try:
            if row.position != at + 1:
                raise GapError(f"after {at} came {row.position}")
            batch.append(opened(ledger, row))
        except (LookupError, ValueError) as error:
            return batch, (row, error)
        at = row.position
    return batch, None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
