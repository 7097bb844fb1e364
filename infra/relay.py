"""Carries a ledger to its topic: every event, in order, as often as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    KafkaUnavailableError,
    OffsetOutOfRangeError,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
)
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from events import wire
from events.codec import UndecodableError
from infra.database.patient import ANSWER_SECONDS, CONNECT_SECONDS, NOTICES_A_DEAD_PEER
from infra.feed import carried
from infra.feed.quiet import bound_logs
from infra.ledger.port import Row
from infra.ledger.rows import microseconds, moment
from infra.ledger.wake import Wake, is_set, listening
from infra.logs import Plain
from infra.topics import must_be_there, of_ledger

PAGE_EVENTS = 2000
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
AGAIN_SECONDS = 0.1
MOST_AGAIN_SECONDS = 0.5
"""How long to wait before a broker is tried again: at first, and at most."""
LEAVE_SECONDS = 1.0
BATCH_BYTES = 900_000
"""Below what a broker takes by default."""
Told = Callable[[int, int], None]
"""Told the last position that the broker has acknowledged, and how many events that were."""
Away = Callable[[Exception], None]
"""Told each time what the broker did or left undone, for which the relay begins anew."""

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
    """The broker lost records that it had acknowledged; a relay that begins sends them again."""


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


_FORGETFUL = (
    TopicCutError,
    NotAcknowledgedError,
    KafkaTimeoutError,
    KafkaUnavailableError,
    OffsetOutOfRangeError,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
)
"""How a broker is away, or back without what it had; besides what the client may try again."""


async def run(  # noqa: PLR0913 - whom it tells
    dsn: str,
    ledger: str,
    bootstrap: str,
    *,
    stop: asyncio.Event,
    told: Told = lambda _position, _events: None,
    away: Away = lambda _error: None,
) -> None:
    """Carry a ledger to its topic until told to stop; a second relay waits for the first to end.

    Nothing is saved: a relay goes on after the last record that is on the topic. Where the
    broker is away, or forgot, it leaves the broker and begins anew, under the same lock, as
    often as it takes; `told` with no events says that it has begun. Anything else is raised,
    and who started it starts it again. Raises OtherHistory, where starting again will not help,
    TopicError, psycopg's and aiokafka's errors.
    """
    bound_logs()
    async with _connected(dsn, ledger) as connection, _connected(dsn, ledger) as ear:
        source = _Source(connection, ledger)
        while not await source.may_relay():
            if await is_set(stop, PATIENCE_SECONDS):
                return
        async with listening(ear, ledger, stop) as wake:
            pause = AGAIN_SECONDS
            while not stop.is_set():
                try:
                    async with _opened(bootstrap, ledger) as topic:
                        at = await topic.ends_like(source)
                        told(at, 0)
                        pause = AGAIN_SECONDS
                        while not stop.is_set():
                            wake.clear()
                            at = await _carry(source, topic, wake, at, told)
                            await wake.soon()
                            await topic.looked_at()
                except (*_FORGETFUL, KafkaError) as error:
                    if not isinstance(error, _FORGETFUL) and not error.retriable:
                        raise
                    away(error)
                    wake.must_hear()
                    await is_set(stop, pause)
                    pause = min(2 * pause, MOST_AGAIN_SECONDS)


async def _carry(source: _Source, topic: _Topic, wake: Wake, at: int, told: Told) -> int:
    """Send what the ledger holds after a position, and return the last that is acknowledged."""
    page = await source.after(at)
    while page:
        last = page[-1][0]
        if len(page) == PAGE_EVENTS:
            # There is more: it is read while the broker writes this.
            page, _ = await asyncio.gather(source.after(last), topic.send(page))
        else:
            await topic.send(page)
            page = []
        told(last, last - at)
        at = last
        if not page and wake.heard > at:
            page = await source.after(at)
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
        self._last = 0
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
        self._last = there.position
        positions = self._positions(records)
        whole = whole_until(positions, 0 if since == first else positions[0])
        # What came again may end lower; readers that search count on the last being the highest.
        return min(whole, there.position)

    async def send(self, page: Page) -> int:
        """Write events, and return how many when the broker has acknowledged all.

        Raises NotAcknowledgedError, and TopicCutError where they were not written right behind
        what was there.
        """
        async with self._answering():
            await self._write(page)
        return len(page)

    async def _write(self, page: Page) -> None:
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
        self._last = page[-1][0]

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
            await self._ends_with_the_last()
        self._looked = monotonic()

    async def _ends_with_the_last(self) -> None:
        """See that nobody else's records took the place of those that are gone.

        What a relay of before had on the wire may come just after the broker has lost its tail.
        """
        if self._end and self._last not in self._positions(await self._records(self._end - 1)):
            raise TopicCutError(
                f"{self._partition.topic} does not end with position {self._last} any more"
            )

    async def _records(self, first: int) -> list[Any]:
        """Return the records from an offset to the end."""
        self._consumer.seek(self._partition, first)
        self._consumer.resume(self._partition)
        records: list[Any] = []
        async with self._answering():
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

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                yield
        except TimeoutError:
            raise NotAcknowledgedError(f"{self._partition.topic} at offset {self._end}") from None

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
        await _left(consumer.stop())
        await _silenced(producer)


async def _silenced(producer: AIOKafkaProducer) -> None:
    """Leave the broker, so that nothing more comes of what was handed over and not acknowledged.

    Whoever begins anew sends it again. To stop a producer is to wait until it has sent what it
    has, however long the broker is away.
    """
    sending = producer._sender.sender_task  # noqa: SLF001 - it would go on trying by itself
    if sending:
        sending.cancel()
    await _left(producer.client.close())
    if sending:
        await asyncio.wait({sending}, timeout=LEAVE_SECONDS)
    producer._closed = True  # noqa: SLF001 - or it complains that nobody stopped it


async def _left(leaving: Awaitable[None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            await leaving
