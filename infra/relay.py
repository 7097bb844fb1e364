"""Carries a ledger to its topic: every event, in order, as often as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError
from psycopg import AsyncConnection, OperationalError, sql
from psycopg.conninfo import make_conninfo

from events import wire
from events.codec import UndecodableError
from infra.database.patient import ANSWER_SECONDS, CONNECT_SECONDS, NOTICES_A_DEAD_PEER
from infra.feed import carried
from infra.feed.quiet import bound_logs
from infra.ledger.port import Row
from infra.ledger.rows import microseconds, moment
from infra.logs import Plain
from infra.topics import must_be_there, of_ledger

PAGE_EVENTS = 2000
SWEEP_SECONDS = 0.5
PATIENCE_SECONDS = 0.25
"""How long a second relay waits before it asks again whether it may."""
LOOK_SECONDS = 2.0
"""How often an idle relay looks whether the topic still ends where it left it."""
LOOK_BACK_RECORDS = 2 * PAGE_EVENTS
"""How far back a relay that starts looks for a hole; one leaves it within a page of the end."""
REQUEST_MS = 5000
SEND_SECONDS = 8.0
"""How long the broker may owe an answer: the client itself would try for ever. One that was
killed is back sooner."""
LEAVE_SECONDS = 1.0
BATCH_BYTES = 900_000
"""Below what a broker takes by default."""
Told = Callable[[int, int], None]
"""Told the last position that the broker has acknowledged, and how many events that were."""


Page = list[tuple[int, bytes, int, str, int, bytes, bytes, str | None]]
"""Events as the database gives them, since most go through as they are: position, stream,
version, type, recorded in microseconds, state, the hash of the box, trace."""


class OtherHistory(Plain):
    """What is on the topic is not what the ledger holds; somebody must look before it goes on.

    A topic can be removed and made anew: it is filled from the ledger.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; see deploy/runbooks/LedgerWentBack.md")


class TopicCutError(Plain, ConnectionError):
    """The broker lost records that it had acknowledged; a relay that starts sends them again."""


class NotAcknowledgedError(Plain, TimeoutError):
    """The broker did not say in time that it has what was sent."""


class LedgerGapError(Plain, RuntimeError):
    """The ledger's next event is not the one after the last."""


class _Source:
    """The ledger, as Postgres holds it. Boxes of personal data are hashed there and stay there.

    Raises TimeoutError where Postgres does not answer.
    """

    def __init__(self, connection: AsyncConnection[Any], ledger: str) -> None:
        self.ledger = ledger
        self._connection = connection
        self._page = sql.SQL(
            "select position, stream, version, type, recorded, state,"
            " sha256(coalesce(sealed, ''::bytea)), trace from {} where position > %s"
            " order by position limit %s"
        ).format(sql.Identifier(ledger, "events"))
        self._head = sql.SQL("select position from {}").format(sql.Identifier(ledger, "head"))

    async def after(self, position: int, limit: int = PAGE_EVENTS) -> Page:
        """Return the next events. Raises LedgerGapError."""
        async with asyncio.timeout(ANSWER_SECONDS):
            cursor = await self._connection.execute(self._page, (position, limit), binary=True)
            page: Page = await cursor.fetchall()
        if page and (page[0][0], page[-1][0]) != (position + 1, position + len(page)):
            raise LedgerGapError(f"{self.ledger}: after {position} come {page[0][0]} …")
        return page

    async def head(self) -> int:
        """Return the last position."""
        [position] = await self._one(self._head)
        return int(position)

    async def may_relay(self) -> bool:
        """Become the one relay of this ledger, for as long as the connection lives."""
        asked = sql.SQL("select pg_try_advisory_lock(hashtextextended('relay ' || {}, 0))")
        [ours] = await self._one(asked.format(sql.Literal(self.ledger)))
        return bool(ours)

    async def _one(self, query: sql.Composed) -> tuple[Any, ...]:
        async with asyncio.timeout(ANSWER_SECONDS):
            row = await (await self._connection.execute(query)).fetchone()
        return row or (0,)


