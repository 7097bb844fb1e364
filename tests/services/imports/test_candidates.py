"""People from files: each row a history, read as offices write it."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.imports.columns import kinds
from services.imports.values import Said, read
from tests.services.imports.office import Office, errors

ROW = "unit_code,person_ref,{}\nH-1,A,{}\n"
VIETNAMESE = """Mã đơn vị;Mã hồ sơ;Họ và tên;Ngày sinh;Giới tính;Đoàn viên;Ngày kết nạp;Dịp
H-1;079203001234;Nguyễn Văn Mẫu;20/06/1990;Nữ;Có;19/05/2022;19/5
"""


def readable(column: str, text: str) -> object:
    """Return the value of a cell, or the reason for which it has none."""
    kind = kinds()["candidates"]
    said = read(kind, 2, {"unit_code": "H", "person_ref": "A", column: text})
    return said.get(column) if isinstance(said, Said) else said[0].refusal.code


def test_each_dated_column_becomes_the_fact_it_names_in_the_order_of_the_journey(
    office: Office,
) -> None:
    before = office.head()

    office.take(
        ROW.format(
            "ceremony_on,applied_on,sealed_on,decided_on,certified_on",
            "2022-05-19,2021-11-30,2021-12-13,2022-05-03,2021-11-11",
        )
    )

    facts = office.facts(after=before)
    assert [(name, fact["on"]) for name, fact in facts[2:]] == [
        ("ApplicationSubmitted", "2021-11-30"),
        ("PersonalHistorySealed", "2021-12-13"),
        ("CertificateNoted", "2021-11-11"),
        ("AdmissionDecided", "2022-05-03"),
        ("CeremonyHeld", "2022-05-19"),
    ]
    assert all(fact["imported"] for _, fact in facts[2:])


def test_nothing_appears_in_training(office: Office) -> None:
    office.take(ROW.format("certified_on,class_code", "2021-11-11,L1"))

    assert office.head("training") == 0


def test_vietnamese_headers_and_values_are_taken(office: Office) -> None:
    before = office.head()

    report = office.take(VIETNAMESE)

    assert (report.kind, report.bad, report.changed) == ("candidates", 0, 1)
    _, fact = office.facts(after=before)[-1]
    assert (fact["on"], fact["facets"]["sex"], fact["facets"]["youth_union"]) == (
        "2022-05-19",
        "female",
        True,
    )
    assert fact["facets"]["occasion"] == "19/5"


def test_headers_and_values_are_known_however_they_are_spelt(office: Office) -> None:
    shouted = unicodedata.normalize("NFD", VIETNAMESE.upper())

    report = office.take(shouted)

    assert (report.kind, report.bad, report.changed) == ("candidates", 0, 1)
    assert errors(office.take(VIETNAMESE)) == [(2, ("full_name",), "differs-from-recorded")]


def test_text_is_normalised_so_that_the_same_person_is_found(office: Office) -> None:
    office.take("unit_code,person_ref,full_name\nH-1,Đ-1,Đặng Thị Ứng\n")

    nfd = unicodedata.normalize("NFD", "unit_code,person_ref,full_name\nH-1,Đ-1,Đặng Thị Ứng\n")
    hidden = "unit_code,person_ref,full_name\nH-1,\u200bĐ-1\u200e,\u202eĐặng  Thị\u00a0Ứng\n"

    assert [(r.bad, r.changed) for r in (office.take(nfd), office.take(hidden))] == [(0, 0)] * 2


def test_an_empty_date_is_unknown_and_later_filled_in(office: Office) -> None:
    office.take(ROW.format("ceremony_on,applied_on", "2022-05-19,"))
    before = office.head()

    report = office.take(ROW.format("ceremony_on,applied_on", ",2021-11-30"))

    assert (report.bad, report.changed) == (0, 1)
    assert [name for name, _ in office.facts(after=before)] == ["ApplicationSubmitted"]


def test_a_repeated_reference_in_one_file_is_an_error(office: Office) -> None:
    report = office.take("unit_code,person_ref\nH-1,A\nH-2,B\nH-2,A\n")

    assert errors(report) == [(4, ("person_ref",), "repeated-in-file")]
    assert "row 2" in report.errors[0].reason("en")


def test_a_repetition_is_found_however_far_apart(office: Office) -> None:
    rows = "".join(f"H-1,P{n}\n" for n in range(700))

    report = office.take(f"unit_code,person_ref\n{rows}H-1,P0\n", commit=False)

    assert errors(report) == [(702, ("person_ref",), "repeated-in-file")]


def test_what_differs_is_an_error_unless_it_corrects(office: Office) -> None:
    office.take(ROW.format("full_name,sex,ceremony_on", "Một,nam,2022-05-19"))
    changed = ROW.format("full_name,sex,ceremony_on", "Hai,nữ,2022-05-20")
    before = office.head()

    refused = office.take(changed)
    assert office.head() == before
    corrected = office.correct(changed)

    assert errors(refused) == [
        (2, ("full_name", "sex", "ceremony_on"), "differs-from-recorded"),
    ]
    assert (corrected.bad, corrected.changed) == (0, 1)
    assert {"FacetsCorrected", "FactCorrected", "PersonDetailsRecorded"} == {
        name for name, _ in office.facts(after=before)
    }


def test_days_out_of_order_name_both_columns(office: Office) -> None:
    report = office.take(ROW.format("applied_on,ceremony_on", "2022-06-01,2022-05-19"))

    assert errors(report) == [(2, ("applied_on", "ceremony_on"), "days-out-of-order")]


def test_equal_days_are_in_order(office: Office) -> None:
    assert office.take(ROW.format("decided_on,ceremony_on", "2022-05-19,2022-05-19")).bad == 0


def test_the_merged_history_is_checked_and_not_the_row(office: Office) -> None:
    office.take(ROW.format("ceremony_on", "2022-05-19"))

    report = office.take(ROW.format("applied_on", "2022-06-01"))

    assert errors(report) == [(2, ("applied_on", "ceremony_on"), "days-out-of-order")]


def test_under_eighteen_at_the_cell_vote_is_an_error(office: Office) -> None:
    report = office.take(ROW.format("birth_date,cell_vote_on", "2004-06-30,2022-05-31"))

    assert [code for _, _, code in errors(report)] == ["under-age"]


def test_an_act_outside_the_days_of_its_unit_goes_to_the_lone_successor(office: Office) -> None:
    office.take(
        "code,name,kind,parent_code,valid_to,successor_code\n"
        "H-1,Đảng ủy xã Một,grassroots_committee,H,2022-03-31,H-2\n"
    )
    before = office.head()

    report = office.take(ROW.format("applied_on,ceremony_on", "2021-11-30,2022-05-19"))

    tree = office.ketnap.units.tree
    assert report.bad == 0
    assert [
        (name, fact["unit"])
        for name, fact in office.facts(after=before)
        if name in {"ApplicationSubmitted", "CeremonyHeld"}
    ] == [
        ("ApplicationSubmitted", str(tree.with_code("H-1")[0])),
        ("CeremonyHeld", str(tree.with_code("H-2")[0])),
    ]
    assert office.take(ROW.format("applied_on,ceremony_on", "2021-11-30,2022-05-19")).changed == 0


def test_an_act_outside_the_days_of_its_unit_is_an_error(office: Office) -> None:
    office.take("code,name,kind,parent_code,valid_from\nN,Mới,cell,H,2022-01-01\n")

    report = office.take("unit_code,person_ref,applied_on,ceremony_on\nN,A,2021-11-30,2022-05-19\n")

    assert errors(report) == [(2, ("unit_code", "applied_on"), "unit-not-valid-on-that-day")]


@pytest.mark.parametrize(("unit", "code"), [("TT", "unit-does-not-admit"), ("X", "unknown-unit")])
def test_only_a_unit_that_admits_takes_people(office: Office, unit: str, code: str) -> None:
    report = office.take(f"unit_code,person_ref,ceremony_on\n{unit},A,2022-05-19\n")

    assert errors(report) == [(2, ("unit_code",), code)]


@pytest.mark.parametrize("unit", ["H", "H-1", "H-1-1"])
def test_people_may_stand_at_any_level(office: Office, unit: str) -> None:
    assert office.take(f"unit_code,person_ref,ceremony_on\n{unit},A,2022-05-19\n").bad == 0


def test_who_is_referred_by_a_mass_organisation_is_referred(office: Office) -> None:
    before = office.head()

    office.take(
        "unit_code,person_ref,referred_by,ceremony_on\n"
        "H-1,A,DT,2022-05-19\nH-1,B,H,2022-05-19\nH-1,C,,2022-05-19\n"
    )

    told = [f["facets"] for name, f in office.facts(after=before) if name == "CeremonyHeld"]
    assert [facets.get("referred", False) for facets in told] == [True, False, False]


def test_who_is_referred_by_an_unknown_unit_is_an_error(office: Office) -> None:
    report = office.take(ROW.format("referred_by", "NO"))

    assert errors(report) == [(2, ("referred_by",), "unknown-unit")]


def test_a_day_of_leaving_needs_its_kind(office: Office) -> None:
    report = office.take(ROW.format("left_on", "2022-05-19"))

    assert [(code, set(columns)) for _, columns, code in errors(report)] == [
        ("left-kind-missing", {"left_on", "left_kind"})
    ]


# Cells


@pytest.mark.parametrize("text", ["2021-10-31", "31/10/2021"])
def test_days_are_iso_or_vietnamese(text: str) -> None:
    assert readable("ceremony_on", text) == date(2021, 10, 31)


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2021",
        "2021-13-01",
        "10/31/2021",
        "31/10/21",
        "31-10-2021",
        "44500",
        "tháng 5",
        "0021-10-31",
    ],
)
def test_what_is_no_day_is_unreadable(text: str) -> None:
    assert readable("ceremony_on", text) == "unreadable-value"


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("no", False), ("Có", True), ("KHÔNG", False), ("x", "unreadable-value")],
)
def test_yes_and_no_are_said_in_two_languages(text: str, value: object) -> None:
    assert readable("youth_union", text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7.335", 7335),
        ("7335", 7335),
        ("1.455.000", 1455000),
        ("0", 0),
        ("7,0", 7),
        ("7,5", "unreadable-value"),
        ("7.33", "unreadable-value"),
        ("73.35", "unreadable-value"),
        ("0.335", "unreadable-value"),
        ("7,335", "unreadable-value"),
        ("-5", "unreadable-value"),
        ("1e3", "unreadable-value"),
        ("٣", "unreadable-value"),
        ("9" * 30, "unreadable-value"),
    ],
)
def test_a_dot_before_three_digits_separates_thousands_and_a_comma_is_the_decimal_mark(
    text: str, value: object
) -> None:
    said = read(
        kinds()["counts"],
        2,
        {"unit_code": "H", "indicator": "admitted", "period": "2022", "count": text},
    )

    assert (said.get("count") if isinstance(said, Said) else said[0].refusal.code) == value


def test_identity_numbers_stay_text() -> None:
    assert readable("person_ref", "001203004567") == "001203004567"


@pytest.mark.parametrize("text", ["7.92E+10", "7,92E+10", "7e+10"])
def test_a_number_that_a_spreadsheet_has_rounded_names_nobody(text: str) -> None:
    assert readable("person_ref", text) == "mangled-number"


def test_a_cell_of_a_novel_is_too_long() -> None:
    assert readable("full_name", "x" * 1001) == "value-too-long"


@given(st.text(min_size=1, max_size=60))
def test_any_text_is_read_or_refused_in_every_column(text: str) -> None:
    for kind in kinds().values():
        for column in kind.columns:
            said = read(kind, 2, {column: text})
            assert isinstance(said, Said | list)


def test_an_act_on_a_day_that_is_still_to_come_is_an_error_of_its_column(office: Office) -> None:
    report = office.take(ROW.format("ceremony_on", "2022-05-19"), today=date(2022, 5, 18))

    assert errors(report) == [(2, ("ceremony_on",), "day-to-come")]
    assert office.take(ROW.format("ceremony_on", "2022-05-19"), today=date(2022, 5, 19)).is_good
