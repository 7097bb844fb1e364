"""The units in memory follow the table, whoever fills it and however many threads read them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from events.codec import encode
from events.dossiers import UnitDissolved, UnitRegistered, UnitRenamed
from events.envelope import Fact
from infra.database import PostgresSchema, SqliteFile
from infra.drafts import Layout, drafting
from infra.ledger.port import Row
from infra.runner import TABLES
from services.dossiers.view import UnitsView, tables

DAY = date(2020, 1, 1)
LATER = date(2021, 1, 1)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
READING = 6
"""More threads than the machine has processors."""


def registered(n: int, version: int = 1) -> Fact:
    kind: Any = UnitRegistered  # the library's metaclass hides the fields from mypy
    code, name = f"U{n}", f"Unit {n}"
    return _said(kind, n, version, code=code, name=name, kind="cell", originator_topic="")


def renamed(n: int, version: int, name: str) -> Fact:
    kind: Any = UnitRenamed
    return _said(kind, n, version, name=name)


def dissolved(n: int, version: int, *successors: int) -> Fact:
    kind: Any = UnitDissolved
    others = tuple(UUID(int=each) for each in successors)
    return _said(kind, n, version, LATER, code=f"U{n}", successors=others)


def _said(fact_type: Any, n: int, version: int, on: date = DAY, **said: Any) -> Fact:  # noqa: ANN401
    fact: Fact = fact_type(
        originator_id=UUID(int=n),
        originator_version=version,
        timestamp=NOON,
        on=on,
        actor="clerk",
        **said,
    )
    return fact


class Ledger:
    """A feed over what was recorded by whoever."""

    ledger = "dossiers"

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def record(self, *facts: Fact) -> None:
        for fact in facts:
            state, _ = encode(fact)
            position, kind = len(self.rows) + 1, type(fact).TOPIC
            row = Row(
                position,
                fact.originator_id,
                fact.originator_version,
                kind,
                NOON,
                state,
                b"",
                b"",
                None,
            )
            self.rows.append(row)

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return self.rows[after : after + limit]

    def head(self) -> int:
        return len(self.rows)

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return self.head() > after


@pytest.fixture
def place(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "dossiers.db")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def view(place: SqliteFile) -> Iterator[UnitsView]:
    with closing(UnitsView(place)) as opened:
        yield opened


@pytest.fixture
def elsewhere(place: SqliteFile, ledger: Ledger) -> Iterator[Callable[[], None]]:
    """Return what another process does: it reads on, into the same table."""
    with closing(UnitsView(place)) as theirs:
        runner = theirs.runner(ledger)

        def read_on() -> None:
            while runner.step():
                pass

        yield read_on


def test_a_unit_that_another_process_recorded_is_in_the_tree(
    view: UnitsView, ledger: Ledger, elsewhere: Callable[[], None]
) -> None:
    assert view.tree.with_code("U1") == ()

    ledger.record(registered(1))
    elsewhere()

    assert view.tree.with_code("U1") == (UUID(int=1),)


def test_what_is_asked_together_is_answered_by_one_look_at_the_table(
    view: UnitsView, ledger: Ledger, elsewhere: Callable[[], None]
) -> None:
    ledger.record(registered(1))
    elsewhere()

    with view.held():
        ledger.record(registered(2))
        elsewhere()
        assert view.tree.with_code("U1") == (UUID(int=1),)
        assert view.tree.with_code("U2") == ()

    assert view.tree.with_code("U2") == (UUID(int=2),)


def test_what_this_process_noted_and_what_others_recorded_make_one_tree(
    view: UnitsView, ledger: Ledger, elsewhere: Callable[[], None]
) -> None:
    ledger.record(registered(1))
    elsewhere()
    view.note([renamed(1, 2, "Ours")], rehearsed=False)
    assert view.tree.lives[UUID(int=1)].spans[-1].name == "Ours"

    ledger.record(renamed(1, 2, "Ours"), renamed(1, 3, "Theirs"))
    elsewhere()

    assert view.tree.lives[UUID(int=1)].spans[-1].name == "Theirs"
    assert sorted(view.tree.lives[UUID(int=1)].facts) == [1, 2, 3]


def test_what_was_rehearsed_is_gone_and_what_was_noted_stays(
    view: UnitsView, ledger: Ledger, elsewhere: Callable[[], None]
) -> None:
    ledger.record(registered(1))
    elsewhere()
    view.note([registered(2)], rehearsed=False)
    view.note([registered(3)], rehearsed=True)
    reading = view.tree

    view.forget_rehearsed()

    assert set(view.tree.lives) == {UUID(int=1), UUID(int=2)}
    assert UUID(int=3) in reading  # who reads goes on reading what he read


@pytest.fixture
def restless() -> Iterator[None]:
    """Have threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_threads_read_whole_units_while_one_after_another_becomes_known(
    view: UnitsView, ledger: Ledger, elsewhere: Callable[[], None]
) -> None:
    ledger.record(*(registered(n) for n in range(40)))
    elsewhere()
    done = Event()

    def read() -> None:
        while not done.is_set():
            tree = view.tree
            assert len(tree.lives) >= 40
            assert tree.by_code("U0", DAY) == UUID(int=0)
            for _ in range(200):
                assert tree.unit(UUID(int=0), DAY) is not None
                assert tree.taking(UUID(int=0), date(2019, 1, 1)) in {UUID(int=0), None}

    with ThreadPoolExecutor(READING) as pool:
        reading = [pool.submit(read) for _ in range(READING)]
        try:
            for n in range(1, 40):
                # The unit that everybody reads is renamed, and takes the place of another one.
                ledger.record(dissolved(n, 2, 0), renamed(0, n + 1, f"Name {n}"))
                elsewhere()
                view.note([registered(1000 + n)], rehearsed=True)
                view.forget_rehearsed()
        finally:
            done.set()
        for each in reading:
            each.result()
    assert len(view.tree.lives[UUID(int=0)].facts) == 40


def test_a_view_that_was_built_anew_is_read_anew(database: str) -> None:
    live = PostgresSchema(database, "dossiers")
    live.make(TABLES + tables.SCHEMA, tables.LAYOUT)
    true, torn = Ledger(), Ledger()
    true.record(registered(1), renamed(1, 2, "as recorded"))
    torn.record(registered(1), renamed(1, 2, "as somebody made of it"))
    with closing(UnitsView(live)) as view:
        view.runner(torn).catch_up(2)
        for _ in range(10):  # until the server has planned what is asked each time
            assert set(view.tree.lives) == {UUID(int=1)}
        assert [span.name for span in view.tree.lives[UUID(int=1)].spans][-1] != "as recorded"

        with drafting(live, Layout(tables.SCHEMA, tables.LAYOUT)) as draft:
            with closing(UnitsView(draft.place)) as anew:
                anew.runner(true).catch_up(2)
            draft.swap()

        assert [span.name for span in view.tree.lives[UUID(int=1)].spans][-1] == "as recorded"
