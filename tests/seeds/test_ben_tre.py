"""The bloc of Bến Tre 2021: a deadline, a range for the term, and a list of 96."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.seeds.conftest import Ask


def row(told: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in told["targets"] if row["kind"] == kind)
    return found


def test_p2_1_toward_the_target_31_10_counts_and_1_11_does_not(ask: Ask) -> None:
    before, last, after, end = (
        ask("BT", "2021", f"2021-{day}") for day in ("10-30", "10-31", "11-01", "12-31")
    )

    assert before["target"]["minimum"] == 150
    assert before["target"]["deadline"] == "2021-10-31"
    assert before["target"]["deadline_inclusive"] is True
    assert [told["admitted"] for told in (before, last, after, end)] == [145, 148, 149, 154]
    assert [told["ratio"]["numerator"] for told in (before, last, after, end)] == [
        145,
        148,
        148,
        148,
    ]
    assert (end["ratio"]["percent"], end["remaining"]) == ("98,7%", 2)
    assert row(end, "assigned")["admitted"] == 148
    assert row(end, "assigned")["state"] == "below"


def test_p2_1_what_came_after_the_deadline_is_a_finding(ask: Ask) -> None:
    kinds = [finding["kind"] for finding in ask("BT", "2021", "2021-12-31")["findings"]]

    assert kinds.count("after-deadline") == 1
    assert "after-deadline" not in {
        finding["kind"] for finding in ask("BT", "2021", "2021-10-31")["findings"]
    }


@pytest.mark.parametrize(
    ("as_of", "admitted", "state"),
    [
        ("2021-12-31", 284, "below"),
        ("2024-12-31", 724, "reached"),
        ("2025-12-31", 844, "exceeded"),
    ],
)
def test_p2_2_the_range_of_the_term_is_missed_reached_or_exceeded(
    ask: Ask,
    as_of: str,
    admitted: int,
    state: str,
) -> None:
    term = row(ask("BT", "2020-2025", as_of), "term")

    assert (term["minimum"], term["maximum"]) == (700, 800)
    assert (term["admitted"], term["state"]) == (admitted, state)


def test_p2_3_a_target_names_the_resolution_that_set_it(ask: Ask) -> None:
    told = ask("BT", "2020-2025", "2021-12-31")

    assert told["target"]["kind"] == "term"
    assert told["target"]["document"].startswith("Nghị quyết Đại hội Đảng bộ Khối")
    assert told["ratio"]["denominator"] == 700


def test_p2_4_the_outcomes_of_the_96_add_up_to_96_on_any_day(ask: Ask) -> None:
    listed = date(2021, 3, 15)

    assert ask("BT", "2021", "2021-03-14")["rounds"] == []
    for days in (0, 30, 120, 170, 200, 230, 231, 260, 291):
        (told,) = ask("BT", "2021", (listed + timedelta(days=days)).isoformat())["rounds"]
        parts = {name: count for name, count in told.items() if name not in {"round", "listed"}}
        assert told["round"] == "Đợt I năm 2021"
        assert told["listed"] == sum(parts.values()) == 96
        assert min(parts.values()) >= 0
    assert parts == {
        "admitted": 61,
        "in_progress": 18,
        "not_started": 8,
        "withdrawn": 5,
        "refused": 3,
        "deceased": 1,
    }


def test_p2_6_admissions_outside_the_list_stay_distinct_from_it(ask: Ask) -> None:
    told = ask("BT", "2021", "2021-12-31")
    (listed,) = told["rounds"]

    assert told["admitted"] - listed["admitted"] == 93
