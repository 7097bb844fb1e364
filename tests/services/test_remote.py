"""Dossiers over HTTP answers its neighbours as it does within one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from infra.http import Unavailable
from services.dossiers import commands
from services.neighbour import Neighbour
from services.remote import RemoteDirectory
from tests.house import BY, House, opened
from tests.installed import Sites

DAYS = (date(2019, 1, 1), date(2022, 5, 5), date(2026, 1, 1))


@pytest.fixture(scope="module")
def house(sites: Sites, mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(sites, mode, tmp_path_factory.mktemp("house")) as house:
        yield house


class Counting(httpx2.BaseTransport):
    """The way to dossiers, which counts what goes over it."""

    def __init__(self, house: House) -> None:
        self._client = TestClient(house.web.services["dossiers"], raise_server_exceptions=False)
        self.asked: list[str] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        return self._client._transport.handle_request(request)  # noqa: SLF001 - the only one without a socket


class Clock:
    now = 100.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def asked(house: House, clock: Clock | None = None) -> tuple[RemoteDirectory, Counting]:
    way = Counting(house)
    tokens = house.web.access.tokens
    remote = RemoteDirectory(
        "http://dossiers", tokens, "training", transport=way, seconds=clock or Clock()
    )
    return remote, way


def test_units_and_candidacies_are_those_of_the_same_process(house: House) -> None:
    near = Neighbour(house.ketnap)
    remote, _ = asked(house)
    tree = house.ketnap.units.tree
    with closing(remote) as far:
        for unit in (*tree.lives, uuid4()):
            assert far.code(unit) == near.code(unit)
            for day in DAYS:
                assert far.name(unit, day) == near.name(unit, day)
                assert far.ancestors(unit, day) == near.ancestors(unit, day)
        for code in ("H-1-A", "K", "nowhere"):
            assert [far.bearer(code, day) for day in DAYS] == [
                near.bearer(code, day) for day in DAYS
            ]
        for reference in ("R-1", "R-9"):
            assert far.candidacy_of(reference) == near.candidacy_of(reference)
        known = near.candidacy_of("R-1")
        assert known
        assert far.candidate(known) == near.candidate(known) is not None
        assert far.candidate(uuid4()) is None


def test_a_name_is_read_for_a_purpose_that_goes_on_record(house: House) -> None:
    candidacy = Neighbour(house.ketnap).candidacy_of("R-1")
    assert candidacy
    person = house.ketnap.dossiers.person("R-1")
    assert person
    remote, _ = asked(house)
    with closing(remote) as far:
        assert far.names([person], actor="chi", purpose="class list") == {
            person: "Canary Nguyễn Thị Một"
        }
        assert far.names([], actor="chi", purpose="class list") == {}

    read = house.ketnap.keys.reads()[-1]
    assert (read.actor, read.person, read.purpose) == ("chi", person, "class list")


def test_units_are_asked_for_again_when_they_may_have_changed(house: House) -> None:
    clock = Clock()
    remote, way = asked(house, clock)
    with closing(remote) as far:
        assert far.bearer("H-1", DAYS[1])
        assert far.code(uuid4())
        assert far.bearer("H-1", DAYS[1])
        assert way.asked == ["/directory/units"] * 2, "what is not known is asked for at once"
        clock.now += 2
        assert far.bearer("H-1", DAYS[1])
        assert len(way.asked) == 3

        unit = uuid4()
        house.ketnap.dossiers.perform(
            commands.RegisterUnit(
                unit=unit, code="H-3", name="Ba", kind="grassroots_committee", parent=None, by=BY
            )
        )
        house.ketnap.catch_up()
        assert far.bearer("H-3", DAYS[2]) == unit, "also the moment after it was registered"


@pytest.mark.parametrize("path", ["/directory/units", f"/directory/candidacies/{UUID(int=1)}"])
def test_nobody_but_a_service_is_answered(house: House, path: str) -> None:
    with TestClient(house.web.services["dossiers"]) as browser:
        token = house.token("T", "provincial_board")
        answer = browser.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 404
        assert browser.get(path).status_code == 401


def test_a_service_that_is_away_is_told_as_such(house: House) -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    far = RemoteDirectory(
        "http://dossiers",
        house.web.access.tokens,
        "training",
        transport=httpx2.MockTransport(away),
    )
    with closing(far), pytest.raises(Unavailable):
        far.code(uuid4())
