"""Khánh Hòa 2021 and the first half of 2022, against a plan that is derived."""

from __future__ import annotations

from tests.seeds.conftest import Ask


def test_p5_2_1455_of_1700_are_admitted_in_2021(ask: Ask) -> None:
    told = ask("KH", "2021", "2021-12-31")

    assert told["admitted"] == 1455
    assert told["ratio"] == {
        "numerator": 1455,
        "denominator": 1700,
        "denominator_is": "assigned target of 2021",
        "percent": "85,6%",
    }


def test_p5_3_612_are_36_percent_of_the_plan_of_the_year(ask: Ask) -> None:
    told = ask("KH", "2022", "2022-06-30")

    assert told["admitted"] == 612
    assert (told["ratio"]["percent"], told["remaining"]) == ("36,0%", 1088)
    assert ask("KH", "2022", "2022-06-30", places=0)["ratio"]["percent"] == "36%"


def test_p5_3_the_half_year_is_held_against_the_plan_that_encloses_it(ask: Ask) -> None:
    told = ask("KH", "2022-H1", "2022-06-30")

    assert told["ratio"]["denominator_is"] == "assigned target of 2022"
    assert (told["ratio"]["numerator"], told["ratio"]["percent"]) == (612, "36,0%")


def test_p5_4_the_plan_is_marked_as_derived(ask: Ask) -> None:
    for year in ("2021", "2022"):
        assert "derived" in ask("KH", year, f"{year}-06-30")["target"]["document"]


def test_p5_6_committees_below_their_target_are_counted_and_named(ask: Ask) -> None:
    rows = ask("KH", "2021", "2021-12-31")["by_unit"]

    assert len(rows) == 12
    assert 0 < sum(row["remaining"] > 0 for row in rows) <= 12
    assert sum(row["admitted"] for row in rows) == 1455


def test_p5_7_two_periods_are_2067_of_3400(ask: Ask) -> None:
    told = ask("KH", "2021-2022", "2022-06-30")

    assert told["admitted"] == 2067
    assert told["ratio"]["denominator"] == 3400
    assert told["remaining"] == 1333


def test_p5_9_groups_of_people_are_counted(ask: Ask) -> None:
    facets = ask("KH", "2021", "2021-12-31")["facets"]

    assert sum(facets["occupation"].values()) == 1455
    assert facets["occupation"]["ngư dân"] > 0
