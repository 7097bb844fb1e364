"""Through Kafka: how fast a ledger is carried to its topic, and its topic into the figures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra import relay, topics
from infra.database import PostgresSchema
from infra.feed.kafka import FETCH_RECORDS, KafkaFeed
from infra.feed.log import FETCH_BYTES
from infra.projecting import collecting_seldom
from infra.relay import BATCH_BYTES, PAGE_EVENTS
from infra.runner import TABLES
from services.installation import LAYOUTS, LEDGERS
from services.reporting.view import ReportingView
from services.reporting.view.reporting_view import PROJECTING_EVENTS
from tests.bench.crowd import Crowd, Stream
from tests.bench.distributed import Distributed
from tests.bench.paired import Compared, Measured, interleave
from tests.bench.peers import count_statefully
from tests.bench.recorded import empty, fill

LEDGER = "dossiers"
RAW = TopicPartition("bench.raw", 0)
Say = Callable[[str], None]
Record = tuple[bytes, bytes]


class _Read(msgspec.Struct):
    """What a bare reader takes from a record: all that a count could want, and the whole data."""

    position: int
    type: str
    subject: str
    recorded: str
    data: dict[str, Any]
    on: str | None = None


def stream_both(
    here: Distributed, people: int, *, pairs: int, peers: Path | None, progress: Say
) -> list[Compared]:
    """Compare the relay and the projection with what the broker lets a bare loop do.

    `peers` is the Python that has quixstreams; without it there is no such comparison.
    """
    asyncio.run(topics.make(here.stack.bootstrap, [topics.Topic(RAW.topic)]))
    events = fill(here.said.dsn("ledgers"), LEDGER, Crowd(people).facts(), progress)
    compared = [_relayed(here, events, pairs, progress)]
    bare = partial(_bare, here, events)
    ours = partial(_projected, here, events, count())
    compared.append(
        interleave(
            Compared(
                name=f"projection of {events} events, against a bare loop",
                ours_is="from the topic into the figures on Postgres: facts, counters, position",
                other_is="aiokafka and msgspec: read and decode, nothing is kept",
                aim=0.15,
            ),
            ours,
            bare,
            pairs=pairs,
            progress=progress,
        )
    )
    if peers:
        folders = count()
        compared.append(
            interleave(
                Compared(
                    name=f"projection of {events} events, against quixstreams",
                    ours_is=compared[-1].ours_is,
                    other_is="a stateful count by key, its state in RocksDB and a changelog",
                    aim=1.0,
                ),
                ours,
                lambda: count_statefully(
                    peers,
                    here.stack.bootstrap,
                    _partition().topic,
                    records=events,
                    folder=here.folder / f"quix-{next(folders)}",
                    commit_every=PROJECTING_EVENTS,
                ),
                pairs=pairs,
                progress=progress,
            )
        )
    return compared


def _partition() -> TopicPartition:
    return TopicPartition(*topics.of_ledger(LEDGER))


def _relayed(here: Distributed, events: int, pairs: int, progress: Say) -> Compared:
    progress("records are read from the topic")
    _carried(here, events)
    records = uvloop.run(_records(here.stack.bootstrap, events))
    return interleave(
        Compared(
            name=f"relay of {events} events",
            ours_is="read from the ledger, made into records, acknowledged by all",
            other_is="the same records, ready-made in memory, in the same batches",
            aim=None,
        ),
        partial(_carried, here, events),
        partial(_sent, here, records),
        pairs=pairs,
        progress=progress,
    )


def _carried(here: Distributed, events: int) -> Measured:
    """Have the relay fill the topic, from when it knows that it is empty."""
    empty(here.stack.bootstrap, [_partition()])
    at: list[tuple[float, float]] = []
    stop = asyncio.Event()

    def told(position: int, _: int) -> None:
        if not at or position == events:
            at.append((perf_counter(), process_time() + here.postgres_seconds()))
        if position == events:
            stop.set()

    async def work() -> None:
        bootstrap, dsn = here.stack.bootstrap, here.said.dsn("ledgers")
        await relay.run(dsn, LEDGER, bootstrap, stop=stop, told=told)

    uvloop.run(work())
    (began, used), (ended, used_then) = at
    return Measured(ended - began, used_then - used, events)


def _sent(here: Distributed, records: Sequence[Record]) -> Measured:
    empty(here.stack.bootstrap, [RAW])
    return uvloop.run(_send(here.stack.bootstrap, records))


async def _send(bootstrap: str, records: Sequence[Record]) -> Measured:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=BATCH_BYTES,
    )
    await producer.start()
    await producer.partitions_for(RAW.topic)
    send = producer.send_batch
    start, cpu = perf_counter(), process_time()
    for first in range(0, len(records), PAGE_EVENTS):
        batch, waiting = producer.create_batch(), []
        for key, value in records[first : first + PAGE_EVENTS]:
            if batch.append(key=key, value=value, timestamp=None) is None:
                waiting.append(await send(batch, RAW.topic, partition=RAW.partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        waiting.append(await send(batch, RAW.topic, partition=RAW.partition))
        await asyncio.gather(*waiting)
    measured = Measured(perf_counter() - start, process_time() - cpu, len(records))
    await producer.stop()
    return measured


async def _records(bootstrap: str, events: int) -> list[Record]:
    async with _reader(bootstrap) as reader:
        records: list[Record] = []
        while len(records) < events:
            found = await reader.getmany(timeout_ms=1000, max_records=FETCH_RECORDS)
            records += [(each.key, each.value) for several in found.values() for each in several]
    return records


def _bare(here: Distributed, events: int) -> Measured:
    return uvloop.run(_read(here.stack.bootstrap, events))


async def _read(bootstrap: str, events: int) -> Measured:
    decode = msgspec.json.Decoder(_Read).decode
    async with _reader(bootstrap) as reader:
        start, cpu = perf_counter(), process_time()
        read = 0
        while read < events:
            found = await reader.getmany(timeout_ms=1000, max_records=FETCH_RECORDS)
            for several in found.values():
                read += len([decode(each.value) for each in several])
        return Measured(perf_counter() - start, process_time() - cpu, read)


@asynccontextmanager
async def _reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Read the topic from its beginning, with the settings of our feed."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await reader.start()
    try:
        reader.assign([_partition()])
        await reader.seek_to_beginning()
        yield reader
    finally:
        await reader.stop()


def _projected(here: Distributed, events: int, numbers: Iterator[int]) -> Measured:
    """Fill a new view from the topic, as the role does that keeps the live one."""
    layout = LAYOUTS["reporting"]
    place = PostgresSchema(here.said.dsn("views"), f"round_{next(numbers)}")
    place.make(TABLES + layout.schema, layout.stamp)
    with (
        closing(ReportingView(place)) as view,
        closing(KafkaFeed(here.stack.bootstrap, LEDGER)) as feed,
        collecting_seldom(),
    ):
        nothing = {name: Stream(name, iter(()), 0) for name in LEDGERS if name != LEDGER}
        runners = view.runners(
            {LEDGER: feed, **nothing}, batch_events=PROJECTING_EVENTS, ahead=True
        )
        runner = next(each for each in runners if each.name.endswith(LEDGER))
        if feed.head() != events:
            raise AssertionError(feed.head())
        cpu, start = process_time() + here.postgres_seconds(), perf_counter()
        runner.catch_up(events)
        seconds = perf_counter() - start
        cpu = process_time() + here.postgres_seconds() - cpu
    place.discard()
    return Measured(seconds, cpu, events)
