"""Many threads read at once, each in a snapshot of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import pytest

from infra.database import Database, Readers
from tests.infra.database.places import House

TOGETHER = 4


@pytest.fixture
def readers(house: House) -> Iterator[Readers]:
    readers = Readers(house.open, most=TOGETHER)
    yield readers
    readers.close()


def test_threads_read_beside_one_another(readers: Readers) -> None:
    together = Barrier(TOGETHER, timeout=20)

    def read(_: int) -> int:
        with readers.snapshot() as db:
            together.wait()
            return id(db)

    with ThreadPoolExecutor(TOGETHER) as pool:
        assert len(set(pool.map(read, range(TOGETHER)))) == TOGETHER


def test_who_comes_when_all_are_lent_waits_for_one(readers: Readers) -> None:
    all_lent, over, lock = Barrier(TOGETHER + 1, timeout=20), Event(), Lock()
    lent: list[Database] = []

    def hold(_: int) -> None:
        with readers.snapshot() as db:
            with lock:
                lent.append(db)
            all_lent.wait()
            over.wait(20)

    def come() -> int:
        with readers.snapshot() as db:
            assert over.is_set()
            return id(db)

    with ThreadPoolExecutor(TOGETHER + 1) as pool:
        held = [pool.submit(hold, n) for n in range(TOGETHER)]
        all_lent.wait()
        late = pool.submit(come)
        over.set()
        assert late.result() in {id(db) for db in lent}
        for each in held:
            each.result()


def test_a_thread_that_asks_again_sees_the_same(readers: Readers, db: Database) -> None:
    with readers.snapshot() as first:
        before = first.execute("select count(*) from things").fetchone()[0]
        db.put("things", [(b"1", "one", None, None)])
        with readers.snapshot() as second:
            assert second is first
            assert second.execute("select count(*) from things").fetchone()[0] == before
    with readers.snapshot() as later:
        assert later.execute("select count(*) from things").fetchone()[0] == before + 1
