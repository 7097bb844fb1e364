"""From accepted to visible through Kafka, beside records produced and consumed on the same broker.

An open loop: acts come when they are due, whether or not those before them were answered. The
ledger is written here; relay and projector are processes of their own, as is whoever looks.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from psycopg import sql

from events import dossiers
from events.dossiers import Facets
from infra import topics
from infra.database import PostgresSchema
from infra.feed.log import FETCH_WAIT_MS
from infra.ledger.port import Save
from infra.ledger.postgres import PostgresLedger
from infra.ledger.together import Steps, Together
from tests.bench.crowd import FIRST_DAY, RECORDED, Crowd
from tests.bench.distributed import Distributed
from tests.bench.paired import interval
from tests.bench.recorded import fill, stored
from tests.bench.streaming import LEDGER, RAW
from tests.bench.wire import percentile

RATES = (50, 500)
MOST_RATIO = 3.0
WARM_SECONDS = 1.0
GIVE_UP_SECONDS = 300.0
"""The view may have a topic to read before it shows the first act."""
RAW_BYTES = 600
"""About what a record of ours has."""
_POLL_SECONDS = 0.2
Say = Callable[[str], None]
Arrivals = list[tuple[int, float]]
"""Up to which number was seen, and when, by `perf_counter`, which processes share."""


@dataclass(frozen=True, slots=True)
class Act:
    """When an act was due, when it was answered, and when the view showed it."""

    position: int
    due: float
    answered: float
    seen: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One round: milliseconds of each act."""

    ours: list[float]
    """From its acknowledgement until the view shows it."""
    ours_from_due: list[float]
    raw: list[float]
    """From when the record was due until it was consumed."""


def see_all(
    here: Distributed, *, rates: Sequence[float], pairs: int, seconds: float, progress: Say
) -> list[dict[str, Any]]:
    """Time both at each rate, in rounds that take turns."""
    asyncio.run(topics.make(here.stack.bootstrap, [topics.Topic(RAW.topic)]))
    place = PostgresSchema(here.said.dsn("views"), "reporting")
    with_units(here, progress)
    with ExitStack() as running:
        running.enter_context(here.role(LEDGER, "relay"))
        running.enter_context(here.role("reporting", "projector"))
        view = running.enter_context(watching(watch_view, place))
        topic = running.enter_context(watching(_consume, here.stack.bootstrap))
        writing = running.enter_context(Writing.on(here))
        told = []
        for rate in rates:
            uvloop.run(writing.ours(rate, WARM_SECONDS, view))
            uvloop.run(writing.raw(rate, WARM_SECONDS, topic))
            rounds = []
            for number in range(pairs):
                progress(f"accepted, then visible, {rate:g} acts a second: {number + 1}/{pairs}")
                rounds.append(
                    _round(writing, rate, seconds, view, topic, raw_first=bool(number % 2))
                )
            told += [_told(rate, rounds, percent) for percent in (50, 99)]
    return told


def with_units(here: Distributed, progress: Say) -> None:
    dsn = here.said.dsn("ledgers")
    with closing(PostgresLedger(dsn, LEDGER)) as ledger:
        has_units = ledger.head().position > 0
    if not has_units:
        fill(dsn, LEDGER, Crowd(1).facts(), progress)


def _round(
    writing: Writing, rate: float, seconds: float, view: Seeing, topic: Seeing, *, raw_first: bool
) -> Seen:
    before = uvloop.run(writing.raw(rate, seconds, topic)) if raw_first else []
    acts = uvloop.run(writing.ours(rate, seconds, view))
    return Seen(
        [max(act.seen - act.answered, 0.0) * 1e3 for act in acts],
        [(act.seen - act.due) * 1e3 for act in acts],
        before or uvloop.run(writing.raw(rate, seconds, topic)),
    )


def _told(rate: float, rounds: Sequence[Seen], percent: int) -> dict[str, Any]:
    ours = [percentile(each.ours, percent) for each in rounds]
    raw = [percentile(each.raw, percent) for each in rounds]
    from_due = [percentile(each.ours_from_due, percent) for each in rounds]
    ratios = [a / b for a, b in zip(ours, raw, strict=True)]
    low, high = interval(ratios)
    return {
        "name": f"accepted, then visible through Kafka, at {rate:g} acts a second, p{percent}",
        "ours_ms": round(median(ours), 2),
        "raw_ms": round(median(raw), 2),
        "ratio": round(median(ratios), 2),
        "interval_95": [round(low, 2), round(high, 2)],
        "from_due_ms": round(median(from_due), 2),
        "from_due_ratio": round(median(a / b for a, b in zip(from_due, raw, strict=True)), 2),
        "acts": sum(len(each.ours) for each in rounds),
        "aim": f"at most {MOST_RATIO:g}",
        "met": median(ratios) <= MOST_RATIO,
    }


