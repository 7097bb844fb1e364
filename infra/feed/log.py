"""One partition of a topic, whose records are found by the position that they carry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from time import monotonic

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    KafkaUnavailableError,
    OffsetOutOfRangeError,
)

from events.codec import UndecodableError
from infra.feed.port import FeedAwayError, carried
from infra.feed.quiet import bound_logs
from infra.topics import must_be_there, of_ledger

FETCH_BYTES = 4 << 20
PROBE_BYTES = 64 << 10
PROBE_WAIT_MS = 1
"""A probe never waits for what is to come, and a place is left only when a wait has ended."""
FETCH_WAIT_MS = 100
LOOK_SECONDS = 2.0
"""How often who has read all looks whether the topic still ends with what it read."""
REPEATED_RECORDS = 20_000
"""More than a relay repeats that begins anew: it looks back three pages, and what it finds there
first may be a repeat itself."""
AWAY = (
    KafkaTimeoutError,
    KafkaUnavailableError,
    OffsetOutOfRangeError,  # while a place is sought: the broker has lost its tail meanwhile
    TimeoutError,
    OSError,
)


class NotThere(Exception):
    """A position is not on the topic, though later ones are; or what lies in its place."""


@asynccontextmanager
async def reaching(what: str, seconds: float) -> AsyncIterator[None]:
    """Turn every way in which a broker is away into FeedAwayError."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except AWAY as error:
        raise FeedAwayError(f"{what}: {type(error).__name__} {error}") from error
    except KafkaError as error:
        if not error.retriable:
            raise
        raise FeedAwayError(f"{what}: {type(error).__name__} {error}") from error


