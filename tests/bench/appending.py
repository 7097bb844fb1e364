"""Decided commands made durable: our ledger, the library's own recorder, a plain insert."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from time import perf_counter
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import JSONTranscoder, Transcoding

from events.envelope import By
from infra.ledger.sqlite import SqliteLedger
from infra.sealing import Keys
from services.training.application import OpenClass, Training
from tests.bench.paired import Compared, Measured, interleave, timed

ON = date(2026, 3, 2)
BY = By(actor="bench")
FULL = 2
"""SQLite's `synchronous = full`: what all three must keep, or the run is void."""
RECORDER = "the library's SQLite recorder"
PLAIN = "a plain insert"


class StockClass(Aggregate):
    """The same class of learners as one would write it with the library alone."""

    @event("Opened")
    def __init__(self, on: date, code: str, centre: UUID, enrolled: int | None) -> None:
        self.on = on
        self.code = code
        self.centre = centre
        self.enrolled = enrolled


class _DateAsIso(Transcoding):
    type = date
    name = "date"

    def encode(self, obj: date) -> str:
        return obj.isoformat()

    def decode(self, data: str) -> date:
        return date.fromisoformat(data)


class Stock(Application[UUID]):
    """The library's application on the library's SQLite recorder."""

    def register_transcodings(self, transcoder: JSONTranscoder) -> None:
        super().register_transcodings(transcoder)
        transcoder.register(_DateAsIso())

    def open(self, code: str, centre: UUID) -> None:
        self.save(StockClass(on=ON, code=code, centre=centre, enrolled=40))


class Plain:
    """A row inserted and committed: one connection, for SQLite has one writer."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = Lock()
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.execute("create table classes(id blob primary key, body blob)")

    def insert(self, body: bytes) -> None:
        with self._lock:
            self._db.execute("insert into classes values (?, ?)", (uuid4().bytes, body))

    def close(self) -> None:
        self._db.close()


def append_all(
    folder: Path, *, pairs: int, seconds: float, progress: Callable[[str], None]
) -> list[Compared]:
    """Compare ours with both, one command at a time and 32 at once."""
    with (
        closing(SqliteLedger(folder / "ours.db", "training")) as ledger,
        closing(Keys.in_folder(folder / "keys")) as keys,
        closing(Plain(folder / "plain.db")) as plain,
    ):
        ours = Training(ledger, keys)
        stock = Stock(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(folder / "stock.db"),
            }
        )
        _must_be_durable(folder / "stock.db")
        numbers, centre = count(), uuid4()

        def decide() -> None:
            code = f"L-{next(numbers)}"
            ours.perform(OpenClass(on=ON, code=code, centre=centre, enrolled=40, by=BY))

        def record() -> None:
            stock.open(f"L-{next(numbers)}", centre)

        def insert() -> None:
            plain.insert(b'{"on":"2026-03-02","enrolled":40}')

        results = []
        for threads, other_is, other, aim in (
            (1, RECORDER, record, 1.0),
            (32, RECORDER, record, 1.0),
            (1, PLAIN, insert, None),
            (32, PLAIN, insert, 0.5),
        ):
            compared = Compared(
                name=f"append, {threads} at once, against {other_is}",
                ours_is="decided, claimed, chained, durable",
                other_is=other_is,
                aim=aim,
            )
            results.append(
                interleave(
                    compared,
                    partial(_for, seconds, threads, decide),
                    partial(_for, seconds, threads, other),
                    pairs=pairs,
                    progress=progress,
                )
            )
        stock.close()
    return results


def _for(seconds: float, threads: int, work: Callable[[], None]) -> Measured:
    """Do something again and again for a while, by several threads at once."""
    until = perf_counter() + seconds

    def loop(_: int) -> int:
        done = 0
        while perf_counter() < until:
            work()
            done += 1
        return done

    def all_of_them() -> int:
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(loop, range(threads)))

    return timed(all_of_them)


def _must_be_durable(stock: Path) -> None:
    """Make sure that the library, which says nothing of it, gets SQLite's full durability."""
    with closing(sqlite3.connect(stock)) as db:
        if db.execute("pragma synchronous").fetchone() != (FULL,):
            raise AssertionError("the library's recorder is less durable than ours")
        if db.execute("pragma journal_mode").fetchone() != ("wal",):
            raise AssertionError("the library's recorder does not use a write-ahead log")
