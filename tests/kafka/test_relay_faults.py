"""A relay whose broker fails begins anew; one whose database fails ends, and the next goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from math import inf
from uuid import uuid4

import psycopg
import pytest

from deploy.local.stack import Stack
from events import wire
from infra import relay
from infra.feed.kafka import KafkaFeed
from infra.ledger.port import Row
from infra.ledger.postgres import PostgresLedger
from tests.kafka.broker import Broker, cut
from tests.kafka.relaying import Relaying, act, kept
from tests.kafka.test_feed import positions
from tests.stack import paused


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a relay give up before a killed broker can be back."""
    monkeypatch.setattr(relay, "SEND_SECONDS", 2.0)


@pytest.fixture
def database(own_stack: Stack) -> Iterator[str]:
    """Return a database on a server that may be killed."""
    name = f"test_{uuid4().hex[:16]}"
    yield own_stack.make_database(name)
    own_stack.postgres.start()
    own_stack.drop_database(name)


@pytest.fixture
def broker(own_stack: Stack, ledger: str) -> Iterator[Broker]:
    """Return a broker that may be killed, with the empty topic of the ledger."""
    with Broker.opened(own_stack.bootstrap, ledger) as opened:
        yield opened
        own_stack.kafka.start()


@pytest.fixture
def ours(database: str, broker: Broker) -> Iterator[PostgresLedger]:
    with kept(database, broker.ledger) as ledger:
        yield ledger


@pytest.fixture
def relaying(database: str, ours: PostgresLedger, broker: Broker) -> Relaying:
    return Relaying(database, ours.name, broker.bootstrap)


def on_the_topic(broker: Broker) -> set[int]:
    return {wire.decode(value).position for value in broker.records()}


def carried(ledger: PostgresLedger, *positions: int) -> list[bytes]:
    """Return events of the ledger as a relay writes them."""

    def encoded(row: Row) -> bytes:
        return wire.encode(
            ledger.name,
            position=row.position,
            stream=row.stream,
            version=row.version,
            type_name=row.type,
            recorded=row.recorded,
            state=row.state,
            sealed_digest=row.sealed_digest,
            trace=row.trace,
        )

    return [encoded(ledger.read(position - 1, 1)[0]) for position in positions]


