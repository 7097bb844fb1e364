"""Topics are made as they are promised, once, and never changed behind anybody's back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import pytest

from deploy.local.stack import Stack
from infra import topics
from infra.topics import FOR_EVER, Topic, TopicError
from tests.kafka.broker import Broker


@pytest.fixture
def promised(stack: Stack, ledger: str) -> Iterator[list[Topic]]:
    """Return topics that nobody has made; those that the test makes are removed."""
    wanted = [Topic(f"{ledger}.events"), Topic(f"{ledger}.parked", 2)]
    yield wanted
    Broker(stack.bootstrap, ledger).remove(wanted[1].name)


def make(stack: Stack, wanted: list[Topic]) -> list[str]:
    return asyncio.run(topics.make(stack.bootstrap, wanted))


def lacking(stack: Stack, wanted: list[Topic]) -> list[str]:
    return asyncio.run(topics.missing(stack.bootstrap, wanted))


def test_topics_are_made_as_promised_and_only_once(stack: Stack, promised: list[Topic]) -> None:
    assert len(lacking(stack, promised)) == 2

    assert sorted(make(stack, promised)) == [topic.name for topic in promised]
    assert make(stack, promised) == []
    assert lacking(stack, promised) == []


def test_two_who_make_topics_at_once_make_each_once(stack: Stack, promised: list[Topic]) -> None:
    async def both() -> list[list[str]]:
        return list(
            await asyncio.gather(*(topics.make(stack.bootstrap, promised) for _ in range(2)))
        )

    made = asyncio.run(both())

    assert sorted(chain(*made)) == [topic.name for topic in promised]


def test_a_topic_that_forgets_is_named_with_how_to_mend_it(
    stack: Stack, promised: list[Topic]
) -> None:
    [facts, parked] = promised
    make(stack, [replace(facts, configuration={**FOR_EVER, "retention.ms": "604800000"}), parked])

    with pytest.raises(TopicError) as told:
        make(stack, promised)

    assert "has retention.ms=604800000 and should have -1" in str(told.value)
    assert f"--alter --topic {facts.name} --add-config retention.ms=-1" in str(told.value)
    assert len(lacking(stack, promised)) == 1  # it was not changed


def test_a_topic_with_other_partitions_is_named(stack: Stack, promised: list[Topic]) -> None:
    make(stack, promised)

    [told] = lacking(stack, [promised[0], replace(promised[1], partitions=3)])

    assert "has 2 partitions and should have 3" in told


def test_what_contracts_promise_can_be_made(stack: Stack) -> None:
    everything = topics.promised()

    make(stack, everything)

    assert lacking(stack, everything) == []
