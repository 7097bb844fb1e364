"""The whole web of one process, over real sockets: services, streams, operations and pages."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.installed import Site
from tests.system.serving import Served, events, served


@pytest.fixture
def house(site: Site) -> Iterator[Served]:
    with served(site) as house:
        yield house


def test_figures_are_read_with_a_token_of_a_minute_and_with_nothing_else(house: Served) -> None:
    path = "/api/reporting/figures/H-1?period=2022&as_of=2022-12-31"
    with house.client("H") as board, httpx2.Client(base_url=house.address) as nobody:
        told = board.get(path)
        refused = nobody.get(path)
        forged = nobody.get(path, headers={"Authorization": f"Bearer {house.token('H')}x"})
    assert told.status_code == 200
    assert told.json()["admitted"] == 2
    assert [refused.status_code, forged.status_code] == [401, 401]
    assert refused.json()["code"] == "sign-in-required"


def test_what_was_just_written_is_read_by_who_names_its_position(house: Served) -> None:
    with house.client("H") as board:
        for number in range(3):
            position = house.nominate("H-1", f"N-{number}")
            told = board.get(
                "/api/reporting/figures/H-1",
                params={
                    "period": "2022",
                    "as_of": "2022-12-31",
                    "after": f"dossiers:{position}",
                },
            ).json()
            assert told["positions"]["dossiers"] >= position
            assert told["funnel"]["nominated"] == number + 1


def test_a_position_that_never_comes_is_said_not_to_be_known_yet(house: Served) -> None:
    with house.client("H") as board:
        told = board.get("/api/reporting/figures/H?after=dossiers:999999")
    assert (told.status_code, told.json()["code"]) == (409, "not-yet-known")
    assert told.headers["Retry-After"] == "1"


def test_a_stream_tells_whose_figures_changed_to_those_who_see_them(house: Served) -> None:
    with (
        house.client("H") as above,
        house.client("H-2", "grassroots_committee") as beside,
        above.stream("GET", "/api/reporting/stream") as all_of_it,
        beside.stream("GET", "/api/reporting/stream") as part_of_it,
    ):
        told, told_beside = events(all_of_it), events(part_of_it)
        next(told)
        next(told_beside)
        first = house.nominate("H-1", "N-1")
        changed = next(told)
        assert changed.event == "changed"
        assert changed.data == {
            "changed": {
                "H-1": {"positions": {"dossiers": first}},
                "H": {"positions": {"dossiers": first}},
            }
        }
        second = house.nominate("H-2", "N-2")
        # Beside, nobody ever hears of the first.
        assert next(told_beside).data == {"changed": {"H-2": {"positions": {"dossiers": second}}}}


def test_who_was_away_is_told_what_changed_meanwhile(house: Served) -> None:
    with house.client("H") as board:
        with board.stream("GET", "/api/reporting/stream") as stream:
            seen = next(events(stream)).id
        position = house.nominate("H-2", "N-1")
        board.get(f"/api/reporting/figures/H?after=dossiers:{position}")
        with board.stream(
            "GET", "/api/reporting/stream", headers={"Last-Event-ID": seen}
        ) as stream:
            missed = next(events(stream))
        with board.stream("GET", "/api/reporting/stream?seen=dossiers:1") as stream:
            lost = next(events(stream))
    assert set(missed.data["changed"]) == {"H", "H-2"}
    assert lost.event == "reload"


def test_operations_answer_beside_the_services_and_say_how_far_they_are(house: Served) -> None:
    with httpx2.Client(base_url=house.address) as anybody:
        assert anybody.get("/healthz").text == "ok\n"
        assert anybody.get("/readyz").json() == {"ready": True, "reasons": []}
        anybody.get("/api/reporting/overview")
        assert "ketnap_http_requests_total" in anybody.get("/metrics").text
        assert anybody.get("/dang-nhap").status_code == 200
        nowhere = anybody.get("/api/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not-found")


def test_a_stop_ends_the_open_streams_and_does_not_wait_for_their_readers(house: Served) -> None:
    with house.client("H") as board, board.stream("GET", "/api/reporting/stream") as stream:
        told = events(stream)
        assert next(told).id
        house.server.should_exit = True
        assert [each.event for each in told] == []
