"""Awareness classes from files."""

from __future__ import annotations

from tests.services.imports.office import Office, errors

HEADER = "code,centre,opened_on,closed_on,weekend,co_organiser,enrolled,certified\n"


def test_a_class_is_recorded_with_what_is_known_of_it(office: Office) -> None:
    report = office.take(HEADER + "L1,TT,11/05/2020,16/05/2020,có,Công đoàn,68,\n")

    assert (report.bad, report.changed) == (0, 1)
    (opened, first), (completed, second) = office.facts("training")
    assert (opened, first["on"], first["enrolled"], first["weekend"], first["imported"]) == (
        "ClassOpened",
        "2020-05-11",
        68,
        True,
        True,
    )
    assert (completed, second["on"], second.get("certified")) == (
        "ClassCompleted",
        "2020-05-16",
        None,
    )


def test_a_class_without_its_centre_is_an_error(office: Office) -> None:
    report = office.take(HEADER + "L1,,2020-05-11,,,,,\nL2,XX,2020-05-11,,,,,\n")

    assert errors(report) == [
        (2, ("centre",), "missing-value"),
        (3, ("centre",), "unknown-unit"),
    ]


def test_a_class_that_ends_before_it_begins_names_both_columns(office: Office) -> None:
    report = office.take(HEADER + "L1,TT,2020-05-11,2020-05-10,,,,\n")

    assert errors(report) == [(2, ("opened_on", "closed_on"), "days-out-of-order")]


def test_a_later_file_completes_a_class(office: Office) -> None:
    office.take(HEADER + "L1,TT,2020-05-11,,,,68,\n")

    report = office.take(HEADER + "L1,TT,,2020-05-16,,,,66\n")

    assert (report.bad, report.changed) == (0, 1)
    assert [name for name, _ in office.facts("training")] == ["ClassOpened", "ClassCompleted"]


def test_what_differs_is_an_error_unless_it_corrects(office: Office) -> None:
    office.take(HEADER + "L1,TT,2020-05-11,,,,68,\n")
    changed = HEADER + "L1,TT,2020-05-12,,,,70,\n"

    refused, corrected = office.take(changed), office.correct(changed)

    assert errors(refused) == [(2, ("opened_on", "enrolled"), "differs-from-recorded")]
    assert (corrected.bad, corrected.changed) == (0, 1)
    name, fact = office.facts("training")[-1]
    assert (name, fact["opened_on"], fact["enrolled"], fact["reason"]) == (
        "ClassCorrected",
        "2020-05-12",
        70,
        "misread",
    )
