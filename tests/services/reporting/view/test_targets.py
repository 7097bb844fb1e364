"""Which target a figure is measured against, and how each target stands."""

from __future__ import annotations

import pytest

from tests.services.reporting.office import Office, finding, kinds

HUYEN = "district_committee"
XA = "grassroots_committee"


def test_the_target_of_exactly_the_period_is_the_denominator(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2022", 151, document="KH 12")
    office.target("H", "2022-H1", 70)
    office.target("H", "2022", 60, category="female")
    office.target("H", "2022", 99, kind="registered")
    office.admit("H", "2022-03-03", times=52)

    told = office.figures("H", "2022", "2022-08-26")

    assert told["target"] == {
        "kind": "assigned",
        "minimum": 151,
        "maximum": None,
        "deadline": None,
        "deadline_inclusive": True,
        "document": "KH 12",
    }
    assert told["ratio"] == {
        "numerator": 52,
        "denominator": 151,
        "denominator_is": "assigned target of 2022",
        "percent": "34,4%",
    }
    assert told["remaining"] == 99


def test_else_it_is_the_term_target_of_exactly_the_period(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2020-2025", 700, maximum=800, kind="term")
    office.target("H", "2020-2026", 900)
    for year in range(2020, 2026):
        office.target("H", str(year), 1)

    told = office.figures("H", "2020-2025", "2022-12-31")

    assert (told["target"]["kind"], told["target"]["minimum"]) == ("term", 700)
    assert told["ratio"]["denominator_is"] == "term target of 2020-2025"


def test_else_it_is_the_sum_of_the_fewest_assigned_targets_that_tile_the_period(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    for period, minimum in (
        ("2020", 70),
        ("2021-H1", 1000),
        ("2021-H2", 1000),
        ("2021", 72),
        ("2022", 78),
    ):
        office.target("H", period, minimum, document="x", deadline="2022-01-31")
    office.target("H", "2020-2025", 999)
    office.admit("H", "2022-12-31", times=237)

    told = office.figures("H", "2020-2022", "2022-12-31")

    assert told["target"] == {
        "kind": "assigned",
        "minimum": 220,
        "maximum": None,
        "deadline": None,
        "deadline_inclusive": True,
        "document": None,
    }
    assert told["ratio"]["denominator_is"] == "assigned targets of 2020, 2021, 2022"
    assert (told["ratio"]["percent"], told["remaining"]) == ("107,7%", -17)


def test_else_it_is_the_smallest_assigned_target_that_encloses_the_period(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2020-2025", 9000)
    office.target("H", "2022", 1700)
    office.target("H", "2022", 5, category="female")
    office.target("H", "2021-2022", 3000)
    office.count("H", "admitted", "2022-H1", 612)

    told = office.figures("H", "2022-H1", "2022-06-30")

    assert told["ratio"]["denominator_is"] == "assigned target of 2022"
    assert (told["ratio"]["percent"], told["remaining"]) == ("36,0%", 1088)


def test_without_a_target_ratio_and_remainder_are_null_with_a_finding(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.target("A", "2022", 5)
    office.target("H", "2022", 5, category="female")
    office.admit("H", "2022-03-03")

    told = office.figures("H", "2022", "2022-08-26")

    assert (told["target"], told["ratio"], told["remaining"]) == (None, None, None)
    assert "ratio-without-denominator" in kinds(told)
    assert told["by_unit"][0]["ratio"]["denominator"] == 5


def test_a_target_of_nobody_gives_no_ratio_and_is_not_told_as_none(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2022", 0)
    office.admit("H", "2022-03-03")

    told = office.figures("H", "2022", "2022-08-26")

    assert (told["target"]["minimum"], told["ratio"], told["remaining"]) == (0, None, -1)
    (found,) = (row for row in told["findings"] if row["kind"] == "ratio-without-denominator")
    assert found["words"] == "ratio-of-zero"


def test_a_target_is_not_there_before_it_is_issued_and_changes_when_it_is_amended(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2022", 100, issued="2022-02-01")
    office.target("H", "2022", 151, issued="2022-05-01")
    office.target("H", "2022", 120, issued="2022-02-01", corrects=True)

    assert office.figures("H", "2022", "2022-01-31")["target"] is None
    assert office.figures("H", "2022", "2022-04-30")["target"]["minimum"] == 120
    assert office.figures("H", "2022", "2022-05-01")["target"]["minimum"] == 151


def test_as_known_before_an_amendment_the_target_is_what_it_was(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2022", 100)
    before = office.recorded
    office.target("H", "2022", 151)

    assert office.figures("H", "2022", "2022-04-30", known_at=before)["target"]["minimum"] == 100
    assert office.figures("H", "2022", "2022-04-30")["target"]["minimum"] == 151


@pytest.mark.parametrize(("inclusive", "in_time"), [(True, 3), (False, 1)])
def test_toward_a_target_what_comes_after_its_deadline_does_not_count(
    office: Office,
    inclusive: bool,  # noqa: FBT001 - as the column says
    in_time: int,
) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    for unit in ("H", "A"):
        office.target(unit, "2021", 150, deadline="2021-10-31", deadline_inclusive=inclusive)
    office.admit("A", "2021-10-30", times=1)
    office.admit("A", "2021-10-31", times=2)
    office.admit("A", "2021-11-01", times=4)
    office.count("A", "admitted", "2021-11", 8)

    told = office.figures("H", "2021", "2021-12-31")

    assert told["admitted"] == 15
    assert told["ratio"]["numerator"] == in_time
    assert told["remaining"] == 150 - in_time
    assert told["targets"][0]["admitted"] == in_time
    assert told["by_unit"][0]["admitted"] == 15
    assert told["by_unit"][0]["ratio"]["numerator"] == in_time
    assert told["target"]["deadline"] == "2021-10-31"
    assert finding(told, "after-deadline") == {
        "unit": "H",
        "expected": in_time,
        "actual": 15,
        "difference": 15 - in_time,
    }
    assert "after-deadline" not in kinds(office.figures("H", "2021", "2021-10-30"))


def test_every_target_that_overlaps_the_period_is_listed_over_its_own(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2020-2025", 5, maximum=7, kind="term", issued="2020-01-01")
    office.target("H", "2022", 2, maximum=2)
    office.target("H", "2021", 1)
    office.target("H", "2022-Q1", 9, kind="pledge")
    office.admit("H", "2020-05-05", times=3)
    office.admit("H", "2022-05-05", times=2)
    office.admit("H", "2022-12-05", times=3)

    told = office.figures("H", "2022", "2022-11-30")

    assert [
        (row["kind"], row["period"], row["admitted"], row["state"]) for row in told["targets"]
    ] == [
        ("term", "2020-2025", 5, "reached"),
        ("pledge", "2022-Q1", 0, "below"),
        ("assigned", "2022", 2, "reached"),
    ]
    later = office.figures("H", "2022", "2022-12-31")["targets"]
    assert [row["state"] for row in later] == ["exceeded", "below", "exceeded"]


def test_a_category_counts_the_people_with_that_group_occupation_or_facet(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for category in ("worker", "female", "youth_union", "on_occasion"):
        office.target("H", "2022", 2, kind="sub", category=category)
    office.admit("H", "2022-03-03", sex="female", occupation="worker", source_group="worker")
    office.admit("H", "2022-03-03", occupation="nurse", source_group="worker", youth_union=True)
    office.admit("H", "2022-03-03", occupation="worker", youth_union=False)
    office.case("H").did("ceremony", "2022-05-19", occasion="19/5")
    office.count("H", "admitted", "2022-02", 10)

    told = office.figures("H", "2022", "2022-12-31")

    assert {row["category"]: row["admitted"] for row in told["targets"]} == {
        "worker": 3,
        "female": 1,
        "youth_union": 1,
        "on_occasion": 1,
    }


def test_the_residual_of_an_allocation_is_a_finding(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    office.target("H", "2022", 151)
    office.target("A", "2022", 100)
    office.target("A", "2022", 30, kind="registered")
    office.target("A", "2022", 30, category="female")

    told = office.figures("H", "2022", "2022-08-26")

    assert finding(told, "allocation-residual") == {
        "unit": "H",
        "expected": 151,
        "actual": 100,
        "difference": -51,
    }


def test_no_residual_where_all_is_allocated_or_nothing_is(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    office.target("H", "2022", 151)
    office.target("H", "2023", 151)
    office.target("A", "2022", 100)
    office.target("B", "2022", 51)

    assert "allocation-residual" not in kinds(office.figures("H", "2022", "2022-08-26"))
    assert "allocation-residual" not in kinds(office.figures("H", "2023", "2023-08-26"))


def test_of_two_tilings_the_one_with_fewer_targets_is_taken(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for period, minimum in (
        ("2022-Q1", 100),
        ("2022-Q2", 100),
        ("2022-H2", 100),
        ("2022-01-01/2022-09-30", 5),
        ("2022-Q4", 6),
    ):
        office.target("H", period, minimum)

    assert office.figures("H", "2022", "2022-12-31")["target"]["minimum"] == 11
