"""A reader whose topic came back shorter finds its place again, also where nothing says so."""

import asyncio
import json

from tests.chaos.simulated.bus import SimulatedLog, Topic
from tests.chaos.simulated.world import World
from tests.kafka.broker import record


def test_what_is_written_again_before_the_offset_that_is_waited_for_is_read() -> None:
    """What stood there twice comes back once: nothing is out of range, and nothing would come."""
    topic = a_topic(1, 1, 2, 2)
    log = SimulatedLog(topic)
    assert read(log, 1) == [1, 1, 2, 2]

    topic.lose_tail(3)
    topic.put(record("training", 3))

    assert asyncio.run(log.onward(0.0, 100)) == []
    assert log.lost
    assert read(log, 3) == [3]


def test_who_has_read_all_stays_where_it_is() -> None:
    topic = a_topic(1, 2, 3, 2, 3)
    log = SimulatedLog(topic)
    assert read(log, 2) == [2, 3, 2, 3]

    assert asyncio.run(log.onward(0.0, 100)) == []

    assert not log.lost


def a_topic(*positions: int) -> Topic:
    topic = Topic(World(0), "training")
    topic.world.calm = True
    topic.put(*(record("training", position) for position in positions))
    return topic


def read(log: SimulatedLog, position: int) -> list[int]:
    """Read from a position to the end."""

    async def all_of_it() -> list[int]:
        await log.go_to(position)
        found: list[int] = []
        while came := await log.onward(0.0, 100):
            found += [json.loads(each.value)["position"] for each in came]
        return found

    return asyncio.run(all_of_it())
