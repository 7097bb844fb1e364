"""A reader that stands still goes on when somebody says so, in whatever process it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest

from events.codec import encode
from events.dossiers import UnitRenamed
from events.envelope import Envelope
from infra.database import Database, SqliteFile
from infra.ledger.port import Row
from infra.runner import NotParkedError, Runner, Standstills, open_view, skip

TABLE = "create table if not exists names(position integer primary key, name text not null);"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
READER = "names"


def record(position: int) -> Row:
    renamed: Any = UnitRenamed  # the library's metaclass hides the fields from mypy
    fact = renamed(
        originator_id=UUID(int=1),
        originator_version=position,
        timestamp=NOON,
        on=date(2026, 1, 1),
        actor="clerk",
        name=f"name {position}",
    )
    state, _ = encode(fact)
    return Row(position, UUID(int=1), position, UnitRenamed.TOPIC, NOON, state, b"", b"", None)


class Shelf:
    """A feed of five records."""

    ledger = "dossiers"
    rows = tuple(record(position) for position in range(1, 6))

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return self.rows[after : after + limit]

    def head(self) -> int:
        return len(self.rows)

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return bool(timeout_seconds) and self.head() > after


class Names:
    """A projection that cannot take some positions, as long as it has not learned to."""

    def __init__(self, db: Database, broken: set[int]) -> None:
        self.db = db
        self.broken = broken
        self.remembered: set[int] = set()

    def project(self, batch: Sequence[Envelope]) -> None:
        for envelope in batch:
            if envelope.position in self.broken:
                raise ZeroDivisionError(envelope.position)
            self.remembered.add(envelope.position)
            self.db.execute("insert into names values (?, ?)", (envelope.position, "a name"))

    def forget(self) -> None:
        self.remembered.clear()


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    opened: list[Database] = []

    def connected() -> Database:
        opened.append(open_view(SqliteFile(tmp_path / "view.db"), TABLE))
        return opened[-1]

    yield connected
    for each in opened:
        each.close()


@pytest.fixture
def broken() -> set[int]:
    return {3}


@pytest.fixture
def runner(connect: Callable[[], Database], broken: set[int]) -> Runner:
    db = connect()
    runner = Runner(READER, Shelf(), db, Names(db, broken))
    while runner.step():
        pass
    assert runner.position == 2
    return runner


@pytest.fixture
def elsewhere(connect: Callable[[], Database], runner: Runner) -> Database:
    """Return another process's connection to the view."""
    return connect()


def shown(db: Database) -> list[int]:
    return [position for (position,) in db.execute("select position from names order by 1")]


def test_another_process_sees_where_a_reader_stands_why_and_since_when(
    runner: Runner, elsewhere: Database
) -> None:
    there = Runner(READER, Shelf(), elsewhere, Names(elsewhere, set()))

    parked = there.state.parked

    assert parked is not None
    assert parked == runner.state.parked
    assert (parked.position, parked.reason) == (3, "ZeroDivisionError: 3")
    assert parked.since is not None


def test_a_record_that_is_skipped_is_shown_nowhere_and_the_reader_goes_on(
    runner: Runner, elsewhere: Database
) -> None:
    skip(elsewhere, READER, 3)

    assert runner.step()
    assert runner.state.parked is None
    assert shown(elsewhere) == [1, 2, 4, 5]


def test_a_record_that_can_be_taken_now_is_taken_when_the_reader_is_told(
    runner: Runner, elsewhere: Database, broken: set[int]
) -> None:
    broken.clear()
    assert not runner.step()

    Standstills(elsewhere).lift(READER)

    assert runner.step()
    assert shown(elsewhere) == [1, 2, 3, 4, 5]


def test_a_record_that_still_cannot_be_taken_stops_it_again(
    runner: Runner, elsewhere: Database
) -> None:
    Standstills(elsewhere).lift(READER)

    assert not runner.step()

    assert Standstills(elsewhere).of(READER) is not None
    assert runner.position == 2


def test_a_reader_stands_still_since_it_first_met_the_record(
    runner: Runner, elsewhere: Database
) -> None:
    first = Standstills(elsewhere).of(READER)
    again = Runner(READER, Shelf(), elsewhere, Names(elsewhere, {3}))

    assert not again.step()

    parked = Standstills(elsewhere).of(READER)
    assert first is not None
    assert parked is not None
    assert parked.since == first.since
    assert runner.position == 2


@pytest.mark.parametrize("position", [2, 4])
def test_only_the_record_before_which_it_stands_can_be_skipped(
    runner: Runner, elsewhere: Database, position: int
) -> None:
    with pytest.raises(NotParkedError) as refused:
        skip(elsewhere, READER, position)

    assert refused.value.parked is not None
    assert refused.value.parked.position == 3
    assert not runner.step()
    assert runner.position == 2


def test_a_reader_that_does_not_stand_still_cannot_skip(
    runner: Runner, elsewhere: Database
) -> None:
    skip(elsewhere, READER, 3)
    while runner.step():
        pass

    with pytest.raises(NotParkedError) as refused:
        skip(elsewhere, READER, 6)

    assert refused.value.parked is None
    assert runner.position == 5


def test_a_reader_that_follows_in_its_own_thread_goes_on_by_itself(
    runner: Runner, elsewhere: Database
) -> None:
    stop, done = Event(), Event()
    taken = runner._projection.project  # noqa: SLF001 - to be told that it went on

    def tell(batch: Sequence[Envelope]) -> None:
        taken(batch)
        done.set()

    runner._projection.project = tell  # type: ignore[method-assign]  # noqa: SLF001 - as above
    thread = Thread(target=runner.run, args=(stop,))
    thread.start()
    try:
        skip(elsewhere, READER, 3)
        assert done.wait(30)
    finally:
        stop.set()
        thread.join()
    assert shown(elsewhere) == [1, 2, 4, 5]
