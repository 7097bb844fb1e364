"""What is delivered out of place is put in place; and a reactor that does nothing is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.reactor.deliveries import Deliveries, Progress
from tests.infra.test_reactor import NAME, House, Street, called, policy, recorded, street
from tests.kafka.broker import record


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.keys.close()


def test_what_lies_between_is_fetched_and_what_was_seen_is_passed(house: House) -> None:
    inn = house.inn()
    names = street("1", "2", "3", "4")
    deliveries = Deliveries(NAME, names, inn, policy)

    for position in (3, 1, 3, 2):
        deliveries.take(record("dossiers", position))

    assert recorded(inn) == ["StayBegun"] * 4  # what the feed has behind it comes along
    assert inn.ledger.reader(NAME) == 4
    inn.ledger.close()


@pytest.mark.parametrize("value", [None, b"{", record("training", 1)])
def test_what_is_no_record_of_the_ledger_is_left_to_its_feed(
    house: House, value: bytes | None
) -> None:
    inn = house.inn()
    deliveries = Deliveries(NAME, street("1", "2"), inn, policy)

    deliveries.take(value)

    assert recorded(inn) == ["StayBegun"] * 2
    inn.ledger.close()


def test_how_far_nothing_was_asked_for_is_saved_by_the_timer(house: House) -> None:
    inn = house.inn()
    names = Street([called(position, None) for position in range(1, 4)])
    deliveries = Deliveries(NAME, names, inn, policy)

    while deliveries.reactor.advance():
        pass
    assert (deliveries.reactor.position, inn.ledger.reader(NAME)) == (3, 0)
    deliveries.sweep()

    assert inn.ledger.reader(NAME) == 3
    inn.ledger.close()


def test_it_is_known_for_how_long_nothing_moved_that_should_have() -> None:
    now = [0.0]
    progress = Progress(lambda: now[0])

    progress.seen(5, idle=False)
    now[0] = 10.0
    progress.seen(5, idle=False)
    assert progress.seconds_without == 10.0

    progress.seen(6, idle=False)
    assert progress.seconds_without == 0.0
    now[0] = 25.0
    assert progress.seconds_without == 15.0, "nobody has looked"
    progress.seen(6, idle=True)
    assert progress.seconds_without == 0.0
