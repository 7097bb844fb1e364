"""A feed takes every position of its ledger once, in order, whatever lies on the topic."""

from __future__ import annotations

import asyncio
from contextlib import closing
from threading import Thread

import pytest

from deploy.local.processes import until
from deploy.local.stack import Stack
from infra import topics
from infra.feed.kafka import KafkaFeed
from infra.feed.port import Unreadable
from infra.topics import TopicError
from tests.kafka.broker import Broker, record


def positions(feed: KafkaFeed, after: int, upto: int, limit: int = 500) -> list[int]:
    """Read on until a position is there."""
    taken: list[int] = []
    while (at := taken[-1] if taken else after) < upto:
        rows = feed.read(at, limit)
        taken += [row.position for row in rows]
        if not rows:
            feed.wait(at, 0.5)
    return taken


def test_every_record_is_read_in_order_with_the_bytes_of_its_state(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(*range(1, 1201))

    assert positions(feed, 0, 1200, limit=500) == list(range(1, 1201))
    [row] = feed.read(699, 1)
    assert row.state == b'{"on":"2026-01-01","actor":"clerk","name":"name 700"}'
    assert feed.head() == 1200


def test_an_empty_topic_has_nothing_and_then_what_comes(broker: Broker, feed: KafkaFeed) -> None:
    assert feed.head() == 0
    assert list(feed.read(0, 10)) == []
    waiting = Thread(target=broker.put, args=(1,))
    waiting.start()

    while not feed.wait(0, 5.0):
        pass

    waiting.join()
    assert positions(feed, 0, 1) == [1]
    assert feed.head() == 1


def test_what_comes_again_is_skipped(broker: Broker, feed: KafkaFeed) -> None:
    broker.put(1, 2, 3, 2, 3, 4, 1, 2, 3, 4, 5, 5, 6)

    assert positions(feed, 0, 6) == [1, 2, 3, 4, 5, 6]
    assert positions(feed, 4, 6) == [5, 6]


def test_two_relays_that_overlapped_are_read_from_any_position(
    broker: Broker, feed: KafkaFeed
) -> None:
    for start in (1, 5, 3, 12, 9, 15):
        broker.put(*range(start, start + 8))

    for after in range(22):
        assert positions(feed, after, 22) == list(range(after + 1, 23))


def test_what_lies_before_a_repetition_that_was_broken_off_is_read(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(1, 2, 1, 2, 3, 4, 5, 3, 4)

    assert [row.position for row in feed.read(4, 10)] == [5]
    assert feed.read(5, 10) == []


def test_a_gap_that_is_filled_later_is_found(broker: Broker, feed: KafkaFeed) -> None:
    broker.put(1, 2, 3, 6, 7, 4, 5, 6, 7)

    assert positions(feed, 0, 7) == [1, 2, 3, 4, 5, 6, 7]


def test_records_that_changed_places_are_read_in_the_order_of_positions(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(2, 1, 4, 3, 5)

    assert positions(feed, 0, 5) == [1, 2, 3, 4, 5]


def test_a_position_that_is_not_on_the_topic_stops_the_reading_before_it(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(1, 2, 3, 5, 6)

    assert positions(feed, 0, 3) == [1, 2, 3]
    for _ in range(2):
        with pytest.raises(Unreadable, match="the topic goes on with 5") as stopped:
            feed.read(3, 10)
        assert stopped.value.position == 4
    assert positions(feed, 4, 6) == [5, 6]  # who skips it on purpose goes on


def test_a_gap_that_grows_closed_is_gone_over(broker: Broker, feed: KafkaFeed) -> None:
    broker.put(1, 3)
    assert positions(feed, 0, 1) == [1]
    with pytest.raises(Unreadable):
        feed.read(1, 10)

    broker.put(2, 3)

    assert positions(feed, 1, 3) == [2, 3]


@pytest.mark.parametrize(
    "poison", [None, b"", b'{"specversion":"1.0"', b"\xff\xfe", b'{"position":NaN}', b"[]"]
)
def test_what_is_no_record_stops_the_reading_in_its_place(
    broker: Broker, feed: KafkaFeed, poison: bytes | None
) -> None:
    broker.put(1, 2)
    broker.put_raw(poison)
    broker.put(4, 5)

    assert positions(feed, 0, 2) == [1, 2]
    with pytest.raises(Unreadable, match="at offset 2 lies") as stopped:
        feed.read(2, 10)
    assert stopped.value.position == 3
    assert positions(feed, 3, 5) == [4, 5]
    assert feed.head() == 5


def test_what_is_no_record_and_comes_last_stops_the_reading_too(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(1)
    broker.put_raw(b"?")

    assert positions(feed, 0, 1) == [1]
    with pytest.raises(Unreadable) as stopped:
        feed.read(1, 10)
    assert stopped.value.position == 2
    assert feed.head() == 1


def test_what_a_stranger_put_between_two_positions_hides_neither(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(1, 2)
    broker.put_raw(b"?", record("training", 3, state=b'{"on":"2026-01-01"}'), b"?")
    broker.put(3, 4)

    assert positions(feed, 0, 4) == [1, 2, 3, 4]
    [ours] = feed.read(2, 1)
    assert b"name 3" in ours.state


def test_offsets_that_are_gone_are_no_loss_for_who_has_read_them(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(*range(1, 11))
    assert positions(feed, 0, 4, limit=4) == [1, 2, 3, 4]

    broker.forget_before(4)

    assert positions(feed, 4, 10) == [5, 6, 7, 8, 9, 10]


def test_offsets_that_are_gone_unread_stop_the_reading(broker: Broker, feed: KafkaFeed) -> None:
    broker.put(*range(1, 11))
    broker.forget_before(6)

    with pytest.raises(Unreadable, match="the topic goes on with 7"):
        feed.read(4, 10)
    assert positions(feed, 6, 10) == [7, 8, 9, 10]


def test_a_topic_that_is_made_anew_is_read_on_from_the_position(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(*range(1, 8), *range(3, 8))
    assert positions(feed, 0, 7) == [1, 2, 3, 4, 5, 6, 7]

    broker.remove()
    broker.make()
    broker.put(*range(1, 10))

    assert positions(feed, 7, 9) == [8, 9]


def test_a_reader_ahead_of_its_topic_waits_for_it_to_be_filled(
    broker: Broker, feed: KafkaFeed
) -> None:
    broker.put(1, 2, 3)

    assert list(feed.read(5, 10)) == []
    broker.put(4, 5, 6, 7)

    assert positions(feed, 5, 7) == [6, 7]


def test_a_topic_that_nobody_made_is_named_and_not_made(stack: Stack, ledger: str) -> None:
    with closing(KafkaFeed(stack.bootstrap, ledger)) as feed:
        for ask in (feed.head, lambda: feed.read(0, 1)):
            with pytest.raises(
                TopicError, match=f"{ledger}.events is missing: run `ketnap migrate`"
            ):
                ask()
    lacking = asyncio.run(topics.missing(stack.bootstrap, [topics.Topic(f"{ledger}.events")]))

    assert lacking == [f"topic {ledger}.events is missing: run `ketnap migrate`"]


def test_a_ledger_without_a_partition_is_refused() -> None:
    with pytest.raises(TopicError, match="has no partition"):
        KafkaFeed("127.0.0.1:1", "dossiers/nowhere")


def test_a_hole_that_a_relay_is_about_to_fill_stops_nobody(broker: Broker) -> None:
    broker.put(1, 2, 5)
    with closing(KafkaFeed(broker.bootstrap, broker.ledger)) as feed:
        assert positions(feed, 0, 2) == [1, 2]
        assert list(feed.read(2, 10)) == []

        broker.put(3, 4, 5)

        assert positions(feed, 2, 5) == [3, 4, 5]


def test_no_more_is_fetched_ahead_than_a_slow_reader_has_room_for(
    broker: Broker, feed: KafkaFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.feed.kafka.FETCH_RECORDS", 20)
    broker.put(*range(1, 301))

    waiting = []
    for after in range(300):
        assert until(lambda at=after: feed.wait(at, 1.0), 20)  # type: ignore[misc]
        [row] = feed.read(after, 1)
        assert row.position == after + 1
        waiting.append(len(feed._fetched))  # noqa: SLF001 - nobody else can tell

    assert max(waiting) < 40
