"""Figures over HTTP: those of the public formats, of what one sees, and of no moment else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from events.period import parse_period
from services.reporting.api.promises import FiguresTold, OverviewTold, TargetsTold
from services.reporting.view import Question
from tests.house import Asker, House

PATH = "/api/reporting/figures"
YEAR = {"period": "2022", "as_of": "2022-12-31"}


@pytest.fixture
def district(house: House) -> Asker:
    return house.asker("H")


def test_every_figure_is_that_of_the_view_in_the_shape_of_the_formats(
    house: House, district: Asker
) -> None:
    told = district.get(f"{PATH}/H", **YEAR)
    body = told.json()
    assert told.status_code == 200
    assert body["admitted"] == 3
    assert body["ratio"] == {
        "numerator": 3,
        "denominator": 10,
        "denominator_is": "assigned target of 2022",
        "percent": "30,0%",
    }
    assert all(finding["text"] for finding in body["findings"])
    told_strictly = msgspec.json.decode(told.content, type=FiguresTold)
    assert set(body) == {each.name for each in msgspec.structs.fields(FiguresTold)}
    assert told_strictly.by_unit[0].unit == "H-1"


def test_places_are_of_every_percentage(district: Asker) -> None:
    told = district.get(f"{PATH}/H", **YEAR, places=3).json()
    assert told["ratio"]["percent"] == "30,000%"
    assert told["by_unit"][0]["ratio"]["percent"] == "50,000%"


def test_without_a_period_it_is_the_year_of_the_day(district: Asker) -> None:
    assert district.get(f"{PATH}/H", as_of="2022-03-01").json()["period"] == "2022"


@pytest.mark.parametrize(
    "unit",
    ["K", "K-1", "T", "no-such-unit", "H%00", "%2e%2e", "Đảng ủy Xa", "H-1'--"],
)
@pytest.mark.parametrize("resource", ["figures", "facts", "targets"])
def test_what_is_not_in_scope_is_as_if_it_were_not(
    district: Asker, resource: str, unit: str
) -> None:
    unknown = district.get(f"/api/reporting/{resource}/no-unit-at-all", **YEAR)
    told = district.get(f"/api/reporting/{resource}/{unit}", **YEAR)
    assert told.status_code == 404
    assert _of(told.json()) == _of(unknown.json())


def _of(problem: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in problem.items() if name != "trace"}


def test_a_unit_that_was_not_there_on_the_day_is_not_there(district: Asker) -> None:
    assert district.get(f"{PATH}/H", as_of="2022-12-31").status_code == 200
    assert district.get(f"{PATH}/no-such", as_of="2022-12-31").status_code == 404


def test_a_cell_sees_its_own_figures_and_not_those_above(house: House) -> None:
    cell = house.asker("H-1-A", "cell_committee")
    assert cell.get(f"{PATH}/H-1-A", **YEAR).json()["admitted"] == 1
    assert cell.get(f"{PATH}/H-1", **YEAR).status_code == 404


def test_a_role_that_sees_no_figures_sees_none(house: House) -> None:
    centre = house.asker("H-TT", "political_centre")
    assert centre.get(f"{PATH}/H-TT", **YEAR).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": "2022-13"},
        {"period": "1000-9999"},
        {"period": "2022-12-31/2022-01-01"},
        {"as_of": "yesterday"},
        {"as_of": "2022-02-30"},
        {"known_at": "2022-01-01T00:00"},
        {"known_at": "soon"},
        {"places": "7"},
        {"places": "-1"},
        {"after": "dossiers:x"},
        {"after": "elsewhere:1"},
    ],
)
def test_what_cannot_be_meant_is_named(district: Asker, wrong: dict[str, str]) -> None:
    told = district.get(f"{PATH}/H", **wrong)
    assert told.status_code == 422
    assert [error["pointer"] for error in told.json()["errors"]] == list(wrong)


@pytest.mark.parametrize(
    "far",
    [
        {"as_of": "0001-01-01"},
        {"as_of": "9999-12-31"},
        {"period": "9999"},
        {"period": "0001"},
        {"known_at": "0001-01-01T00:00:00+14:00"},
        {"known_at": "9999-12-31T23:59:59-14:00"},
    ],
)
def test_the_ends_of_time_are_answered(district: Asker, far: dict[str, str]) -> None:
    assert district.get(f"{PATH}/H", **far).status_code in {200, 409}


def test_what_was_known_before_anything_was_is_said_to_be_unknown(district: Asker) -> None:
    told = district.get(f"{PATH}/H", **YEAR, known_at="2001-01-01")
    assert (told.status_code, told.json()["code"]) == (409, "unit-not-yet-known")


def test_figures_that_are_the_same_are_not_sent_again(house: House, district: Asker) -> None:
    first = district.get(f"{PATH}/H", **YEAR)
    again = {**district.headers, "If-None-Match": first.headers["ETag"]}
    assert house.browser.get(f"{PATH}/H", params=YEAR, headers=again).status_code == 304
    assert first.headers["Cache-Control"] == "private, no-cache"
    house.nominate("H-2", "E-1")
    house.catch_up()
    assert house.browser.get(f"{PATH}/H", params=YEAR, headers=again).status_code == 200


def test_what_was_known_at_a_settled_moment_may_be_kept(house: House, district: Asker) -> None:
    now = datetime.now(UTC)
    asked = {**YEAR, "known_at": now.isoformat()}
    assert district.get(f"{PATH}/H", **asked).headers["Cache-Control"] == "private, no-cache"
    before = {**YEAR, "known_at": (now - timedelta(hours=1)).isoformat()}
    # Nothing was known then; the moment is as settled as any.
    assert house.web.settled(now - timedelta(hours=1))
    assert not house.web.settled(now)
    assert district.get(f"{PATH}/H", **before).status_code == 409
    house.nominate("H-2", "E-2")
    assert not house.web.settled(now - timedelta(hours=1)), "the views have not read it"
    house.catch_up()


def test_the_overview_has_the_least_advanced_first_and_who_is_silent(
    house: House, district: Asker
) -> None:
    told = district.get("/api/reporting/overview", **YEAR)
    body = msgspec.json.decode(told.content, type=OverviewTold)
    assert body.unit == "H"
    assert [row.unit for row in body.units] == ["H-2", "H-1"]
    assert body.silent == ["H-2"]
    assert body.pace
    assert (body.pace.even, body.pace.behind, body.pace.over) == (10, 7, 365)


def test_the_pace_is_that_of_the_days_that_are_over(district: Asker) -> None:
    pace = district.get("/api/reporting/overview", period="2022", as_of="2022-07-02").json()["pace"]
    assert (pace["days"], pace["over"], pace["even"]) == (365, 183, 5)


def test_an_overview_is_of_who_asks(house: House) -> None:
    assert house.asker("K").get("/api/reporting/overview", **YEAR).json()["admitted"] == 1
    centre = house.asker("H-TT", "political_centre")
    assert centre.get("/api/reporting/overview").status_code == 404


def test_targets_are_those_of_every_period_with_their_papers(district: Asker) -> None:
    told = district.get("/api/reporting/targets/H", as_of="2022-12-31")
    body = msgspec.json.decode(told.content, type=TargetsTold)
    [target] = body.targets
    assert (target.minimum, target.admitted, target.document) == (10, 3, "KH 1")


def test_the_numbers_are_those_that_the_view_gives(house: House, district: Asker) -> None:
    for unit in ("H", "H-1", "H-1-A", "H-2", "H-TT"):
        told = district.get(f"{PATH}/{unit}", **YEAR).json()
        question = Question(unit_code=unit, period=parse_period("2022"), as_of=date(2022, 12, 31))
        expected = house.ketnap.view.sheet(question)
        assert {name: told[name] for name in ("admitted", "funnel", "facets", "by_unit")} == {
            name: expected[name] for name in ("admitted", "funnel", "facets", "by_unit")
        }
