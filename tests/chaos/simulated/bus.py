"""A broker that may lose what it acknowledged, and those who write to it and read it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from math import inf
from threading import Lock
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, OutOfOrderSequenceNumber

from infra.feed.kafka import FETCH_RECORDS, KafkaFeed
from infra.feed.log import Log
from tests.chaos.simulated.world import Process, World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record:
    """A record, as a consumer has it."""

    offset: int
    value: bytes
    timestamp: int
    timestamp_type: int = 1
    """The broker says when."""


class Pipe:
    """A producer's connection: what it has sent is appended in order, and once, or is lost."""

    def __init__(self, stamp: int) -> None:
        self.stamp = stamp
        """What its records are stamped with: no two producers write in the same moment."""
        self.waiting: deque[bytes] = deque()
        """Sent by somebody who has not lived to see it acknowledged."""
        self.appended: list[int] = []
        """The offsets of what the broker remembers to have from here."""
        self.broken = False
        self.sender_is_gone = False

    def leave(self) -> None:
        """The sender is gone; what was on the wire may still arrive."""
        self.sender_is_gone = True


class Batch:
    """What aiokafka's builder of a batch is to a relay."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    def append(self, *, key: bytes, value: bytes, timestamp: int | None) -> object:
        self.values.append(value)
        return self

    def record_count(self) -> int:
        return len(self.values)


class Producer:
    """What aiokafka's idempotent producer is to a relay."""

    def __init__(self, topic: Topic, pipe: Pipe, process: Process) -> None:
        self._topic = topic
        self._pipe = pipe
        self._process = process

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(
        self, batch: Batch, topic: str, *, partition: int
    ) -> asyncio.Future[Record]:
        if self._pipe.broken:
            raise OutOfOrderSequenceNumber
        offset = len(self._topic.records)
        for value in batch.values:
            self._pipe.waiting.append(value)
            self._process.at("with a record on the wire", inside=True)
        while self._pipe.waiting:
            self._topic.deliver(self._pipe)
        self._process.at("before it hears of an acknowledgement", inside=True)
        acknowledged = asyncio.get_running_loop().create_future()
        acknowledged.set_result(Record(offset, b"", self._pipe.stamp))
        return acknowledged


class Topic:
    """One partition, and the offsets that groups committed."""

    def __init__(self, world: World, ledger: str) -> None:
        self.world = world
        self.ledger = ledger
        self.records: list[bytes] = []
        self.stamps: list[int] = []
        self._opened = 0
        self.pipes: list[Pipe] = []
        self.groups: dict[str, int] = {}

    def pipe(self) -> Pipe:
        self.pipes = [each for each in self.pipes if each.waiting or not each.sender_is_gone]
        self._opened += 1
        self.pipes.append(Pipe(self._opened))
        return self.pipes[-1]

    def deliver(self, pipe: Pipe) -> None:
        pipe.appended.append(len(self.records))
        self.put(pipe.waiting.popleft(), stamp=pipe.stamp)

    def put(self, *values: bytes, stamp: int = 0) -> None:
        """Append records, whoever sent them."""
        self.records += values
        self.stamps += [stamp] * len(values)

    def lose_tail(self, kept: int) -> None:
        """Come back without the last records.

        A producer's next number does not fit any more, unless nothing is left by which the
        broker would know: then it takes any number.
        """
        del self.records[kept:]
        del self.stamps[kept:]
        for pipe in self.pipes:
            left = sum(at < kept for at in pipe.appended)
            if not left and pipe.appended:
                self.world.faults["producer forgotten"] += 1
            pipe.broken = 0 < left < len(pipe.appended)
            pipe.appended = pipe.appended[:left]
            if pipe.broken:
                pipe.waiting.clear()


class Network(Process):
    """Delivers what is under way, from one producer or another."""

    def __init__(self, world: World, topics: list[Topic]) -> None:
        super().__init__(world, "network")
        self._topics = topics

    def start(self) -> None:
        pass

    def step(self) -> None:
        under_way = [(topic, p) for topic in self._topics for p in topic.pipes if p.waiting]
        if self.world.calm:
            for topic, pipe in under_way:
                while pipe.waiting:
                    topic.deliver(pipe)
        elif under_way:
            topic, pipe = self.world.chance.choice(under_way)
            for _ in range(self.world.chance.randint(1, len(pipe.waiting))):
                topic.deliver(pipe)


