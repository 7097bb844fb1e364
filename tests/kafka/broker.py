"""What a test does to a topic by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Self
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from events import wire
from infra import topics

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
UNIT = UUID(int=1)
RENAMED = "dossiers.UnitRenamed"


def record(
    ledger: str, position: int, *, type_name: str = RENAMED, state: bytes | None = None
) -> bytes:
    """Return the record of a unit that is renamed after its position."""
    renamed = f'{{"on":"2026-01-01","actor":"clerk","name":"name {position}"}}'
    return wire.encode(
        ledger,
        position=position,
        stream=UNIT,
        version=position,
        type_name=type_name,
        recorded=NOON,
        state=state or renamed.encode(),
        sealed_digest=sha256().digest(),
    )


@dataclass(frozen=True)
class Broker:
    """A broker, and the topic of one ledger on it."""

    bootstrap: str
    ledger: str

    @classmethod
    @contextmanager
    def opened(cls, bootstrap: str, ledger: str) -> Iterator[Self]:
        """Make the topic, and remove it."""
        broker = cls(bootstrap, ledger)
        broker.make()
        try:
            yield broker
        finally:
            broker.remove()

    @property
    def partition(self) -> TopicPartition:
        """Return where the ledger's records lie."""
        return TopicPartition(f"{self.ledger}.events", 0)

    def make(self, *more: str) -> None:
        """Make the topic, and others."""
        names = [self.partition.topic, *more]
        asyncio.run(topics.make(self.bootstrap, [topics.Topic(name) for name in names]))

    def remove(self, *more: str) -> None:
        """Remove the topic, and others, with all that is on them."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            await admin.delete_topics([self.partition.topic, *more])

        self._administer(work)

    def put(self, *positions: int) -> None:
        """Write records, in this order."""
        self.put_raw(*(record(self.ledger, position) for position in positions))

    def put_raw(self, *values: bytes | None) -> None:
        """Write what need not be a record."""
        asyncio.run(self._put(values))

    def records(self, topic: str | None = None) -> list[bytes | None]:
        """Return what is on the topic."""
        return asyncio.run(self._records(TopicPartition(topic or self.partition.topic, 0)))

    def forget_before(self, offset: int) -> None:
        """Delete the first records, as a retention that should not be would."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            await admin.delete_records({self.partition: RecordsToDelete(before_offset=offset)})

        self._administer(work)

    async def _put(self, values: Sequence[bytes | None]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            for value in values:
                await producer.send(self.partition.topic, value, key=b"key", partition=0)
            await producer.flush()
        finally:
            await producer.stop()

    async def _records(self, partition: TopicPartition) -> list[bytes | None]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="none"
        )
        await consumer.start()
        try:
            consumer.assign([partition])
            first = (await consumer.beginning_offsets([partition]))[partition]
            end = (await consumer.end_offsets([partition]))[partition]
            consumer.seek(partition, first)
            return [(await consumer.getone(partition)).value for _ in range(first, end)]
        finally:
            await consumer.stop()

    def _administer(self, work: Callable[[AIOKafkaAdminClient], Awaitable[None]]) -> None:
        async def run() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            await admin.start()
            try:
                await work(admin)
            finally:
                await admin.close()

        asyncio.run(run())


def cut(data: Path, broker: Broker, share: float = 0.7) -> None:
    """Cut off the end of a partition's log, as a machine that lost its power may."""
    folder = data / f"{broker.partition.topic}-0"
    log = folder / f"{0:020}.log"
    with log.open("r+b") as file:
        file.truncate(int(log.stat().st_size * share))
    for index in [*folder.glob("*index"), *folder.glob("*.snapshot")]:
        index.unlink()
