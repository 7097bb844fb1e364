"""Carries a ledger to its topic: every event, in order, as often as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic, time_ns
from typing import Any, NamedTuple
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
"""How often a relay looks whether what it wrote is still there; it looks after a page, too."""
LOOK_BACK_RECORDS = 3 * PAGE_EVENTS
"""How far back a relay that starts looks for a hole. The one before it may have written two pages
since it looked, and what came in the place of what was lost is no more than a page."""
LOOK_BYTES = 256 << 10
LOOK_WAIT_MS = 1
"""A look never waits for what is to come."""
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
        await topic.looked_at()
        at = last
        if not page and wake.heard > at:
            page = await source.after(at)
    return at


class _Mark(NamedTuple):
    """By what a record is known again; the same position may come from another relay, too."""

    position: int
    stamp: int
    """The millisecond at which it was written."""


class _Topic:
    """The end of the topic, at which is written.

    From time to time it is looked whether three records are still there, each known by position
    and stamp: the one after which was written since the last look, the first that was written
    since, and the last. A log is cut at its end only, so all before the first of the three is as
    it was; and as long as the second is there, the broker knows this producer and takes a batch
    of it only right behind the one before, so nothing between the second and the third is gone.
    How many there are proves nothing: what a relay of before had on the wire may have come in
    the place of what a broker lost.
    """

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
        self._looked_end = 0
        self._marks: dict[int, _Mark] = {}
        """By offset: the last one of the last look, and the first one behind it."""
        self._last: _Mark | None = None
        self._looked = monotonic()

    async def ends_like(self, source: _Source) -> int:
        """Return the position up to which the topic is whole; its last record is the ledger's.

        Raises OtherHistory.
        """
        self._end = self._looked_end = await self._ends()
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
        self._last = _Mark(there.position, last.timestamp)
        self._marks = {self._end - 1: self._last}
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
        stamp = time_ns() // 1_000_000
        sent: list[tuple[int, int]] = []
        acknowledged: list[Any] = []
        batch, first = self._producer.create_batch(), page[0][0]
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
            if batch.append(key=key, value=value, timestamp=stamp) is None:
                sent.append((first, position - 1))
                acknowledged.append(await self._send(batch))
                batch, first = self._producer.create_batch(), position
                batch.append(key=key, value=value, timestamp=stamp)
        sent.append((first, page[-1][0]))
        acknowledged.append(await self._send(batch))
        for positions, written in zip(sent, await asyncio.gather(*acknowledged), strict=True):
            self._was_written(*positions, written, stamp)

    def _was_written(self, first: int, last: int, written: Any, stamp: int) -> None:  # noqa: ANN401
        """Take note of where a batch stands. Raises TopicCutError."""
        # A broker that forgot all it had from this producer takes its next number for a first.
        if written.offset != self._end:
            raise TopicCutError(
                f"{self._partition.topic} went on at {written.offset}, and ended at {self._end}"
            )
        if written.timestamp_type:
            stamp = written.timestamp  # the topic is one whose broker says when
        if self._end == self._looked_end:
            self._marks[self._end] = _Mark(first, stamp)
        self._end += last - first + 1
        self._last = _Mark(last, stamp)

    async def looked_at(self) -> None:
        """See, now and then, that nothing is gone: nobody else would notice before it is read.

        Raises TopicCutError.
        """
        is_early = monotonic() - self._looked < LOOK_SECONDS
        if is_early and self._end - self._looked_end <= PAGE_EVENTS:
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
            await self._see_the_marks()
        self._looked = monotonic()

    async def _see_the_marks(self) -> None:
        if self._last is None:
            return
        for offset, mark in {**self._marks, self._end - 1: self._last}.items():
            record = await self._record(offset)
            if mark not in [_Mark(at, record.timestamp) for at in self._positions([record])]:
                raise TopicCutError(
                    f"position {mark.position} is not at offset {offset} of"
                    f" {self._partition.topic} any more"
                )
        self._marks = {self._end - 1: self._last}
        self._looked_end = self._end

    async def _record(self, offset: int) -> Any:  # noqa: ANN401 - aiokafka has no types
        self._consumer.seek(self._partition, offset)
        self._consumer.resume(self._partition)
        async with self._answering():
            record = await self._consumer.getone(self._partition)
        self._consumer.pause(self._partition)
        return record

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

    A relay that wrote on behind what a broker had lost has left a hole. It noticed when it
    looked, so the hole is among the last records; what is missing may have been written again
    behind it.
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
        max_partition_fetch_bytes=LOOK_BYTES,
        fetch_max_wait_ms=LOOK_WAIT_MS,
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
