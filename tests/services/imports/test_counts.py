"""Opening counts from files, and what they must not overlap."""

from __future__ import annotations

from datetime import date

import pytest

from events.envelope import By
from services.dossiers.application import RecordHistory
from tests.services.imports.office import Office, errors

HEADER = "unit_code,indicator,period,count,source\n"
PERSON = "unit_code,person_ref,ceremony_on\n{},{},{}\n"


def test_a_count_takes_effect_on_the_last_day_of_its_period(office: Office) -> None:
    report = office.take(HEADER + "H,kết nạp,2020,1.300,báo cáo năm\n")

    assert (report.bad, report.changed) == (0, 1)
    ((name, fact),) = office.facts("reporting")
    assert (name, fact["on"], fact["indicator"], fact["count"], fact["source"]) == (
        "CountRecorded",
        "2020-12-31",
        "admitted",
        1300,
        "báo cáo năm",
    )


@pytest.mark.parametrize("unit", ["H", "H-1", "H-1-1"])
@pytest.mark.parametrize("period", ["2020", "2020-H2", "2019-2021", "2020-12-31/2021-01-31"])
def test_a_count_must_not_overlap_another_in_the_unit_above_or_below(
    office: Office, unit: str, period: str
) -> None:
    office.take(HEADER + "H-1,admitted,2020,5,\n")

    if (unit, period) == ("H-1", "2020"):
        return
    report = office.take(HEADER + f"{unit},admitted,{period},3,\n")

    ((row, columns, code),) = errors(report)
    assert (row, columns, code) == (2, ("period",), "count-overlaps-count")
    text = report.errors[0].reason("en")
    assert f"of {unit} in {period} overlaps that of H-1 in 2020" in text


def test_two_rows_of_one_file_must_not_overlap(office: Office) -> None:
    report = office.take(HEADER + "H-1,admitted,2020,5,\nH,admitted,2020-Q4,1,\n")

    assert errors(report) == [(3, ("period",), "count-overlaps-count")]


@pytest.mark.parametrize(
    "row",
    ["H-2,admitted,2020,5,", "H-1,admitted,2021,5,", "H-1,received,2020,5,"],
)
def test_counts_of_others_of_other_days_and_of_other_things_do_not_overlap(
    office: Office, row: str
) -> None:
    office.take(HEADER + "H-1,admitted,2020,5,\n")

    assert office.take(HEADER + row + "\n").bad == 0


def test_members_neither_add_nor_overlap(office: Office) -> None:
    report = office.take(HEADER + "H,members,2020,5,\nH,members,2020-Q4,6,\nH-1,members,2020,3,\n")

    assert (report.bad, report.changed) == (0, 3)


@pytest.mark.parametrize("unit", ["H", "H-1", "H-1-1"])
def test_a_count_must_not_overlap_people_known_one_by_one(office: Office, unit: str) -> None:
    office.take(PERSON.format("H-1", "A", "2020-05-19"))

    report = office.take(HEADER + f"{unit},admitted,2020,5,\n")

    assert errors(report) == [(2, ("period",), "count-overlaps-people")]
    assert f"{unit} in 2020 overlaps people known one by one in H-1, on" in (
        report.errors[0].reason("en")
    )


def test_people_beside_the_unit_or_outside_the_period_are_no_matter(office: Office) -> None:
    office.take(PERSON.format("H-1", "A", "2020-05-19"))

    assert office.take(HEADER + "H-2,admitted,2020,5,\nH-1,admitted,2021,5,\n").bad == 0


@pytest.mark.parametrize("unit", ["H", "H-1", "H-1-1"])
def test_people_must_not_be_taken_into_a_counted_period(office: Office, unit: str) -> None:
    office.take(HEADER + "H-1,admitted,2020,5,\n")

    report = office.take(PERSON.format(unit, "A", "2020-05-19"))

    assert errors(report) == [(2, ("unit_code", "ceremony_on"), "counted-already")]
    assert "count of admitted of H-1 in 2020" in report.errors[0].reason("en")


