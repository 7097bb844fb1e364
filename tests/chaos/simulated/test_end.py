"""A relay sees that what it wrote is gone, whatever stands there now, or it leaves a hole."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Any

import pytest
from aiokafka import TopicPartition

from infra import relay
from infra.ledger.rows import microseconds
from infra.relay import Page, TopicCutError, _Source
from tests.chaos.simulated.bus import Batch, Consumer, Producer, Topic
from tests.chaos.simulated.processes import Nobody, SimulatedEnd
from tests.chaos.simulated.world import World
from tests.kafka.broker import NOON, RENAMED, UNIT, record


class Held(_Source):
    """A ledger that has recorded much."""

    def __init__(self) -> None:
        pass

    async def after(self, position: int, limit: int = 1) -> Page:
        return page(*range(position + 1, position + limit + 1))

    async def head(self) -> int:
        return 100


class Small(Batch):
    """A batch that has room for one record."""

    def append(self, **record: Any) -> object:  # noqa: ANN401 - as the one below
        return None if self.values else super().append(**record)


def test_records_of_a_relay_of_before_do_not_hide_that_the_tail_is_gone(topic: Topic) -> None:
    before, end = topic.pipe(), an_end(topic)
    asyncio.run(end.send(page(1, 2)))

    topic.lose_tail(1)
    before.waiting.append(topic.records[0])
    topic.deliver(before)

    with pytest.raises(TopicCutError, match="position 2 is not at offset 1"):
        asyncio.run(look(end))


def test_a_relay_that_has_written_on_finds_what_it_left_out(topic: Topic) -> None:
    """What one of before had on the wire came after all that this one had written was lost."""
    topic.put(there(1))
    before, end = topic.pipe(), an_end(topic)
    begun = asyncio.run(end.ends_like(Held()))
    asyncio.run(end.send(page(2, 3)))

    topic.lose_tail(1)
    before.waiting.extend([there(3), there(4)])
    topic.deliver(before)
    topic.deliver(before)
    asyncio.run(end.send(page(4)))

    assert begun == 1
    assert topic.records == [there(1), there(3), there(4), there(4)]
    with pytest.raises(TopicCutError, match="position 2 is not at offset 1"):
        asyncio.run(look(end))
    assert asyncio.run(an_end(topic).ends_like(Held())) == 1


def test_the_position_of_another_relay_is_not_taken_for_ones_own(topic: Topic) -> None:
    before, once_more, end = topic.pipe(), topic.pipe(), an_end(topic)
    asyncio.run(end.send(page(1, 2)))

    topic.lose_tail(0)
    for pipe in (before, once_more):
        pipe.waiting.append(there(1))
        topic.deliver(pipe)
    asyncio.run(end.send(page(3)))

    assert topic.records == [there(1), there(1), there(3)]
    with pytest.raises(TopicCutError, match="position 1 is not at offset 0"):
        asyncio.run(look(end))


def test_a_page_is_written_without_a_hole_from_batch_to_batch(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = an_end(topic)
    sent = Producer.send_batch

    async def forgetting(*asked: Any, **how: Any) -> Any:  # noqa: ANN401 - as the one it calls
        acknowledged = await sent(*asked, **how)
        if len(topic.records) == 1:
            topic.lose_tail(0)
        return acknowledged

    monkeypatch.setattr(Producer, "create_batch", lambda _: Small())
    monkeypatch.setattr(Producer, "send_batch", forgetting)

    with pytest.raises(TopicCutError, match="went on at 0, and ended at 1"):
        asyncio.run(end.send(page(1, 2)))


def test_a_relay_looks_when_it_has_written_a_page_however_soon(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "PAGE_EVENTS", 3)
    end = an_end(topic)
    asyncio.run(end.send(page(1, 2, 3)))
    topic.lose_tail(0)

    asyncio.run(end.looked_at())
    topic.put(there(1), there(2), there(3))
    asyncio.run(end.send(page(4)))

    with pytest.raises(TopicCutError, match="position 1 is not at offset 0"):
        asyncio.run(end.looked_at())


def test_a_topic_that_ends_as_it_was_left_is_let_be(topic: Topic) -> None:
    end = an_end(topic)
    asyncio.run(look(end))
    asyncio.run(end.send(page(1, 2)))
    asyncio.run(look(end))
    asyncio.run(end.send(page(3)))
    asyncio.run(end.send(page(4)))

    asyncio.run(look(end))
    asyncio.run(look(end))

    assert topic.records == [there(1), there(2), there(3), there(4)]


@pytest.fixture
def topic() -> Topic:
    """Return an empty topic in a world without chance."""
    world = World(0)
    world.calm = True
    return Topic(world, "training")


def an_end(topic: Topic) -> SimulatedEnd:
    """Return the topic's end for a relay that begins now."""
    producer = Producer(topic, topic.pipe(), Nobody(topic.world, "relay"))
    return SimulatedEnd("training", TopicPartition("training.events", 0), Consumer(topic), producer)


def page(*positions: int) -> Page:
    """Return events of the ledger."""
    return [
        (
            position,
            UNIT.bytes,
            position,
            RENAMED,
            microseconds(NOON),
            f'{{"on":"2026-01-01","actor":"clerk","name":"name {position}"}}'.encode(),
            sha256().digest(),
            None,
        )
        for position in positions
    ]


def there(position: int) -> bytes:
    """Return an event as it stands on the topic."""
    return record("training", position)


async def look(end: SimulatedEnd) -> None:
    end.look_again()
    await end.looked_at()
