"""What was refused to a policy is tried again over a feed that is opened when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from uuid import uuid5

import pytest

from infra.feed import FeedAwayError
from infra.http import Unavailable
from infra.ledger.outcomes import outcome_of
from infra.ledger.port import Row
from services.tasks import trying_again
from tests.infra.ledger.inn import End
from tests.infra.test_reactor import (
    CLERK,
    NAME,
    House,
    ReactingInn,
    Street,
    policy,
    reactor,
    recorded,
    stay,
    street,
)

TODAY = date(2026, 12, 1)
TASK = outcome_of("dossiers/2", NAME)


@pytest.fixture
def inn(tmp_path: Path) -> Iterator[ReactingInn]:
    """Return an inn in which a room was asked for that somebody stays in."""
    house = House(tmp_path)
    inn = house.inn()
    reactor(inn, street("1", "1")).catch_up(2)
    yield inn
    inn.ledger.close()
    house.keys.close()


def test_a_feed_is_opened_once_by_whoever_tries_first(inn: ReactingInn) -> None:
    opened: list[str] = []

    def feed(name: str) -> Street:
        opened.append(name)
        return street("1", "1")

    again = trying_again(feed, inn, {NAME: policy})
    assert opened == []
    inn.perform(End(stay=uuid5(stay("1"), "1")))
    together = Barrier(4)

    def tries(_: int) -> tuple[int, ...]:
        together.wait()
        return again[NAME](TASK, TODAY, CLERK, key="once")

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(tries, range(4)))

    assert opened == ["street"]
    assert len(answers) == 1
    assert recorded(inn)[3:] == ["StayBegun", "PolicySettled"]


def test_while_the_broker_is_away_one_is_told_to_come_again(inn: ReactingInn) -> None:
    class Away(Street):
        def read(self, after: int, limit: int) -> Sequence[Row]:
            raise FeedAwayError("no broker")

    again = trying_again(lambda _: Away([]), inn, {NAME: policy})

    with pytest.raises(Unavailable):
        again[NAME](TASK, TODAY, CLERK)

    assert recorded(inn) == ["StayBegun", "PolicyRefused"]
