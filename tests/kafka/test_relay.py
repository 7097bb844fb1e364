"""A relay carries every event of its ledger to the topic, in order, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from deploy.local.processes import until
from deploy.local.stack import Stack
from events import wire
from infra.feed import carried
from infra.ledger.port import EMPTY_DIGEST, link
from infra.ledger.postgres import PostgresLedger
from infra.ledger.rows import microseconds
from infra.relay import OtherHistory
from infra.topics import TopicError
from tests.kafka.broker import Broker
from tests.kafka.relaying import Relaying, act, kept


@pytest.fixture
def ours(database: str, broker: Broker) -> Iterator[PostgresLedger]:
    """Return an empty ledger, whose topic is empty too."""
    with kept(database, broker.ledger) as ledger:
        yield ledger


@pytest.fixture
def relaying(database: str, ours: PostgresLedger, broker: Broker) -> Relaying:
    return Relaying(database, ours.name, broker.bootstrap)


def positions(broker: Broker) -> list[int]:
    return [wire.decode(value).position for value in broker.records()]


def asking(dsn: str) -> bool:
    """Tell whether a relay has asked whether it may, and was told that it may not."""
    with psycopg.connect(dsn) as other:
        return bool(
            other.execute(
                "select from pg_stat_activity where query like %s and pid <> pg_backend_pid()"
                " and datname = current_database() and state = 'idle'",
                ("select pg_try_advisory_lock%",),
            ).fetchall()
        )


def test_the_chain_of_the_ledger_is_recomputed_from_its_topic(
    ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    act(ours, 2500)

    with relaying:
        relaying.reached(2500)

    assert positions(broker) == list(range(1, 2501))
    digest = EMPTY_DIGEST
    for value in broker.records():
        row = carried(ours.name, value)
        digest = link(
            digest,
            row.position,
            microseconds(row.recorded),
            row.stream,
            row.version,
            row.type,
            row.state,
            row.sealed_digest,
        )
    assert digest == ours.head().digest


def test_what_is_sealed_never_leaves_the_ledger(
    ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    act(ours, 3)

    with relaying:
        relaying.reached(3)

    assert not any(b"Canary" in (value or b"") for value in broker.records())


def test_what_is_recorded_while_it_runs_follows(
    ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    with relaying:
        relaying.reached(0)
        for _ in range(5):
            relaying.reached(act(ours, 3))

    assert positions(broker) == list(range(1, 16))
    assert relaying.sent == 15


def test_a_relay_that_starts_again_goes_on_after_the_last_record(
    database: str, ours: PostgresLedger, broker: Broker
) -> None:
    for upto in (3, 3, 5):
        act(ours, upto - ours.head().position)
        with Relaying(database, ours.name, broker.bootstrap) as relaying:
            relaying.reached(upto)

    assert positions(broker) == [1, 2, 3, 4, 5]


def test_of_two_relays_one_waits_until_the_other_has_ended(
    database: str, ours: PostgresLedger, broker: Broker
) -> None:
    act(ours, 3)
    with Relaying(database, ours.name, broker.bootstrap) as first:
        first.reached(3)
        with Relaying(database, ours.name, broker.bootstrap) as second:
            assert until(lambda: asking(database), 20)
            first.reached(act(ours, 2))
            assert second.position == -1

            first.stop()
            act(ours, 2)
            second.reached(7)

    assert positions(broker) == [1, 2, 3, 4, 5, 6, 7]


def test_a_second_relay_can_be_stopped_while_it_waits(
    database: str, ours: PostgresLedger, broker: Broker
) -> None:
    with Relaying(database, ours.name, broker.bootstrap) as first:
        first.reached(0)
        with Relaying(database, ours.name, broker.bootstrap) as second:
            pass

    assert second.error is None


def test_a_topic_that_is_ahead_of_its_ledger_stops_the_relay(
    ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    broker.put(1, 2, 3, 4)
    act(ours, 3)

    with relaying:
        error = relaying.ended()

    assert isinstance(error, OtherHistory)
    assert "ends with position 4 and the ledger with 3" in str(error)
    assert positions(broker) == [1, 2, 3, 4]


def test_a_topic_of_another_history_stops_the_relay(
    ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    broker.put(1, 2)
    act(ours, 3, stream=UUID(int=2))

    with relaying:
        error = relaying.ended()

    assert isinstance(error, OtherHistory)
    assert "position 2 on" in str(error)


def test_a_topic_that_ends_with_what_is_no_record_stops_the_relay(
    ours: PostgresLedger, broker: Broker, relaying: Relaying
) -> None:
    broker.put_raw(b"?")
    act(ours, 1)

    with relaying:
        assert isinstance(relaying.ended(), OtherHistory)


def test_a_topic_that_was_made_anew_is_filled_from_the_ledger(
    database: str, ours: PostgresLedger, broker: Broker
) -> None:
    act(ours, 5)
    broker.put_raw(b"?")
    broker.remove()
    broker.make()

    with Relaying(database, ours.name, broker.bootstrap) as relaying:
        relaying.reached(5)

    assert positions(broker) == [1, 2, 3, 4, 5]


def test_a_missing_topic_is_named_and_not_made(stack: Stack, database: str, ledger: str) -> None:
    with kept(database, ledger), Relaying(database, ledger, stack.bootstrap) as relaying:
        error = relaying.ended()

    assert isinstance(error, TopicError)
    assert "run `ketnap migrate`" in str(error)


@pytest.mark.parametrize("which", ["listen", "select"])
def test_a_lost_connection_to_the_ledger_ends_the_relay(
    database: str, ours: PostgresLedger, broker: Broker, relaying: Relaying, which: str
) -> None:
    with relaying, psycopg.connect(database, autocommit=True) as other:
        relaying.reached(act(ours, 1))
        [cut] = other.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where application_name = %s and query ilike %s",
            (f"relay {ours.name}", f"{which}%"),
        ).fetchone() or [0]
        assert cut == 1

        error = relaying.ended()

    assert isinstance(error, psycopg.OperationalError)
    act(ours, 1)
    with Relaying(database, ours.name, broker.bootstrap) as again:
        again.reached(2)
    assert positions(broker) == [1, 2]