async def run(
    dsn: str,
    ledger: str,
    bootstrap: str,
    *,
    stop: asyncio.Event,
    told: Told = lambda _position, _events: None,
) -> None:
    """Carry a ledger to its topic until told to stop; a second relay waits for the first to end.

    Nothing is saved: a relay goes on after the last record that is on the topic. Whatever goes
    wrong is raised, and who started it starts it again. Raises OtherHistory, where starting
    again will not help, TopicError, psycopg's and aiokafka's errors.
    """
    bound_logs()
    async with _connected(dsn, ledger) as connection, _connected(dsn, ledger) as ear:
        source = _Source(connection, ledger)
        while not await source.may_relay():
            if await _is_set(stop, PATIENCE_SECONDS):
                return
        async with _listening(ear, ledger, stop) as wake, _opened(bootstrap, ledger) as topic:
            at = await topic.ends_like(source)
            told(at, 0)
            while not stop.is_set():
                wake.clear()
                at = await _carry(source, topic, at, told)
                await wake.soon()
                await topic.looked_at()


async def _carry(source: _Source, topic: _Topic, at: int, told: Told) -> int:
    """Send what the ledger holds after a position, and return the last that is acknowledged."""
    page = await source.after(at)
    while page:
        # The next page is read while the broker writes this one.
        try:
            async with asyncio.timeout(SEND_SECONDS):
                page, sent = await asyncio.gather(source.after(page[-1][0]), topic.send(page))
        except TimeoutError:
            raise NotAcknowledgedError(f"{source.ledger} after {at}") from None
        at += sent
        told(at, sent)
    return at


class _Topic:
    """The end of the topic, at which is written."""

    def __init__(
        self,
        ledger: str,
        partition: TopicPartition,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
    ) -> None:
        self._ledger = ledger
        self._partition = partition
        self._consumer = consumer
        self._producer = producer
        self._end = 0
        self._looked = monotonic()

    async def ends_like(self, source: _Source) -> int:
        """Return the position up to which the topic is whole; its last record is the ledger's.

        Raises OtherHistory.
        """
        self._end = await self._ends()
        first = (await self._consumer.beginning_offsets([self._partition]))[self._partition]
        if self._end == first:
            return 0
        since = max(first, self._end - LOOK_BACK_RECORDS)
        records = await self._records(since)
        last = records[-1]
        try:
            there = carried(self._ledger, last.value)
        except UndecodableError as error:
            raise OtherHistory(f"{self._partition.topic} ends with {error}") from None
        head = await source.head()
        if there.position > head:
            raise OtherHistory(
                f"{self._partition.topic} ends with position {there.position} and the ledger with"
                f" {head}: is it a backup that was restored?",
            )
        [here] = await source.after(there.position - 1, 1)
        if here[:-1] != _chained(there):
            raise OtherHistory(
                f"position {there.position} on {self._partition.topic} is not the event that the"
                " ledger holds there",
            )
        positions = self._positions(records)
        whole = whole_until(positions, 0 if since == first else positions[0])
        # What came again may end lower; readers that search count on the last being the highest.
        return min(whole, there.position)

    async def send(self, page: Page) -> int:
        """Write events, and return how many when the broker has acknowledged all.

        Raises TopicCutError where they were not written right behind what was there.
        """
        acknowledged: list[Any] = []
        batch = self._producer.create_batch()
        for position, key, version, kind, recorded, state, sealed_digest, trace in page:
            value = wire.encode(
                self._ledger,
                position=position,
                stream=UUID(bytes=key),
                version=version,
                type_name=kind,
                recorded=moment(recorded),
                state=state,
                sealed_digest=sealed_digest,
                trace=trace,
            )
            if batch.append(key=key, value=value, timestamp=None) is None:
                acknowledged.append(await self._send(batch))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        count = batch.record_count()
        acknowledged.append(await self._send(batch))
        written = await asyncio.gather(*acknowledged)
        # A broker that forgot all it had from this producer takes its next number for a first.
        if written[0].offset != self._end:
            raise TopicCutError(
                f"{self._partition.topic} went on at {written[0].offset}, and ended at {self._end}"
            )
        self._end = written[-1].offset + count
        return len(page)

    async def looked_at(self) -> None:
        """See from time to time that nothing is gone: with nothing to send, nobody would notice.

        Raises TopicCutError.
        """
        if monotonic() - self._looked < LOOK_SECONDS:
            return
        try:
            end = await self._ends()
        except KafkaError as error:
            if not error.retriable and not isinstance(error, KafkaTimeoutError):
                raise
        else:
            if end != self._end:
                raise TopicCutError(
                    f"{self._partition.topic} ends at offset {end}, and ended at {self._end}"
                )
        self._looked = monotonic()

    async def _records(self, first: int) -> list[Any]:
        """Return the records from an offset to the end."""
        self._consumer.seek(self._partition, first)
        self._consumer.resume(self._partition)
        records: list[Any] = []
        while not records or records[-1].offset + 1 < self._end:
            found = await self._consumer.getmany(self._partition, timeout_ms=1000)
            records += found.get(self._partition, ())
        self._consumer.pause(self._partition)
        return records

    def _positions(self, records: Sequence[Any]) -> list[int]:
        positions = []
        for record in records:
            with suppress(UndecodableError):
                positions.append(carried(self._ledger, record.value).position)
        return positions

    async def _send(self, batch: Any) -> Any:  # noqa: ANN401 - aiokafka has no types
        return await self._producer.send_batch(
            batch, self._partition.topic, partition=self._partition.partition
        )

    async def _ends(self) -> int:
        ends = await self._consumer.end_offsets([self._partition])
        return int(ends[self._partition])


