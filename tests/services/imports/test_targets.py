"""Targets from files."""

from __future__ import annotations

import pytest

from tests.services.imports.office import Office, errors

HEADER = (
    "unit_code,period,kind,minimum,maximum,category,issued_on,deadline,"
    "deadline_inclusive,document\n"
)


def test_a_target_is_in_force_from_the_day_it_was_issued(office: Office) -> None:
    report = office.take(HEADER + "H,2022,giao,1.455,,,15/01/2022,31/10/2022,không,01-KH/MAU\n")

    assert (report.bad, report.changed) == (0, 1)
    ((name, fact),) = office.facts("reporting")
    assert name == "TargetIssued"
    assert (fact["on"], fact["minimum"], fact["deadline"], fact["document"]) == (
        "2022-01-15",
        1455,
        "2022-10-31",
        "01-KH/MAU",
    )
    assert fact["deadline_inclusive"] is False


def test_an_empty_day_of_issue_is_the_first_day_of_the_period(office: Office) -> None:
    office.take(HEADER + "H,2022-H2,registered,5,,,,2022-12-01,,\n")

    ((_, fact),) = office.facts("reporting")
    assert fact["on"] == "2022-07-01"
    assert fact.get("deadline_inclusive", True) is True


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("assigned", "assigned"),
        ("Chỉ tiêu giao", "assigned"),
        ("ĐĂNG KÝ", "registered"),
        ("nhiệm kỳ", "term"),
        ("thành phần", "sub"),
        ("cam kết", "pledge"),
        ("tối thiểu", "minimum"),
    ],
)
def test_kinds_of_targets_go_by_code_or_name(office: Office, written: str, code: str) -> None:
    office.take(HEADER + f"H,2022,{written},5,,,,,,\n")

    ((_, fact),) = office.facts("reporting")
    assert fact["kind"] == code


def test_a_later_day_of_issue_amends_from_that_day(office: Office) -> None:
    report = office.take(
        HEADER + "H,2022,assigned,160,,,2022-06-01,,,\n" + "H,2022,assigned,151,,,,,,\n"
    )

    assert (report.bad, report.changed) == (0, 2)
    assert [(n, f["on"], f["minimum"]) for n, f in office.facts("reporting")] == [
        ("TargetIssued", "2022-01-01", 151),
        ("TargetAmended", "2022-06-01", 160),
    ]


def test_other_periods_kinds_and_categories_are_other_targets(office: Office) -> None:
    report = office.take(
        HEADER
        + "H,2022,assigned,151,,,,,,\n"
        + "H,2022,sub,10,,công nhân,,,,\n"
        + "H,2022,sub,20,,học sinh,,,,\n"
        + "H,2020-2025,term,700,800,,,,,\n"
    )

    assert (report.bad, report.changed) == (0, 4)
    assert {name for name, _ in office.facts("reporting")} == {"TargetIssued"}


def test_the_same_days_are_the_same_period_however_they_are_written(office: Office) -> None:
    office.take(HEADER + "H,2022,assigned,151,,,,,,\n")

    report = office.take(HEADER + "H,2022-01-01/2022-12-31,assigned,151,,,,,,\n")

    assert (report.bad, report.changed) == (0, 0)


def test_what_differs_on_the_same_day_is_an_error_unless_it_corrects(office: Office) -> None:
    office.take(HEADER + "H,2022,assigned,151,,,,,,01-KH\n")
    changed = HEADER + "H,2022,assigned,152,,,,,,\n"

    refused, corrected = office.take(changed), office.correct(changed)

    assert errors(refused) == [(2, ("minimum",), "differs-from-recorded")]
    assert (corrected.bad, corrected.changed) == (0, 1)
    name, fact = office.facts("reporting")[-1]
    assert (name, fact["minimum"], fact["corrects"], fact["document"]) == (
        "TargetAmended",
        152,
        True,
        "01-KH",
    )
    assert fact["reason"] == "misread (12-CV/MAU)"


def test_what_was_absent_is_completed(office: Office) -> None:
    office.take(HEADER + "H,2022,assigned,151,,,,,,\n")

    report = office.take(HEADER + "H,2022,assigned,,,,,,,\n")
    assert errors(report) == [(2, ("minimum",), "missing-value")]
    report = office.take(HEADER + "H,2022,assigned,151,160,,,,,02-KH\n")

    assert (report.bad, report.changed) == (0, 1)
    _, fact = office.facts("reporting")[-1]
    assert (fact["maximum"], fact["document"]) == (160, "02-KH")


def test_a_maximum_below_the_minimum_names_both_columns(office: Office) -> None:
    report = office.take(HEADER + "H,2022,assigned,151,150,,,,,\n")

    assert errors(report) == [(2, ("minimum", "maximum"), "bounds-crossed")]


def test_a_unit_that_admits_nobody_has_no_target(office: Office) -> None:
    report = office.take(HEADER + "DT,2022,assigned,5,,,,,,\nNO,2022,assigned,5,,,,,,\n")

    assert errors(report) == [
        (2, ("unit_code",), "unit-does-not-admit"),
        (3, ("unit_code",), "unknown-unit"),
    ]
