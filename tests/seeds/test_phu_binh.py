"""Phú Bình 2020, eight months, as said on 27/8/2020."""

from __future__ import annotations

from typing import Any

import pytest

from tests.seeds.conftest import Ask


@pytest.fixture(scope="module")
def told(ask: Ask) -> dict[str, Any]:
    return ask("PB", "2020", "2020-08-27", places=2)


def test_p4_1_7335_members_are_in_48_units(told: dict[str, Any]) -> None:
    assert told["members"] == {"count": 7335, "on": "2020-08-27"}
    assert told["units"]["total"] == 48


def test_p4_2_four_classes_had_282_learners_of_whom_nobody_knows_how_many_passed(
    told: dict[str, Any],
) -> None:
    assert told["classes"] == {"classes": 4, "learners": 282, "certified": None}


def test_p4_3_the_two_names_are_of_one_centre(ask: Ask) -> None:
    before = ask("PB-TTCT", "2020", "2020-06-30")
    after = ask("PB-TTCT", "2020", "2020-08-27")

    assert before["name"] == "Trung tâm Bồi dưỡng Chính trị huyện Phú Bình"
    assert after["name"] == "Trung tâm Chính trị huyện Phú Bình"
    assert before["classes"]["classes"] == 2
    assert after["classes"]["classes"] == 4


def test_p4_4_36_dossiers_were_received(told: dict[str, Any]) -> None:
    assert told["funnel"]["received"] == 36


def test_p4_5_31_of_253_are_admitted(told: dict[str, Any]) -> None:
    assert (told["admitted"], told["target"]["minimum"]) == (31, 253)
    assert told["ratio"]["percent"] == "12,25%"
    assert told["remaining"] == 222


def test_p4_6_five_dossiers_are_still_open(told: dict[str, Any]) -> None:
    assert told["funnel"]["received"] - told["funnel"]["admitted"] == 5


def test_p4_8_a_later_day_gives_another_report_and_both_can_be_had_again(ask: Ask) -> None:
    label = ask("PB", "2020-01-01/2020-08-31", "2020-08-31", places=2)

    assert label["as_of"] == "2020-08-31"
    assert label["ratio"]["denominator_is"] == "assigned target of 2020"
    assert label == ask("PB", "2020-01-01/2020-08-31", "2020-08-31", places=2)


def test_p4_14_the_units_pledge_what_remains(ask: Ask, told: dict[str, Any]) -> None:
    pledged = 0
    for row in told["by_unit"]:
        targets = ask(row["unit"], "2020", "2020-09-01")["targets"]
        pledged += next(row["minimum"] for row in targets if row["kind"] == "pledge")

    assert pledged == told["remaining"]
    assert all(target["kind"] != "pledge" for target in told["targets"])
