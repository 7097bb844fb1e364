"""A reader of a topic takes what it can, once, and stands still where it cannot."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from deploy.local.stack import Stack
from events.envelope import Envelope
from infra.database import Away, Database, SqliteFile
from infra.feed.kafka import KafkaFeed
from infra.feed.parking import ParkedRecord
from infra.projecting import projecting
from infra.runner import Parked, Runner, open_view
from infra.topics import of_reader
from tests.kafka.broker import RENAMED, Broker, cut, record

TABLE = "create table if not exists names(position integer primary key, name text not null);"


class Names:
    """A projection of one table, which can lose its database."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.reached = Event()
        self.goal = 0
        self.away = 0

    def project(self, batch: Sequence[Envelope]) -> None:
        for envelope in batch:
            name = getattr(envelope.fact, "name", "")
            self.db.execute("insert into names values (?, ?)", (envelope.position, name))
        if self.away:
            self.away -= 1
            raise Away("the database is gone")
        if batch[-1].position >= self.goal:
            self.reached.set()

    def forget(self) -> None:
        pass

    @property
    def seen(self) -> list[int]:
        return [row[0] for row in self.db.execute("select position from names order by position")]


@pytest.fixture
def names(tmp_path: Path) -> Iterator[Names]:
    with closing(open_view(SqliteFile(tmp_path / "view.db"), TABLE)) as db:
        yield Names(db)


@pytest.fixture
def parked_topic(broker: Broker) -> Iterator[str]:
    """Return the topic of what the reader of the test cannot take."""
    topic = of_reader(broker.ledger)
    broker.make(topic)
    yield topic
    broker.remove(topic)


def runner(feed: KafkaFeed, names: Names) -> Runner:
    return Runner(feed.ledger, feed, names.db, names)


@contextmanager
def following(feed: KafkaFeed, names: Names, goal: int) -> Iterator[None]:
    """Follow the topic in a thread, until a position is in the view."""
    names.reached.clear()
    names.goal = goal
    stop = Event()
    thread = Thread(target=runner(feed, names).run, args=(stop,))
    thread.start()
    try:
        yield
        assert names.reached.wait(30), names.seen
    finally:
        stop.set()
        thread.join()


def stand_still(reader: Runner) -> Parked:
    """Step until the reader stands still."""
    while reader.step() or not reader.state.parked:
        pass
    parked = reader.state.parked
    assert parked
    return parked


