"""A reader takes every record once, in order, or stands still before the one it cannot take."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import encode
from events.dossiers import UnitRenamed
from events.envelope import Envelope
from infra.database import Database, SqliteFile
from infra.database.sqlite import SqliteDatabase
from infra.feed import FeedAwayError
from infra.ledger.port import Row
from infra.runner import (
    TABLES,
    Parked,
    ReaderStoppedError,
    Runner,
    layout,
    open_view,
)

UNIT = UUID(int=1)
TABLE = "create table if not exists names(position integer, name text);"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def record(position: int) -> Row:
    renamed: Any = UnitRenamed  # the library's metaclass hides the fields from mypy
    fact = renamed(
        originator_id=UNIT,
        originator_version=position,
        timestamp=NOON,
        on=date(2026, 1, 1),
        actor="clerk",
        name=f"name {position}",
    )
    state, _ = encode(fact)
    return Row(position, UNIT, position, UnitRenamed.TOPIC, NOON, state, b"", b"", None)


class Shelf:
    """A feed over a list, which may repeat itself or have lost a record."""

    ledger = "dossiers"

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)
        self.repeats = 0

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return [row for row in self.rows if row.position > after - self.repeats][:limit]

    def head(self) -> int:
        return max((row.position for row in self.rows), default=0)

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return Event().wait(min(timeout_seconds, 0.01)) or self.head() > after


class Names:
    """A projection of one table, which one name makes fail."""

    def __init__(self, db: Database, poison: str = "") -> None:
        self.db = db
        self.poison = poison
        self.forgotten = 0

    def project(self, batch: Sequence[Envelope]) -> None:
        for envelope in batch:
            assert isinstance(envelope.fact, UnitRenamed)
            name = envelope.fact.name
            self.db.execute("insert into names values (?, ?)", (envelope.position, name))
            if name == self.poison:
                raise ZeroDivisionError(name)

    def forget(self) -> None:
        self.forgotten += 1

    @property
    def seen(self) -> list[int]:
        return [row[0] for row in self.db.execute("select position from names order by rowid")]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_view(SqliteFile(tmp_path / "view.db"), TABLE)) as opened:
        yield opened


def runner(shelf: Shelf, names: Names, batch_events: int = 500, *, ahead: bool = False) -> Runner:
    return Runner("names", shelf, names.db, names, batch_events=batch_events, ahead=ahead)


@pytest.mark.parametrize("batch_events", [1, 3, 500])
def test_every_record_is_taken_once_and_in_order(db: Database, batch_events: int) -> None:
    shelf, names = Shelf([record(n) for n in range(1, 11)]), Names(db)
    reached: list[int] = []

    runner(shelf, names, batch_events).catch_up(10, reached.append)

    assert names.seen == list(range(1, 11))
    assert reached[-1] == 10
    assert len(reached) == -(-10 // batch_events)


def test_a_record_that_comes_again_is_skipped(db: Database) -> None:
    shelf, names = Shelf([record(n) for n in range(1, 11)]), Names(db)
    shelf.repeats = 4

    runner(shelf, names, batch_events=6).catch_up(10)

    assert names.seen == list(range(1, 11))


def test_a_gap_stops_the_reader_before_it(db: Database) -> None:
    shelf, names = Shelf([record(1), record(2), record(4)]), Names(db)
    reader = runner(shelf, names)

    with pytest.raises(ReaderStoppedError, match="after 2 came 4"):
        reader.catch_up(4)

    assert names.seen == [1, 2]
    assert reader.position == 2
    assert not reader.state.ready


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (replace(record(2), type="dossiers.Unheard"), "UnknownTypeError"),
        (replace(record(2), state=b"{"), "UndecodableError"),
        (replace(record(2), state=b'{"class_version": 99}'), "NewerVersionError"),
    ],
)
def test_what_cannot_be_read_is_parked_with_its_reason(
    db: Database, broken: Row, reason: str
) -> None:
    shelf, names = Shelf([record(1), broken, record(3)]), Names(db)
    reader = runner(shelf, names)

    reader.step()
    again = reader.step()

    assert not again
    assert names.seen == [1]
    parked = reader.state.parked
    assert parked is not None
    assert (parked.position, parked.type) == (2, broken.type)
    assert parked.reason.startswith(reason)
    assert db.execute("select name, position from parked").fetchall() == [("names", 2)]


def test_a_defect_stops_the_reader_at_its_record_and_leaves_nothing_half_written(
    db: Database,
) -> None:
    shelf, names = Shelf([record(n) for n in range(1, 6)]), Names(db, poison="name 3")
    reader = runner(shelf, names)

    with pytest.raises(ReaderStoppedError):
        reader.catch_up(5)

    assert names.seen == [1, 2]
    assert reader.state.parked == Parked(3, UnitRenamed.TOPIC, "ZeroDivisionError: name 3")
    assert names.forgotten > 0


class Rebuilt(SqliteDatabase):
    """A view that is built anew whenever a test says so."""

    times = 0

    @property
    def build(self) -> int:
        return self.times


def test_a_view_that_was_built_anew_at_the_same_position_is_another(tmp_path: Path) -> None:
    open_view(SqliteFile(tmp_path / "view.db"), TABLE).close()
    db = Rebuilt(sqlite3.connect(tmp_path / "view.db", isolation_level=None))
    shelf, names = Shelf([record(n) for n in range(1, 4)]), Names(db)
    with closing(runner(shelf, names, 1)) as reader:
        assert reader.step()
        forgotten = names.forgotten
        assert reader.step()
        assert names.forgotten == forgotten

        db.times += 1
        assert reader.step()

        assert names.forgotten == forgotten + 1


def test_a_mended_reader_goes_on_where_it_stood(db: Database) -> None:
    shelf = Shelf([record(n) for n in range(1, 6)])
    runner(shelf, Names(db, poison="name 3")).step()

    names = Names(db)
    reader = runner(shelf, names)
    reader.catch_up(5)

    assert names.seen == [1, 2, 3, 4, 5]
    assert reader.state.ready
    assert db.execute("select count(*) from parked").fetchone() == (0,)


def test_two_readers_of_one_name_take_no_record_twice(tmp_path: Path) -> None:
    path = tmp_path / "view.db"
    shelf = Shelf([record(n) for n in range(1, 101)])
    with (
        closing(open_view(SqliteFile(path), TABLE)) as one,
        closing(open_view(SqliteFile(path), TABLE)) as other,
    ):
        readers = [runner(shelf, Names(db), batch_events=7) for db in (one, other)]
        threads = [Thread(target=reader.catch_up, args=(100,)) for reader in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert Names(one).seen == list(range(1, 101))


def test_a_position_moves_only_from_where_the_reader_was(db: Database) -> None:
    class Overtaken(Shelf):
        def read(self, after: int, limit: int) -> Sequence[Row]:
            db.execute("update readers set position = 1 where name = 'names'")
            return super().read(after, limit)

    shelf, names = Overtaken([record(1), record(2)]), Names(db)

    taken = runner(shelf, names).step()

    assert not taken
    assert names.seen == []


def test_a_reader_follows_its_ledger_until_it_is_told_to_stop(db: Database) -> None:
    shelf, names, stop = Shelf([record(1)]), Names(db), Event()

    class Watched(Names):
        def project(self, batch: Sequence[Envelope]) -> None:
            super().project(batch)
            if batch[-1].position == 2:
                stop.set()
            else:
                shelf.rows.append(record(2))

    watched = Watched(db)
    thread = Thread(target=runner(shelf, watched).run, args=(stop,))
    thread.start()
    thread.join(timeout=10)

    assert not thread.is_alive()
    assert names.seen == [1, 2]


@given(st.lists(st.integers(min_value=1, max_value=6), max_size=30))
def test_no_redelivery_is_taken_twice(deliveries: list[int]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        memory.executescript(TABLES + TABLE)
        db = SqliteDatabase(memory)
        shelf, names = Shelf([]), Names(db)
        for delivered in deliveries:
            shelf.rows = [record(delivered)]
            shelf.repeats = 6
            runner(shelf, names).step()

        assert names.seen == list(range(1, len(names.seen) + 1))
        assert set(names.seen) <= set(deliveries)
        assert (1 in names.seen) == (1 in deliveries)


# The layout of a view.


class Watched(Shelf):
    """A feed that notes who reads it, and breaks where it is told to."""

    def __init__(self, rows: Sequence[Row], away_after: int = -1) -> None:
        super().__init__(rows)
        self.away_after = away_after
        self.read_by: dict[int, str] = {}

    def read(self, after: int, limit: int) -> Sequence[Row]:
        self.read_by[after] = current_thread().name
        if after == self.away_after:
            self.away_after = -1
            raise FeedAwayError
        return super().read(after, limit)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.runner.AHEAD_FROM_EVENTS", 3)


@pytest.mark.usefixtures("few")
def test_what_comes_after_a_large_batch_is_read_while_it_is_written(db: Database) -> None:
    shelf, names = Watched([record(n) for n in range(1, 12)]), Names(db)

    with closing(runner(shelf, names, 3, ahead=True)) as reader:
        reader.catch_up(11)

        assert names.seen == list(range(1, 12))
        ours = current_thread().name
        assert {after: who == ours for after, who in shelf.read_by.items()} == {
            0: True,
            3: False,
            6: False,
            9: False,
        }


@pytest.mark.usefixtures("few")
def test_a_broker_that_goes_while_it_is_read_ahead_loses_nothing(db: Database) -> None:
    shelf, names = Watched([record(n) for n in range(1, 12)], away_after=6), Names(db)

    with closing(runner(shelf, names, 3, ahead=True)) as reader:
        assert reader.step()
        assert reader.step()
        with pytest.raises(FeedAwayError):
            reader.step()
        reader.catch_up(11)

        assert names.seen == list(range(1, 12))


@pytest.mark.usefixtures("few")
def test_what_was_read_ahead_is_left_where_the_reader_was_moved(db: Database) -> None:
    shelf, names = Watched([record(n) for n in range(1, 12)]), Names(db)

    with closing(runner(shelf, names, 3, ahead=True)) as reader:
        assert reader.step()
        db.execute("update readers set position = 1")
        db.execute("delete from names where position > 1")
        assert not reader.step()
        reader.catch_up(11)

        assert names.seen == list(range(1, 12))


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("position", range(1, 8))
def test_a_record_that_cannot_be_taken_stops_a_reader_that_reads_ahead(
    db: Database, position: int
) -> None:
    broken = [record(n) for n in range(1, 12)]
    broken[position - 1] = replace(broken[position - 1], type="dossiers.Unheard")
    for shelf, names in (
        (Shelf(broken), Names(db)),
        (Shelf([record(n) for n in range(1, 12)]), Names(db, f"name {position}")),
    ):
        db.execute("update readers set position = 0")
        db.execute("delete from names")
        db.execute("delete from parked")
        reader = runner(shelf, names, 3, ahead=True)

        with pytest.raises(ReaderStoppedError) as stopped:
            reader.catch_up(11)

        assert stopped.value.parked.position == position
        assert names.seen == list(range(1, position))
        assert reader.position == position - 1


def test_a_view_of_another_layout_is_outdated_and_a_new_one_never(tmp_path: Path) -> None:
    place, ours = SqliteFile(tmp_path / "view.db"), layout(1, "create table a(b)")
    assert not place.is_outdated(ours)
    open_view(place, TABLE, ours).close()

    assert not place.is_outdated(ours)
    assert place.is_outdated(layout(2, "create table a(b)"))
    assert place.is_outdated(layout(1, "create table a(b, c)"))


def test_a_view_is_never_new_again_and_keeps_the_stamp_of_its_layout(tmp_path: Path) -> None:
    place, old, new = SqliteFile(tmp_path / "view.db"), layout(1), layout(2)
    open_view(place, TABLE, old).close()
    open_view(place, TABLE, new).close()
    assert place.is_outdated(new)

    place.discard()

    assert list(tmp_path.iterdir()) == []