def test_a_preview_knows_the_counts_of_its_earlier_files(office: Office) -> None:
    reports = office.preview(
        PERSON.format("H-1-1", "A", "2020-05-19"), HEADER + "H-1,admitted,2020,5,\n"
    )

    assert [(r.kind, r.bad) for r in reports] == [("counts", 0), ("candidates", 1)]


@pytest.mark.parametrize(
    ("indicator", "columns", "cells"),
    [
        ("received", "dossier_received_on", "2020-05-19"),
        ("struck_off", "ceremony_on,left_on,left_kind", "2019-05-19,2020-05-19,xóa tên"),
        ("resigned", "ceremony_on,left_on,left_kind", "2019-05-19,2020-05-19,resigned"),
        ("recognised", "ceremony_on,recognised_on", "2019-05-19,2021-06-01"),
    ],
)
def test_every_indicator_is_guarded(
    office: Office, indicator: str, columns: str, cells: str
) -> None:
    office.take(HEADER + f"H,{indicator},2020,5,\n")

    report = office.take(f"unit_code,person_ref,{columns}\nH-1,A,{cells}\n")

    assert [code for _, _, code in errors(report)] == ["counted-already"]


def test_who_is_known_already_is_completed_in_a_counted_period(office: Office) -> None:
    office.take("unit_code,person_ref,ceremony_on,cell_vote_on\nH-1,A,2020-05-19,2020-01-10\n")
    office.take(HEADER + "H-1,received,2020,5,\n")

    report = office.take("unit_code,person_ref,applied_on\nH-1,A,2019-10-01\n")

    assert (report.bad, report.changed) == (0, 1)


def test_an_act_that_was_recorded_live_in_a_counted_period_is_taken(office: Office) -> None:
    office.take(HEADER + "H-1,admitted,2020,5,\n")
    ketnap, by = office.ketnap, By(actor="clerk")
    (unit,) = ketnap.units.tree.with_code("H-1")
    ceremony = {"ceremony": date(2020, 5, 19)}
    ketnap.dossiers.perform(
        RecordHistory(on=date(2026, 11, 24), person_ref="A", unit=unit, acts=ceremony, by=by)
    )
    ketnap.catch_up()

    known = office.take(
        "unit_code,person_ref,applied_on,ceremony_on\nH-1,A,2019-10-01,2020-05-19\n"
    )
    moved = office.correct(PERSON.format("H-1", "A", "2020-05-20"))

    assert (known.bad, known.changed) == (0, 1)
    assert [code for _, _, code in errors(moved)] == ["counted-already"]


def test_what_differs_is_an_error_unless_it_corrects(office: Office) -> None:
    office.take(HEADER + "H,admitted,2020,5,\n")
    changed = HEADER + "H,admitted,2020,6,\n"

    refused, corrected = office.take(changed), office.correct(changed)

    assert errors(refused) == [(2, ("count",), "differs-from-recorded")]
    assert (corrected.bad, corrected.changed) == (0, 1)
    name, fact = office.facts("reporting")[-1]
    assert (name, fact["count"], fact["reason"], fact["document"]) == (
        "CountCorrected",
        6,
        "misread",
        "12-CV/MAU",
    )


def test_a_count_outside_the_days_of_its_unit_goes_to_the_lone_successor(office: Office) -> None:
    office.take(
        "code,name,kind,parent_code,valid_to,successor_code\n"
        "H-1,Đảng ủy xã Một,grassroots_committee,H,2020-06-30,H-2\n"
    )

    report = office.take(HEADER + "H-1,admitted,2020,5,\n")

    assert report.bad == 0
    ((_, fact),) = office.facts("reporting")
    assert fact["unit"] == str(office.ketnap.units.tree.with_code("H-2")[0])


def test_a_count_outside_the_days_of_its_unit_is_an_error(office: Office) -> None:
    office.take("code,name,kind,parent_code,valid_from\nN,Mới,cell,H,2021-01-01\n")

    report = office.take(HEADER + "N,admitted,2020,5,\nDT,admitted,2020,5,\n")

    assert errors(report) == [
        (2, ("unit_code", "period"), "unit-not-valid-on-that-day"),
        (3, ("unit_code",), "unit-does-not-admit"),
    ]
