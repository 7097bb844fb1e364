"""Opening counts, classes and members."""

from __future__ import annotations

import pytest

from tests.services.reporting.office import Office, finding, kinds

HUYEN = "district_committee"
XA = "grassroots_committee"


def test_counts_add_to_people_and_to_the_counts_of_units_below(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.count("H", "received", "2022-01", 1)
    office.count("A", "received", "2022-Q1", 2)
    office.count("A", "recognised", "2022-Q1", 4)
    office.count("A", "struck_off", "2022-Q1", 8)
    office.count("A", "resigned", "2022-Q1", 16)
    office.count("A", "admitted", "2022-Q1", 32)
    office.case("A").journey(dossier_received="2022-06-01")

    told = office.figures("H", "2022", "2022-12-31")

    assert told["funnel"]["received"] == 4
    assert (told["funnel"]["recognised"], told["funnel"]["admitted"]) == (4, 32)
    assert (told["left"]["struck_off"], told["left"]["resigned"]) == (8, 16)
    assert told["by_unit"][0]["admitted"] == told["admitted"] == 32


@pytest.mark.parametrize(
    ("period", "as_of", "counted"),
    [
        ("2022-H1", "2022-12-31", 5),
        ("2022", "2022-06-30", 5),
        ("2022-01-01/2022-06-29", "2022-12-31", 0),
        ("2022-Q2", "2022-12-31", 0),
        ("2020-2025", "2022-06-30", 5),
    ],
)
def test_a_count_belongs_to_every_period_that_wholly_contains_its_own(
    office: Office, period: str, as_of: str, counted: int
) -> None:
    office.unit("H", kind=HUYEN)
    office.count("H", "admitted", "2022-H1", 5)

    told = office.figures("H", period, as_of)

    assert told["admitted"] == counted
    assert "count-not-yet-effective" not in kinds(told)


def test_a_count_is_left_out_before_the_last_day_of_its_period_with_a_finding(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.count("A", "admitted", "2022-H1", 5)

    told = office.figures("H", "2022", "2022-06-29")

    assert told["admitted"] == 0
    assert finding(told, "count-not-yet-effective") == {
        "unit": "A",
        "expected": 5,
        "actual": 0,
        "difference": -5,
    }


def test_people_who_are_counted_already_are_a_finding_and_both_add(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.unit("C", "A")
    office.count("A", "admitted", "2022-H1", 5)
    office.admit("C", "2022-06-30", times=2)
    office.admit("H", "2022-06-30")
    office.admit("A", "2022-07-01")

    told = office.figures("H", "2022", "2022-12-31")

    assert told["admitted"] == 9
    assert finding(told, "count-overlap")["actual"] == 3
    assert finding(told, "count-overlap")["unit"] == "A"
    below = office.figures("A", "2022", "2022-12-31")
    assert finding(below, "count-overlap")["actual"] == 2


def test_a_corrected_count_is_what_it_was_before_and_what_it_is_since(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.count("H", "admitted", "2022-H1", 5)
    before = office.recorded
    office.count("H", "admitted", "2022-H1", 6)

    assert office.figures("H", "2022", "2022-12-31")["admitted"] == 6
    assert office.figures("H", "2022", "2022-12-31", known_at=before)["admitted"] == 5


def test_classes_are_of_the_centres_at_or_below_opened_in_the_period(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("T", "H", kind="training_centre")
    office.open_class("1", "T", "2022-01-01", 70)
    office.open_class("2", "H", "2022-08-26", 72)
    office.open_class("3", "T", "2022-08-27", 80)
    office.open_class("4", "T", "2021-12-31", 80)

    told = office.figures("H", "2022", "2022-08-26")

    assert told["classes"] == {"classes": 2, "learners": 142, "certified": None}
    assert "unknown-part" in kinds(told)


def test_who_passed_is_known_from_the_day_a_class_ended(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.open_class("1", "H", "2022-01-01", 70)
    office.complete_class("1", "H", "2022-03-01", 68)

    assert office.figures("H", "2022", "2022-02-28")["classes"]["certified"] is None
    assert office.figures("H", "2022", "2022-03-01")["classes"]["certified"] == 68


def test_a_sum_with_an_unknown_part_is_null(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.open_class("1", "H", "2022-01-01", 70)
    office.open_class("2", "H", "2022-01-01", None)

    assert office.figures("H", "2022", "2022-08-26")["classes"]["learners"] is None
    assert office.figures("H", "2021", "2022-08-26")["classes"] == {
        "classes": 0,
        "learners": 0,
        "certified": 0,
    }


def test_more_certificates_than_learners_are_a_finding(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.open_class("1", "H", "2022-01-01", 70)
    office.complete_class("1", "H", "2022-03-01", 71)

    told = office.figures("H", "2022", "2022-08-26")

    assert finding(told, "count-exceeds-base")["difference"] == 1


def test_members_are_the_units_own_latest_figure(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.count("H", "members", "2020-01-31/2020-01-31", 7000)
    office.count("H", "members", "2020-08-27/2020-08-27", 7335)
    office.count("A", "members", "2020-08-27/2020-08-27", 100)

    assert office.figures("H", "2020", "2020-08-27")["members"] == {
        "count": 7335,
        "on": "2020-08-27",
    }
    assert office.figures("H", "2020", "2020-08-26")["members"] == {
        "count": 7000,
        "on": "2020-01-31",
    }


def test_else_the_sum_over_the_children_with_the_oldest_day(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    office.unit("C", "B")
    office.unit("D", "H", kind="mass_organisation")
    office.count("A", "members", "2020-08-27/2020-08-27", 100)
    office.count("C", "members", "2020-06-01/2020-06-01", 20)

    assert office.figures("H", "2020", "2020-08-27")["members"] == {
        "count": 120,
        "on": "2020-06-01",
    }


def test_members_with_an_unknown_part_are_null_with_a_finding(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    office.count("A", "members", "2020-08-27/2020-08-27", 100)

    told = office.figures("H", "2020", "2020-08-27")

    assert told["members"] is None
    assert finding(told, "unknown-part") == {
        "unit": "H",
        "expected": 2,
        "actual": 1,
        "difference": -1,
    }
