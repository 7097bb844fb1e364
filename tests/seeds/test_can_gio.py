"""Cần Giờ 2020-2022: three years above their targets, and facets that overlap."""

from __future__ import annotations

from typing import Any

import pytest

from tests.seeds.conftest import Ask


@pytest.fixture(scope="module")
def told(ask: Ask) -> dict[str, Any]:
    return ask("CG", "2020-2022", "2022-12-31")


def test_p3_1_237_are_admitted_of_a_target_of_220(told: dict[str, Any]) -> None:
    assert told["admitted"] == 237
    assert told["target"]["minimum"] == 220
    assert (told["target"]["kind"], told["target"]["deadline"]) == ("assigned", None)
    assert told["target"]["document"] is None
    assert told["ratio"]["percent"] == "107,7%"
    assert told["remaining"] == -17


@pytest.mark.parametrize("year", ["2020", "2021", "2022"])
def test_p3_2_each_year_is_above_its_target(ask: Ask, year: str) -> None:
    told = ask("CG", year, "2022-12-31")

    assert told["remaining"] < 0
    assert float(told["ratio"]["percent"].rstrip("%").replace(",", ".")) > 100


def test_p3_2_the_years_add_up_to_the_three(ask: Ask, told: dict[str, Any]) -> None:
    years = [ask("CG", year, "2022-12-31") for year in ("2020", "2021", "2022")]

    assert sum(year["admitted"] for year in years) == told["admitted"]
    assert sum(year["target"]["minimum"] for year in years) == told["target"]["minimum"]


def test_p3_3_121_are_women(told: dict[str, Any]) -> None:
    assert told["facets"]["sex"] == {"female": 121, "male": 116}


def test_p3_4_156_are_members_of_the_youth_union(told: dict[str, Any]) -> None:
    assert told["facets"]["youth_union"] == {"yes": 156, "no": 81, "unknown": 0}


def test_p3_5_124_were_referred_by_mass_organisations(told: dict[str, Any]) -> None:
    assert told["facets"]["referred"] == {"yes": 124, "no": 113, "unknown": 0}


def test_p3_6_135_were_admitted_on_occasions(told: dict[str, Any]) -> None:
    assert told["facets"]["on_occasion"] == {"yes": 135, "no": 102, "unknown": 0}


def test_p3_7_the_facets_overlap_and_are_summed_nowhere(told: dict[str, Any]) -> None:
    chosen = (
        told["facets"]["sex"]["female"],
        told["facets"]["youth_union"]["yes"],
        told["facets"]["referred"]["yes"],
        told["facets"]["on_occasion"]["yes"],
    )

    assert sum(chosen) == 536 > told["admitted"]
    assert max(chosen) <= told["admitted"]


def test_p3_12_people_who_left_are_counted_by_kind_and_year(ask: Ask) -> None:
    left = [ask("CG", year, "2022-12-31")["left"] for year in ("2020", "2021", "2022")]

    assert [year["struck_off"] for year in left] == [9, 7, 6]
    assert [year["resigned"] for year in left] == [5, 4, 2]


def test_p3_13_units_below_what_they_registered_show_under_a_total_above(ask: Ask) -> None:
    below = []
    for row in ask("CG", "2022", "2022-12-31")["by_unit"]:
        (registered,) = ask(row["unit"], "2022", "2022-12-31")["targets"]
        assert registered["kind"] == "registered"
        if registered["state"] == "below":
            below.append(row["unit"])

    assert 0 < len(below) < 30