def test_a_relay_waits_for_a_killed_broker_and_sends_what_is_missing_when_it_is_back(
    own_stack: Stack, ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    with relaying:
        relaying.reached(act(ours, 3))
        own_stack.kafka.kill()
        act(ours, 2)
        relaying.waits_for_the_broker()
        act(ours, 1)
        own_stack.kafka.start()

        relaying.reached(6)

    assert on_the_topic(broker) == {1, 2, 3, 4, 5, 6}


def test_a_relay_goes_on_when_a_broker_answers_again_that_was_silent_for_longer_than_it_waits(
    own_stack: Stack, ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    with relaying:
        relaying.reached(act(ours, 3))
        with paused(own_stack.kafka):
            act(ours, 2)
            assert isinstance(relaying.waits_for_the_broker(), relay.NotAcknowledgedError)
            act(ours, 1)

        relaying.reached(6)
        relaying.reached(act(ours, 3))

    with closing(KafkaFeed(broker.bootstrap, ours.name)) as feed:
        assert positions(feed, 0, 9) == list(range(1, 10))


def test_a_relay_that_waits_for_its_broker_keeps_others_from_relaying(
    own_stack: Stack, database: str, ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    with relaying:
        relaying.reached(act(ours, 3))
        own_stack.kafka.kill()
        act(ours, 1)
        relaying.waits_for_the_broker()
        with Relaying(database, ours.name, broker.bootstrap) as second:
            own_stack.kafka.start()
            relaying.reached(4)

            assert second.begun == 0
            assert second.away == []


def test_a_relay_that_waits_for_its_broker_can_be_stopped(
    own_stack: Stack, ours: PostgresLedger, relaying: Relaying
) -> None:
    with relaying:
        relaying.reached(act(ours, 3))
        own_stack.kafka.kill()
        act(ours, 1)
        relaying.waits_for_the_broker()

    assert relaying.error is None


def test_a_relay_whose_database_goes_while_it_waits_for_the_broker_ends(
    own_stack: Stack, ours: PostgresLedger, relaying: Relaying
) -> None:
    with relaying:
        relaying.reached(act(ours, 3))
        own_stack.kafka.kill()
        act(ours, 1)
        relaying.waits_for_the_broker()
        own_stack.postgres.kill()

        error = relaying.ended()

    assert isinstance(error, psycopg.OperationalError)


def test_a_database_that_is_away_ends_the_relay_and_the_next_one_goes_on(
    own_stack: Stack, database: str, ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    with relaying:
        relaying.reached(act(ours, 3))
        own_stack.postgres.kill()

        error = relaying.ended()

    assert isinstance(error, psycopg.OperationalError)
    own_stack.postgres.start()
    with closing(PostgresLedger(database, ours.name)) as back:
        act(back, 2)
        with Relaying(database, ours.name, broker.bootstrap) as again:
            again.reached(5)
    assert on_the_topic(broker) == {1, 2, 3, 4, 5}


def test_an_idle_relay_notices_that_the_broker_lost_its_tail_and_sends_it_again(
    own_stack: Stack, ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    with relaying:
        for _ in range(10):
            relaying.reached(act(ours, 10))
        lose_tail(own_stack, broker)
        assert len(on_the_topic(broker)) < 100

        relaying.begins_anew().reached(100)

    assert on_the_topic(broker) == set(range(1, 101))


def test_a_relay_that_writes_on_behind_a_lost_tail_fills_the_hole(
    own_stack: Stack, ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    with relaying:
        for _ in range(10):
            relaying.reached(act(ours, 10))
        lose_tail(own_stack, broker)
        act(ours, 10)

        relaying.begins_anew().reached(110)

    with closing(KafkaFeed(broker.bootstrap, ours.name)) as feed:
        assert positions(feed, 0, 110) == list(range(1, 111))


def test_a_relay_finds_the_hole_where_others_records_took_the_place_of_what_was_lost(
    own_stack: Stack,
    database: str,
    ours: PostgresLedger,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A relay of before may have had as many on the wire as the broker lost: the end is right."""
    monkeypatch.setattr(relay, "LOOK_SECONDS", inf)
    act(ours, 10)
    broker.put_raw(*carried(ours, *range(1, 11)))
    with Relaying(database, ours.name, broker.bootstrap) as relaying:
        relaying.reached(act(ours, 1))
        lose_tail(own_stack, broker)
        lost = 11 - len(broker.records())
        broker.put_raw(*carried(ours, *[1] * lost))
        relaying.reached(act(ours, 1))
        assert relaying.away == []
        assert 11 not in on_the_topic(broker)

        monkeypatch.setattr(relay, "LOOK_SECONDS", 0.0)
        relaying.begins_anew().reached(12)

    with closing(KafkaFeed(broker.bootstrap, ours.name)) as feed:
        assert positions(feed, 0, 12) == list(range(1, 13))


def test_a_hole_near_the_end_of_the_topic_is_filled_by_the_relay_that_starts(
    database: str, ours: PostgresLedger, broker: Broker
) -> None:
    act(ours, 8)
    broker.put_raw(*carried(ours, 1, 2, 3, 6, 7))

    with Relaying(database, ours.name, broker.bootstrap) as relaying:
        relaying.reached(8)

    with closing(KafkaFeed(broker.bootstrap, ours.name)) as feed:
        assert positions(feed, 0, 8) == list(range(1, 9))


def test_what_a_relay_repeats_of_what_another_wrote_is_no_hole(
    database: str, ours: PostgresLedger, broker: Broker
) -> None:
    act(ours, 6)
    broker.put_raw(*carried(ours, 1, 2, 3, 4, 3, 4, 5))

    with Relaying(database, ours.name, broker.bootstrap) as relaying:
        relaying.reached(6)

    assert relaying.sent == 1


def lose_tail(stack: Stack, broker: Broker) -> None:
    """Have the broker come back without the last of what it had acknowledged."""
    stack.kafka.kill()
    cut(stack.kafka.data, broker)
    stack.kafka.start()
