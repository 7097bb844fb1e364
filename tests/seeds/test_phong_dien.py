"""Phong Điền 2022, as its article of 26/08/2022 tells it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.seeds.conftest import Ask


@pytest.fixture(scope="module")
def told(ask: Ask) -> dict[str, Any]:
    return ask("PD", "2022", "2022-08-26")


def test_p1_1_the_target_of_the_year_is_151(told: dict[str, Any]) -> None:
    assert told["target"]["minimum"] == 151
    assert told["target"]["kind"] == "assigned"
    assert told["ratio"]["denominator_is"] == "assigned target of 2022"


def test_p1_2_it_is_allocated_to_35_units_without_a_residual(told: dict[str, Any]) -> None:
    assert len(told["by_unit"]) == 35
    assert sum(row["target"]["minimum"] for row in told["by_unit"]) == 151
    assert "allocation-residual" not in {finding["kind"] for finding in told["findings"]}


def test_p1_3_of_the_151_52_are_admitted(told: dict[str, Any]) -> None:
    assert told["admitted"] == 52
    assert told["ratio"] | {"denominator_is": ""} == {
        "numerator": 52,
        "denominator": 151,
        "denominator_is": "",
        "percent": "34,4%",
    }
    assert told["remaining"] == 99


def test_p1_4_ceremonies_were_held_in_20_of_35_units(told: dict[str, Any]) -> None:
    without = told["units"]["without_ceremony"]

    assert (told["units"]["total"], told["units"]["with_ceremony"]) == (35, 20)
    assert len(without) == 15
    assert without == [row["unit"] for row in told["by_unit"] if row["admitted"] == 0]
    assert sum(row["admitted"] for row in told["by_unit"]) == 52


def test_p1_5_the_period_runs_up_to_the_day_asked_for(ask: Ask) -> None:
    assert ask("PD", "2022", "2022-08-25")["admitted"] == 50
    assert ask("PD", "2022", "2022-01-31")["admitted"] == 0
    assert ask("PD", "2021", "2022-08-26")["admitted"] == 9


def test_p1_8_a_body_that_referred_nobody_is_told_from_what_is_unknown(
    told: dict[str, Any],
) -> None:
    referred = told["facets"]["referred"]

    assert referred["yes"] + referred["no"] == 52
    assert referred["unknown"] == 0