def whole_until(positions: Sequence[int], at: int) -> int:
    """Return up to where nothing is missing, by the last records and what is whole before them.

    A relay that wrote on behind what a broker had lost has left a hole. It noticed at the
    first acknowledgement, so the hole is among the last records; what is missing may have
    been written again behind it.
    """
    there = set(positions)
    while at + 1 in there:
        at += 1
    return at


def _chained(row: Row) -> tuple[int, bytes, int, str, int, bytes, bytes]:
    """Return what the chain of digests vouches for, as an event of a page begins."""
    return (
        row.position,
        row.stream.bytes,
        row.version,
        row.type,
        microseconds(row.recorded),
        row.state,
        row.sealed_digest,
    )


@asynccontextmanager
async def _connected(dsn: str, ledger: str) -> AsyncIterator[AsyncConnection[Any]]:
    watched = make_conninfo(
        dsn,
        application_name=f"relay {ledger}",
        connect_timeout=CONNECT_SECONDS,
        **NOTICES_A_DEAD_PEER,
    )
    connection = await AsyncConnection.connect(watched, autocommit=True, prepare_threshold=0)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _opened(bootstrap: str, ledger: str) -> AsyncIterator[_Topic]:
    partition = TopicPartition(*of_ledger(ledger))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=REQUEST_MS,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=REQUEST_MS,
    )
    try:
        await consumer.start()
        must_be_there(partition.topic, await consumer.topics())
        consumer.assign([partition])
        consumer.pause(partition)
        await producer.start()
        yield _Topic(ledger, partition, consumer, producer)
    finally:
        await consumer.stop()
        await _leave(producer)


async def _leave(producer: AIOKafkaProducer) -> None:
    """Leave, also a broker that does not take what is still to be sent to it."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await producer.stop()
    except TimeoutError:
        await producer.client.close()


class _Wake:
    """Set when the ledger has grown, when it cannot be heard any more, and at the stop."""

    def __init__(self, ear: AsyncConnection[Any], stop: asyncio.Event) -> None:
        self._event = asyncio.Event()
        self._hearing = asyncio.create_task(self._hear(ear))
        self._hearing.add_done_callback(lambda _: self._event.set())
        self._stopping = asyncio.create_task(self._end(stop))

    def clear(self) -> None:
        """Be set by what happens from now on."""
        self._event.clear()

    async def soon(self) -> None:
        """Wait until it is set, or for a sweep. Raises what made the ear deaf."""
        await _is_set(self._event, SWEEP_SECONDS)
        if self._hearing.done():
            self._hearing.result()

    async def close(self) -> None:
        """Hear no more."""
        tasks = (self._hearing, self._stopping)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, ear: AsyncConnection[Any]) -> None:
        async for _ in ear.notifies():
            self._event.set()
        raise OperationalError("nothing more is heard of the ledger")

    async def _end(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._event.set()


@asynccontextmanager
async def _listening(
    ear: AsyncConnection[Any], ledger: str, stop: asyncio.Event
) -> AsyncIterator[_Wake]:
    await ear.execute(sql.SQL("listen {}").format(sql.Identifier(f"ledger_{ledger}")))
    wake = _Wake(ear, stop)
    try:
        yield wake
    finally:
        await wake.close()


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