POISON = {
    "null": None,
    "truncated": b'{"specversion":"1.0","id":"x/3"',
    "not UTF-8": b'{"specversion":"\xff"}',
    "NaN": b'{"position":NaN}',
    "huge numbers": b'{"position":' + b"9" * 4000 + b"}",
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_poison_is_parked_where_it_lies_and_told_on_a_topic_of_its_own(
    broker: Broker, feed: KafkaFeed, names: Names, parked_topic: str, poison: bytes | None
) -> None:
    broker.put(1, 2)
    broker.put_raw(poison)
    broker.put(4)

    parked = stand_still(runner(feed, names))

    assert names.seen == [1, 2]
    assert (parked.position, parked.type) == (3, "")
    assert "at offset 2 lies" in parked.reason
    [said] = broker.records(parked_topic)
    assert msgspec.json.decode(said or b"", type=ParkedRecord) == ParkedRecord(
        reader=broker.ledger,
        ledger=broker.ledger,
        position=3,
        type="",
        reason=parked.reason,
    )


def test_a_record_that_says_a_thing_twice_is_parked(
    broker: Broker, feed: KafkaFeed, names: Names, parked_topic: str
) -> None:
    twice = record(broker.ledger, 2).replace(b'"position":2', b'"position":3,"position":2')
    broker.put(1)
    broker.put_raw(twice)

    parked = stand_still(runner(feed, names))

    assert parked.position == 2
    assert "twice" in parked.reason


UNKNOWN = {
    "UnknownTypeError": ("dossiers.Sainted", b"{}"),
    "NewerVersionError": (RENAMED, b'{"class_version":99}'),
    "UndecodableError": (RENAMED, b'{"on":"yesterday"}'),
}


@pytest.mark.parametrize("reason", UNKNOWN)
def test_a_fact_that_this_release_does_not_know_is_parked_with_its_type(
    broker: Broker, feed: KafkaFeed, names: Names, parked_topic: str, reason: str
) -> None:
    type_name, state = UNKNOWN[reason]
    broker.put(1)
    broker.put_raw(record(broker.ledger, 2, type_name=type_name, state=state))
    broker.put(3)

    parked = stand_still(runner(feed, names))

    assert names.seen == [1]
    assert (parked.position, parked.type) == (2, type_name)
    assert parked.reason.startswith(reason)
    assert len(broker.records(parked_topic)) == 1


def test_a_reader_that_starts_again_says_once_where_it_stands(
    broker: Broker, feed: KafkaFeed, names: Names, parked_topic: str
) -> None:
    broker.put_raw(b"?")

    for _ in range(3):
        reader = runner(feed, names)
        names.db.execute("delete from parked")
        stand_still(reader)

    assert len(broker.records(parked_topic)) == 1


def test_a_reader_whose_database_is_away_takes_the_batch_when_it_is_back(
    broker: Broker, feed: KafkaFeed, names: Names
) -> None:
    broker.put(*range(1, 11))
    names.away = 3

    with following(feed, names, 10):
        pass

    assert names.seen == list(range(1, 11))


# With a broker that may be killed.


@pytest.fixture
def mortal(own_stack: Stack, ledger: str) -> Iterator[Broker]:
    with Broker.opened(own_stack.bootstrap, ledger) as opened:
        yield opened
        own_stack.kafka.start()


def test_a_reader_waits_for_a_broker_that_is_away_and_does_not_fill_the_log(
    own_stack: Stack, mortal: Broker, names: Names, caplog: pytest.LogCaptureFixture
) -> None:
    mortal.put(1, 2, 3)
    with (
        caplog.at_level(logging.WARNING, "aiokafka"),
        closing(KafkaFeed(mortal.bootstrap, mortal.ledger)) as feed,
        following(feed, names, 6),
    ):
        while feed.wait(3, 0.1) or names.seen != [1, 2, 3]:
            pass
        own_stack.kafka.kill()
        for _ in range(4):
            assert not feed.wait(3, 0.5)
        own_stack.kafka.start()
        mortal.put(4, 5, 6)

    assert names.seen == [1, 2, 3, 4, 5, 6]
    assert len(caplog.records) < 20


def test_a_projector_whose_broker_is_away_says_so_and_still_tells_where_it_stands(
    own_stack: Stack, mortal: Broker, names: Names
) -> None:
    mortal.put(1, 2)

    @contextmanager
    def snapshot() -> Iterator[Database]:
        yield names.db

    here: Any = SimpleNamespace(service="names", lags=list)
    with closing(KafkaFeed(mortal.bootstrap, mortal.ledger, patience_seconds=2)) as feed:
        runner = Runner("names", feed, names.db, names)
        role = projecting(here, [(runner, feed)], snapshot)
        assert [(lag.head, lag.position) for lag in here.lags()] == [(2, 0)]
        assert "the broker is away" not in role.not_ready()
        own_stack.kafka.kill()

        assert [(lag.head, lag.position) for lag in here.lags()] == [(None, 0)]
        assert "the broker is away" in role.not_ready()
        assert role.not_alive() == []


def test_a_reader_that_starts_while_the_broker_is_away_waits_for_it(
    own_stack: Stack, mortal: Broker, names: Names
) -> None:
    mortal.put(1, 2, 3)
    own_stack.kafka.kill()

    with closing(KafkaFeed(mortal.bootstrap, mortal.ledger)) as feed, following(feed, names, 3):
        own_stack.kafka.start()

    assert names.seen == [1, 2, 3]


def test_a_broker_that_lost_its_tail_is_waited_for_until_it_has_it_again(
    own_stack: Stack, mortal: Broker, names: Names
) -> None:
    mortal.put(*range(1, 101))
    with closing(KafkaFeed(mortal.bootstrap, mortal.ledger)) as feed:
        with following(feed, names, 100):
            pass
        own_stack.kafka.kill()
        cut(own_stack.kafka.data, mortal)
        own_stack.kafka.start()
        left = len(mortal.records())
        assert 0 < left < 100

        with following(feed, names, 103):
            mortal.put(*range(left - 1, 104))

    assert names.seen == list(range(1, 104))