class Log:
    """Reads records onward from a place, and finds the place of a position.

    An offset is nowhere kept: it says how often the relay repeated itself, and changes when
    the topic is made anew. The position stands in the record.
    """

    def __init__(self, bootstrap: str, ledger: str, patience_seconds: float) -> None:
        self.ledger = ledger
        self.topic, partition = of_ledger(ledger)
        self._bootstrap = bootstrap
        self._patience = patience_seconds
        self._partition = TopicPartition(self.topic, partition)
        self._reader: AIOKafkaConsumer | None = None
        self._probe: AIOKafkaConsumer | None = None
        self._probing = asyncio.Lock()
        self._lost = True
        self._seen_end = self._seen_head = 0
        self._reached = 0
        self._last: ConsumerRecord | None = None
        self._looked = monotonic()

    async def onward(self, timeout_seconds: float, limit: int) -> Sequence[ConsumerRecord]:
        """Return records as they come; none where the place they came from is gone."""
        async with reaching(self.topic, self._patience + timeout_seconds):
            reader = await self._own_reader()
            try:
                found = await reader.getmany(
                    self._partition, timeout_ms=int(timeout_seconds * 1000), max_records=limit
                )
            except OffsetOutOfRangeError:
                self._lost = True
                return ()
        came = [record for records in found.values() for record in records]
        if came:
            self._last = came[-1]
        elif self._is_time_to_look():
            await self._look()
        return came

    async def go_to(self, position: int) -> bool:
        """Read on from a position; tell whether it is on the topic yet. Raises NotThere."""
        async with self._probing:
            offset, end = await self._find(position)
        async with reaching(self.topic, self._patience):
            (await self._own_reader()).seek(self._partition, offset)
        self._lost = False
        self._reached, self._last = position - 1, None
        return offset < end

    def _is_time_to_look(self) -> bool:
        return monotonic() - self._looked >= LOOK_SECONDS

    async def _look(self) -> None:
        """Have lost the place if the topic ends with a position that was not read.

        A broker that lost its tail is given each position once, though some may have stood there
        twice: then what comes next lies before the offset that is waited for, and nothing
        comes, nor is anything out of range.
        """
        if self._last is not None:
            self._reached = max(self._reached, self._position_of(self._last) or 0)
            self._last = None
        async with self._probing:
            first, end = await self._bounds()
            there = await self._position_at(end - 1) if end > first else None
        async with reaching(self.topic, self._patience):
            is_at_the_end = await (await self._own_reader()).position(self._partition) >= end
        if is_at_the_end and (there or 0) > self._reached:
            self._lost = True
        self._looked = monotonic()

    @property
    def lost(self) -> bool:
        """Tell whether the place to read from is gone, or was never sought."""
        return self._lost

    async def head(self) -> int:
        """Return the last position that is on the topic."""
        # Who searches the topic from end to end may hold the probe for minutes.
        async with reaching(self.topic, self._patience), self._probing:
            first, end = await self._bounds()
            if end != self._seen_end:
                last = None
                for offset in range(end - 1, first - 1, -1):
                    if (last := await self._position_at(offset)) is not None:
                        break
                self._seen_end, self._seen_head = end, last or 0
        return self._seen_head

    async def close(self) -> None:
        """Leave the broker."""
        for consumer in (self._reader, self._probe):
            if consumer is not None:
                await consumer.stop()
        self._reader = self._probe = None
        self._lost = True

    async def _find(self, position: int) -> tuple[int, int]:
        """Return the offset of a position, or of the end where it has not come yet.

        From one record to the next a position rises by one, or falls back to where a relay
        began anew; so bisection between a lower and a higher one always meets it.
        """
        first, end = await self._bounds()
        low, high = first, end
        probe = first + position - 1  # there it lies where nothing was repeated
        while low < high:
            probe = probe if low <= probe < high else (low + high) // 2
            at, found = await self._readable(probe, high)
            if found == position:
                return at, end
            if found is None or found > position:
                high = probe
            else:
                low = at + 1
            probe = -1
        if low < end:
            return await self._anywhere(position, low), end
        return await self._near_the_end(position, first, end), end

    async def _near_the_end(self, position: int, first: int, end: int) -> int:
        """Return the offset of a position that is higher than the last record's, or the end.

        A relay that begins anew repeats what is there; where it was killed meanwhile, the topic
        ends lower than it has come. It looks back no further than a few pages, nor do we.
        """
        if first == end or await self._position_at(end - 1) == end:
            return end  # nothing was ever repeated
        since = max(first, end - REPEATED_RECORDS)
        async with aclosing(self._from(since, end)) as records:
            async for offset, there, _ in records:
                if there == position:
                    return offset
        return end

    async def _readable(self, low: int, high: int) -> tuple[int, int | None]:
        """Return the first record in a range that tells its position."""
        for offset in range(low, high):
            if (position := await self._position_at(offset)) is not None:
                return offset, position
        return high, None

    async def _anywhere(self, position: int, where: int) -> int:
        """Return the offset of a position by reading everything.

        Raises NotThere with what lies where it should be.
        """
        first, end = await self._bounds()
        reason = ""
        async with aclosing(self._from(first, end)) as records:
            async for offset, there, why in records:
                if there == position:
                    return offset
                if offset == where:
                    reason = why
        raise NotThere(f"position {position} of {self.ledger} is not on {self.topic}: {reason}")

    async def _from(self, first: int, end: int) -> AsyncGenerator[tuple[int, int, str]]:
        """Yield each record from an offset to another: its own, its position, what it says."""
        probe = await self._own_probe()
        probe.seek(self._partition, first)
        probe.resume(self._partition)
        try:
            offset = first
            while offset < end:
                async with reaching(self.topic, self._patience):
                    found = await probe.getmany(self._partition, timeout_ms=1000, max_records=2000)
                for record in found.get(self._partition, ()):
                    offset = int(record.offset) + 1
                    try:
                        there = carried(self.ledger, record.value).position
                    except UndecodableError as error:
                        yield offset - 1, 0, f"at offset {offset - 1} lies {error}"
                    else:
                        yield offset - 1, there, f"the topic goes on with {there}"
        finally:
            probe.pause(self._partition)

    async def _position_at(self, offset: int) -> int | None:
        """Return the position that a record carries, or None where it cannot be read."""
        async with reaching(self.topic, self._patience):
            probe = await self._own_probe()
            probe.seek(self._partition, offset)
            probe.resume(self._partition)
            record = await probe.getone(self._partition)
            probe.pause(self._partition)  # or it would ask for more for ever
        return self._position_of(record)

    def _position_of(self, record: ConsumerRecord) -> int | None:
        try:
            return carried(self.ledger, record.value).position
        except UndecodableError:
            return None

    async def _bounds(self) -> tuple[int, int]:
        async with reaching(self.topic, self._patience):
            probe = await self._own_probe()
            first = await probe.beginning_offsets([self._partition])
            end = await probe.end_offsets([self._partition])
        return first[self._partition], end[self._partition]

    async def _own_reader(self) -> AIOKafkaConsumer:
        if self._reader is None:
            self._reader = await self._consumer(FETCH_BYTES, FETCH_WAIT_MS)
        return self._reader

    async def _own_probe(self) -> AIOKafkaConsumer:
        if self._probe is None:
            self._probe = await self._consumer(PROBE_BYTES, PROBE_WAIT_MS)
            self._probe.pause(self._partition)
        return self._probe

    async def _consumer(self, fetch_bytes: int, wait_ms: int) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=fetch_bytes,
            fetch_max_wait_ms=wait_ms,
        )
        bound_logs()
        try:
            await consumer.start()
            # Asked of all topics: to ask for one that is missing might make it.
            must_be_there(self.topic, await consumer.topics())
            consumer.assign([self._partition])
        except BaseException:
            await consumer.stop()
            raise
        return consumer