class Writing:
    """Whoever records acts as a server does, and produces bare records."""

    def __init__(self, ledger: PostgresLedger, bootstrap: str) -> None:
        self._commands = Together(ledger)
        self._bootstrap = bootstrap
        self._numbers = count()
        self._produced = 0

    @classmethod
    @contextmanager
    def on(cls, here: Distributed) -> Iterator[Writing]:
        """Open the ledger."""
        with closing(PostgresLedger(here.said.dsn("ledgers"), LEDGER)) as ledger:
            yield cls(ledger, here.stack.bootstrap)

    async def ours(self, rate: float, seconds: float, view: Seeing) -> list[Act]:
        """Record acts, and return what became of each when all are seen."""
        accepted: list[tuple[int, float, float]] = []

        async def act(due: float) -> None:
            position, at = await self._commands.do(_saved(nominated(next(self._numbers))))
            accepted.append((position, due, at))

        await _paced(rate, seconds, act)
        arrivals = view.until(max(position for position, _, _ in accepted))
        reached = [number for number, _ in arrivals]
        return [
            Act(position, due, answered, arrivals[bisect_left(reached, position)][1])
            for position, due, answered in accepted
        ]

    async def raw(self, rate: float, seconds: float, topic: Seeing) -> list[float]:
        """Produce records, and return how long each took from when it was due."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, enable_idempotence=True, acks="all"
        )
        await producer.start()
        await producer.partitions_for(RAW.topic)
        due_at: list[float] = []

        async def produce(due: float) -> None:
            due_at.append(due)
            await producer.send(RAW.topic, bytes(RAW_BYTES), partition=RAW.partition)

        await _paced(rate, seconds, produce)
        await producer.stop()
        first, self._produced = self._produced, self._produced + len(due_at)
        arrivals = topic.until(self._produced)
        reached = [number for number, _ in arrivals]
        return [
            (arrivals[bisect_left(reached, first + number)][1] - due) * 1e3
            for number, due in enumerate(due_at, start=1)
        ]


def _saved(save: Save) -> Steps[tuple[int, float]]:
    """Save, and return the last position and when the ledger answered, whoever is told later."""
    saved = yield save
    return saved.positions[-1], perf_counter()


def nominated(number: int) -> Save:
    """Return what a nomination saves: a candidacy that is opened, and a candidate."""
    stream = uuid4()
    common: dict[str, Any] = {
        "originator_id": stream,
        "timestamp": RECORDED,
        "on": FIRST_DAY,
        "actor": "bench",
        "person": uuid4(),
        "unit": Crowd(0).children[number % len(Crowd(0).children)],
        "facets": Facets(sex="male", youth_union=True),
    }
    opened: Any = dossiers.CandidacyOpened
    nomination: Any = dossiers.CandidateNominated
    return Save(
        events=[
            stored(opened(originator_version=1, originator_topic="", attempt=1, **common)),
            stored(nomination(originator_version=2, **common)),
        ]
    )


async def _paced(rate: float, seconds: float, act: Callable[[float], Awaitable[None]]) -> None:
    start = perf_counter()
    tasks = []
    for number in range(max(int(rate * seconds), 1)):
        due = start + number / rate
        if (early := due - perf_counter()) > 0:
            await asyncio.sleep(early)
        tasks.append(asyncio.ensure_future(act(due)))
    async with asyncio.timeout(GIVE_UP_SECONDS):
        await asyncio.gather(*tasks)


class Seeing:
    """A process that looks, asked for what it has seen."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def until(self, number: int) -> Arrivals:
        """Wait until a number was seen, and return all that was since the last time."""
        self._pipe.send(number)
        return self.received()

    def received(self) -> Arrivals:
        """Return what the process says next."""
        if not self._pipe.poll(GIVE_UP_SECONDS):
            raise AssertionError("what was recorded has not been seen")
        arrivals: Arrivals = self._pipe.recv()
        return arrivals


@contextmanager
def watching(watch: Callable[[Any, Connection], None], what: object) -> Iterator[Seeing]:
    """Run what looks as a process of its own, from when it looks until the block ends."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=watch, args=(what, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        seeing = Seeing(ours)
        seeing.received()
        yield seeing
    finally:
        ours.close()
        process.join(5)
        if process.is_alive():
            process.terminate()
            process.join()


def watch_view(place: PostgresSchema, pipe: Connection) -> None:
    """Ask where the reader stands each time that the view is said to have moved."""
    asked = sql.SQL("select position from {} where name = 'reporting.dossiers'").format(
        sql.Identifier(place.schema, "readers")
    )
    with (
        psycopg.connect(place.dsn, autocommit=True, prepare_threshold=0) as ear,
        psycopg.connect(place.dsn, autocommit=True, prepare_threshold=0) as db,
    ):
        ear.execute(sql.SQL("listen {}").format(sql.Identifier(place.channel)))

        def look() -> int:
            [(position,)] = db.execute(asked).fetchall()
            return int(position)

        async def moved() -> list[int]:
            return [look() for _ in ear.notifies(timeout=_POLL_SECONDS, stop_after=1)]

        uvloop.run(_answer(pipe, look(), moved))


def _consume(bootstrap: str, pipe: Connection) -> None:
    """Count what comes on the bare topic."""
    uvloop.run(_count(bootstrap, pipe))


async def _count(bootstrap: str, pipe: Connection) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    await consumer.start()
    consumer.assign([RAW])
    await consumer.seek_to_end()
    seen = 0

    async def moved() -> list[int]:
        nonlocal seen
        found = await consumer.getmany(timeout_ms=int(_POLL_SECONDS * 1000))
        came = sum(map(len, found.values()))
        seen += came
        return [seen] if came else []

    await _answer(pipe, seen, moved)
    await consumer.stop()


async def _answer(pipe: Connection, at: int, moved: Callable[[], Awaitable[Sequence[int]]]) -> None:
    """Look until nobody asks any more; tell what was seen when what is asked for is among it."""
    arrivals: Arrivals = []
    wanted: int | None = None
    pipe.send(arrivals)
    with suppress(EOFError, OSError):
        while True:
            if wanted is None and pipe.poll():
                wanted = pipe.recv()
            if wanted is not None and at >= wanted:
                pipe.send(arrivals)
                arrivals, wanted = [], None
            for at in await moved():  # noqa: PLR1704 - where it is from now on
                arrivals.append((at, perf_counter()))
