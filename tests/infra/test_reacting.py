"""The role of reactors says what they wait for, and leaves what stops them where it is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from infra.database import Database, SqliteFile
from infra.feed import FeedAwayError, Unreadable
from infra.reacting import reacting
from infra.reactor import faust
from infra.reactor.faust import FaustReactor
from infra.roles import Role
from infra.runner import Standstills, open_view
from tests.infra.test_reactor import House, Street, policy

NAME = "inn.policy.dossiers"


class Away(Street):
    """A feed whose broker does not answer."""

    def read(self, after: int, limit: int) -> Any:  # noqa: ANN401 - it returns nothing
        raise FeedAwayError


class Torn(Street):
    """A feed whose next record cannot be read."""

    def read(self, after: int, limit: int) -> Any:  # noqa: ANN401 - it returns nothing
        raise Unreadable(after + 1, "", "torn")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.keys.close()


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Database]:
    with closing(open_view(SqliteFile(tmp_path / "view.db"), "")) as db:
        yield db


def begun(
    house: House, view: Database, feed: Street, monkeypatch: pytest.MonkeyPatch
) -> tuple[Role, FaustReactor]:
    made: list[FaustReactor] = []
    monkeypatch.setattr(FaustReactor, "run", lambda self, _stop: made.append(self))
    here: Any = SimpleNamespace(
        feed=lambda _: feed, said=SimpleNamespace(bootstrap="none"), lags=list
    )
    its_view: Any = SimpleNamespace(standstills=lambda: Standstills(view))
    role = reacting(here, house.inn(), {NAME: policy}, its_view)
    begin: Any = role.works[0]
    begin(None)
    [reactor] = made
    return role, reactor


def test_a_reactor_that_waits_for_the_broker_says_so(
    house: House, view: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faust, "PATIENCE_SECONDS", -1)
    role, reactor = begun(house, view, Away([]), monkeypatch)
    with pytest.raises(FeedAwayError):
        reactor._patiently(reactor._deliveries.sweep)  # noqa: SLF001 - what Faust calls

    assert f"{NAME} waits: the broker is away" in role.not_ready()


def test_what_stops_a_reactor_stands_in_the_view_of_its_service(
    house: House, view: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, reactor = begun(house, view, Torn([]), monkeypatch)
    with structlog.testing.capture_logs() as lines:
        reactor._deliveries.sweep()  # noqa: SLF001 - what Faust calls

    parked = Standstills(view).of(NAME)

    assert parked is not None
    assert (parked.position, parked.reason) == (1, "torn")
    assert [(line["event"], line["reader"], line["position"]) for line in lines] == [
        ("parked", NAME, 1)
    ]
