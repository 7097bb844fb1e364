"""What a reader could not take, on a topic of its own."""

from __future__ import annotations

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.feed.log import reaching
from infra.topics import must_be_there, of_reader


class ParkedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A reader stands still before a position: nothing after it was taken."""

    reader: str
    ledger: str
    position: int
    type: str
    """The type of the fact; empty where that cannot be read either."""
    reason: str


async def say_once(bootstrap: str, said: ParkedRecord, patience_seconds: float) -> None:
    """Write to a reader's own topic what it could not take, it said so last.

    A reader that is started again meets the same record and says the same.
    Raises FeedAwayError, and TopicError where the topic is missing.
    """
    topic, value = of_reader(said.reader), msgspec.json.encode(said)
    async with reaching(topic, patience_seconds):
        if await _last(bootstrap, topic) == value:
            return
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
        try:
            await producer.start()
            await producer.send_and_wait(topic, value, partition=0)
        finally:
            await producer.stop()


async def _last(bootstrap: str, topic: str) -> bytes | None:
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="none"
    )
    try:
        await consumer.start()
        must_be_there(topic, await consumer.topics())
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        if end == (await consumer.beginning_offsets([partition]))[partition]:
            return None
        consumer.seek(partition, end - 1)
        value: bytes | None = (await consumer.getone(partition)).value
    finally:
        await consumer.stop()
    return value
