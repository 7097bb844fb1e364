"""A ledger's topic on the real broker, each test with one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from infra import topics
from infra.feed.kafka import KafkaFeed
from tests.kafka.broker import Broker


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a ledger that no other test has, with a partition."""
    name = f"l{uuid4().hex[:12]}"
    monkeypatch.setattr(topics, "PARTITIONS", {**topics.PARTITIONS, name: 0})
    return name


@pytest.fixture
def broker(stack: Stack, ledger: str) -> Iterator[Broker]:
    """Return the broker, with the empty topic of the ledger on it."""
    with Broker.opened(stack.bootstrap, ledger) as opened:
        yield opened


@pytest.fixture
def feed(broker: Broker) -> Iterator[KafkaFeed]:
    """Return what reads the topic."""
    with closing(KafkaFeed(broker.bootstrap, broker.ledger, healing_seconds=0)) as opened:
        yield opened
