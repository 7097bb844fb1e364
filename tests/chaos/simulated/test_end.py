"""A relay that has nothing to send sees that what it wrote is gone, whatever stands there now."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest
from aiokafka import TopicPartition

from infra.relay import Page, TopicCutError
from tests.chaos.simulated.bus import Consumer, Pipe, Producer, Topic
from tests.chaos.simulated.processes import Nobody, SimulatedEnd
from tests.chaos.simulated.world import World
from tests.kafka.broker import RENAMED, UNIT


def test_records_of_a_relay_of_before_do_not_hide_that_the_tail_is_gone() -> None:
    topic, before, end = a_topic()
    asyncio.run(end.send(page(1, 2)))

    topic.records.pop()
    before.waiting.append(topic.records[0])
    topic.deliver(before)

    with pytest.raises(TopicCutError, match="does not end with position 2"):
        asyncio.run(look(end))


def test_a_topic_that_ends_as_it_was_left_is_let_be() -> None:
    topic, _, end = a_topic()
    asyncio.run(look(end))
    asyncio.run(end.send(page(1, 2)))

    asyncio.run(look(end))

    assert asyncio.run(end.send(page(3))) == 1
    assert len(topic.records) == 3


def a_topic() -> tuple[Topic, Pipe, SimulatedEnd]:
    """Return a topic, what leads there from a relay of before, and its end for a relay of now."""
    world = World(0)
    world.calm = True
    topic = Topic(world, "training")
    before, now = topic.pipe(), topic.pipe()
    producer = Producer(topic, now, Nobody(world, "relay"))
    partition = TopicPartition("training.events", 0)
    return topic, before, SimulatedEnd("training", partition, Consumer(topic), producer)


def page(*positions: int) -> Page:
    state = b'{"on":"2026-01-01","actor":"clerk","name":"A"}'
    return [
        (position, UNIT.bytes, position, RENAMED, position, state, sha256().digest(), None)
        for position in positions
    ]


async def look(end: SimulatedEnd) -> None:
    end.look_again()
    await end.looked_at()