class Trouble(Process):
    """Does to the broker what happens to brokers."""

    def __init__(self, world: World, topics: list[Topic]) -> None:
        super().__init__(world, "broker")
        self._topics = topics

    def start(self) -> None:
        pass

    def step(self) -> None:
        topic = self.world.chance.choice(self._topics)
        if self.world.maybe(0.08) and topic.records:
            most = len(topic.records) - len(topic.records) * 7 // 10
            self._lose_tail(topic, self.world.chance.randint(1, most))
        elif (late := self._late(topic)) and self.world.maybe(0.5):
            self._replace_tail(topic, self.world.chance.choice(late))
        elif self.world.maybe(0.08) and topic.groups:
            group = self.world.chance.choice(sorted(topic.groups))
            offset = self.world.chance.randint(0, len(topic.records) + 2)
            self.world.fault("offset", f"the offset of {group} becomes {offset}")
            topic.groups[group] = offset

    def _lose_tail(self, topic: Topic, lost: int) -> None:
        self.world.fault("tail lost", f"the broker of {topic.ledger} forgets {lost} records")
        topic.lose_tail(len(topic.records) - lost)

    def _late(self, topic: Topic) -> list[Pipe]:
        """Return what is on the wire of who is gone, and is no more than lies on the topic."""
        gone = [pipe for pipe in topic.pipes if pipe.sender_is_gone]
        return [pipe for pipe in gone if 0 < len(pipe.waiting) <= len(topic.records)]

    def _replace_tail(self, topic: Topic, late: Pipe) -> None:
        """Lose as many records as come at once: there are no fewer than there were."""
        self._lose_tail(topic, len(late.waiting))
        if late.waiting:
            self.world.fault("tail replaced", f"{len(late.waiting)} come in their place")
        while late.waiting:
            topic.deliver(late)


class Consumer:
    """What aiokafka's consumer is to `infra.feed.log`, over a topic that never makes it wait."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._offset = 0

    def seek(self, _: TopicPartition, offset: int) -> None:
        self._offset = offset

    def pause(self, *_: TopicPartition) -> None:
        pass

    def resume(self, *_: TopicPartition) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> Mapping[Any, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: list[TopicPartition]) -> Mapping[Any, int]:
        return dict.fromkeys(partitions, len(self._topic.records))

    async def position(self, _: TopicPartition) -> int:
        return self._offset

    async def getone(self, partition: TopicPartition) -> Record:
        [record] = await self._next(partition, 1)
        return record

    async def getmany(
        self, partition: TopicPartition, *, timeout_ms: float, max_records: int = 100
    ) -> Mapping[TopicPartition, list[Record]]:
        some = self._topic.world.chance.randint(1, 4)
        return {partition: await self._next(partition, min(some, max_records))}

    async def _next(self, partition: TopicPartition, limit: int) -> list[Record]:
        values = self._topic.records
        if self._offset > len(values):
            raise OffsetOutOfRangeError({partition: self._offset})
        numbered = list(enumerate(values))[self._offset : self._offset + limit]
        self._offset += len(numbered)
        return [Record(offset, value, self._topic.stamps[offset]) for offset, value in numbered]


class SimulatedLog(Log):
    """The real one, with other consumers."""

    def __init__(self, topic: Topic) -> None:
        super().__init__("nowhere", topic.ledger, 1.0)
        self._simulated = topic

    def _is_time_to_look(self) -> bool:
        return self._simulated.world.calm or self._simulated.world.maybe(0.1)

    async def _consumer(self, *_: int) -> Any:  # noqa: ANN401 - as aiokafka's
        return Consumer(self._simulated)


class SimulatedFeed(KafkaFeed):
    """The real one, on the thread that asks it, with a boundary before each look at the broker."""

    def __init__(self, topic: Topic, process: Process, loop: asyncio.AbstractEventLoop) -> None:
        # In place of the real one's beginning, which starts a thread.
        self.topic = topic
        self._log = SimulatedLog(topic)
        self._fetched = deque()
        self._next = 0
        self._patience = 0.0
        self._healing = inf  # here a hole is filled by steps, not by seconds
        self._missed = (0, 0.0)
        self._reading = Lock()
        self._own_loop = loop
        self._process = process
        self.parked: list[int] = []

    def wait(self, after: int, timeout_seconds: float) -> bool:
        self._process.world.go_on(self._process)
        return super().wait(after, 0.0)

    def park(self, reader: str, position: int, kind: str, reason: str) -> None:
        self.parked.append(position)

    async def _begin_to_fetch(self) -> None:
        """Fetch nothing by itself: here it is fetched when somebody asks."""

    def _fetch_no_more(self) -> None:
        self._fetched.clear()

    def _make_room(self) -> None:
        pass

    def _comes(self, timeout_seconds: float) -> bool:
        self._fetched.extend(self._await(self._log.onward(timeout_seconds, FETCH_RECORDS)))
        return bool(self._fetched)

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return self._own_loop.run_until_complete(work)
