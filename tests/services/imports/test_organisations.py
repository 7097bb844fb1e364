"""Units from files: the tree, its changes by day, and what stands recorded."""

from __future__ import annotations

from datetime import date

import pytest

from tests.services.imports.office import UNITS, Office, errors

HEADER = "code,name,kind,parent_code,valid_from,valid_to,successor_code,sector\n"


def unit(office: Office, code: str, on: str) -> dict[str, object] | None:
    """Return what a unit is on a day."""
    tree = office.ketnap.units.tree
    day = date.fromisoformat(on)
    found = tree.by_code(code, day)
    then = tree.unit(found, day) if found else None
    if then is None:
        return None
    return {
        "name": then.name,
        "kind": then.kind,
        "parent": tree.code(then.parent) if then.parent else None,
        "sector": then.sector,
    }


def test_parents_may_stand_anywhere_in_the_file(empty: Office) -> None:
    lines = UNITS.splitlines()

    report = empty.take("\n".join([lines[0], *reversed(lines[1:])]))

    assert (report.bad, report.changed) == (0, 6)
    assert unit(empty, "H-1-1", "2022-01-01") == {
        "name": "Chi bộ Một",
        "kind": "cell",
        "parent": "H-1",
        "sector": None,
    }


def test_a_parent_may_come_after_its_unit_by_code_and_by_row(empty: Office) -> None:
    report = empty.take("code,name,kind,parent_code\nA,Một,cell,B\nB,Hai,cell,C\nC,Ba,cell,\n")

    assert (report.bad, report.changed) == (0, 3)


@pytest.mark.parametrize("kind", ["cell", "Chi bộ trực thuộc", "CHI BỘ TRỰC THUỘC"])
def test_any_kind_by_code_or_name_may_stand_without_a_parent(empty: Office, kind: str) -> None:
    report = empty.take(f"code,name,kind\nA,Chi bộ A,{kind}\n")

    assert (report.bad, report.changed) == (0, 1)
    found = unit(empty, "A", "2022-01-01")
    assert found is not None
    assert (found["kind"], found["parent"]) == ("cell", None)


def test_an_unknown_kind_is_an_error(empty: Office) -> None:
    report = empty.take("code,name,kind\nA,Chi bộ A,club\n")

    assert errors(report) == [(2, ("kind",), "unreadable-value")]


def test_an_unknown_parent_is_an_error(empty: Office) -> None:
    report = empty.take("code,name,kind,parent_code\nA,Chi bộ A,cell,B\n")

    assert errors(report) == [(2, ("parent_code",), "unknown-unit")]


def test_a_unit_below_a_row_that_is_not_good_is_an_error_too(office: Office) -> None:
    text = (
        "code,name,kind,parent_code,valid_from,valid_to\n"
        "N,Mới,grassroots_committee,H,2022-01-01,2021-01-01\n"
        "N-1,Dưới,cell,N,,\n"
        "M,Khác,cell,H,,\n"
    )

    report = office.take(text, accept_good=True)

    assert [row for row, _, _ in errors(report)] == [2, 3]
    assert unit(office, "M", "2022-01-01") is not None
    assert unit(office, "N-1", "2022-01-01") is None


def test_what_rests_on_a_row_that_is_not_good_names_it(empty: Office) -> None:
    report = empty.take("code,name,kind,parent_code\nC,Ba,cell,B\nB,Hai,cell,A\nA,Một,cell,NONE\n")

    assert [(row, code) for row, _, code in errors(report)] == [
        (2, "rests-on-another-row"),
        (3, "rests-on-another-row"),
        (4, "unknown-unit"),
    ]


def test_a_later_row_of_a_code_renames_moves_and_reclassifies_from_its_day(office: Office) -> None:
    report = office.take(
        HEADER
        + "H-1-1,Chi bộ Một,cell,H-1,,,,\n"
        + "H-1-1,Đảng ủy Một Mới,grassroots_committee,H-2,2022-07-01,,,doanh nghiệp\n"
    )

    assert (report.bad, report.changed) == (0, 1)
    before, after = unit(office, "H-1-1", "2022-06-30"), unit(office, "H-1-1", "2022-07-01")
    assert before is not None
    assert (before["name"], before["parent"]) == ("Chi bộ Một", "H-1")
    assert after == {
        "name": "Đảng ủy Một Mới",
        "kind": "grassroots_committee",
        "parent": "H-2",
        "sector": "doanh nghiệp",
    }


def test_an_empty_cell_changes_nothing(office: Office) -> None:
    report = office.take("code,name,kind,valid_from\nH-1-1,Chi bộ Hai,cell,2022-07-01\n")

    assert report.changed == 1
    after = unit(office, "H-1-1", "2022-07-01")
    assert after is not None
    assert (after["name"], after["parent"]) == ("Chi bộ Hai", "H-1")


def test_a_code_after_its_last_day_is_another_unit(empty: Office) -> None:
    report = empty.take(
        HEADER
        + "A,Cũ,cell,,,2021-12-31,,\n"
        + "A,Mới,grassroots_cell,,2022-01-01,,,\n"
        + "B,Dưới,section_committee,A,2022-02-01,,,\n"
    )

    assert (report.bad, report.changed) == (0, 3)
    tree = empty.ketnap.units.tree
    old, new = tree.with_code("A")
    assert tree.by_code("A", date(2021, 12, 31)) == old
    assert tree.by_code("A", date(2022, 1, 1)) == new
    below = tree.by_code("B", date(2022, 3, 1))
    assert below is not None
    assert tree.ancestors(below, date(2022, 3, 1)) == [new]


def test_a_unit_ends_on_its_last_day_and_names_its_successors(office: Office) -> None:
    report = office.take(HEADER + "H-1,Đảng ủy xã Một,grassroots_committee,H,,30/06/2025,H-2;H,\n")

    assert (report.bad, report.changed) == (0, 1)
    tree = office.ketnap.units.tree
    (life,) = (tree.lives[u] for u in tree.with_code("H-1"))
    assert life.until == date(2025, 6, 30)
    assert [tree.code(successor) for successor in life.successors] == ["H-2", "H"]


def test_a_successor_needs_a_last_day(office: Office) -> None:
    report = office.take(HEADER + "H-1,Đảng ủy xã Một,grassroots_committee,H,,,H-2,\n")

    assert errors(report) == [(2, ("valid_to",), "missing-value")]


def test_a_last_day_before_the_first_names_both_columns(empty: Office) -> None:
    report = empty.take(HEADER + "A,Một,cell,,2022-01-01,2021-12-31,,\n")

    assert errors(report) == [(2, ("valid_from", "valid_to"), "days-out-of-order")]


def test_the_same_code_and_day_twice_is_an_error(empty: Office) -> None:
    report = empty.take("code,name,kind\nA,Một,cell\nA,Hai,cell\n")

    assert errors(report) == [(3, ("code", "valid_from"), "repeated-in-file")]


def test_units_in_a_circle_are_errors_and_others_are_not(empty: Office) -> None:
    text = "code,name,kind,parent_code\nA,Một,cell,B\nB,Hai,cell,A\nC,Ba,cell,\n"

    report = empty.take(text, accept_good=True)

    assert errors(report) == [
        (2, ("parent_code",), "rows-in-a-circle"),
        (3, ("parent_code",), "rows-in-a-circle"),
    ]
    assert unit(empty, "C", "2022-01-01") is not None


def test_what_differs_from_what_is_recorded_is_an_error_that_names_the_columns(
    office: Office,
) -> None:
    before = office.head()

    report = office.take("code,name,kind,parent_code\nH-1-1,Chi bộ Khác,cell,H-2\n")

    assert errors(report) == [(2, ("name", "parent_code"), "differs-from-recorded")]
    assert office.head() == before


def test_what_differs_is_corrected_where_it_is_said_so(office: Office) -> None:
    before = office.head()

    report = office.correct("code,name,kind,parent_code\nH-1-1,Chi bộ Khác,cell,H-2\n")

    assert (report.bad, report.changed) == (0, 1)
    ((name, fact),) = office.facts(after=before)
    assert (name, fact["reason"], fact["document"]) == ("UnitCorrected", "misread", "12-CV/MAU")
    found = unit(office, "H-1-1", "2022-01-01")
    assert found is not None
    assert (found["name"], found["parent"]) == ("Chi bộ Khác", "H-2")


def test_a_last_day_is_corrected_where_it_is_said_so(office: Office) -> None:
    row = "H-2,Đảng ủy xã Hai,grassroots_committee,H,,{},,\n"
    office.take(HEADER + row.format("2025-06-30"))

    refused = office.take(HEADER + row.format("2025-07-31"))
    corrected = office.correct(HEADER + row.format("2025-07-31"))

    assert errors(refused) == [(2, ("valid_to",), "differs-from-recorded")]
    assert (corrected.bad, corrected.changed) == (0, 1)
    assert unit(office, "H-2", "2025-07-31") is not None


def test_what_was_absent_is_recorded(office: Office) -> None:
    report = office.take(HEADER + "DT,Đoàn Thanh niên Mẫu,mass_organisation,H,,,,đoàn thể\n")

    assert (report.bad, report.changed) == (0, 1)
    found = unit(office, "DT", "2022-01-01")
    assert found is not None
    assert (found["parent"], found["sector"]) == ("H", "đoàn thể")


def test_members_are_a_count_of_one_day(office: Office) -> None:
    text = (
        "code,name,kind,valid_from,members,members_on\n"
        "A,Một,cell,2019-05-01,12,\n"
        "H,Huyện ủy Mẫu,district_committee,,7.335,27/08/2020\n"
    )

    report = office.take(text)

    assert (report.bad, report.changed) == (0, 2)
    assert [
        (f["on"], f["indicator"], f["count"], f["period"]) for _, f in office.facts("reporting")
    ] == [
        ("2019-05-01", "members", 12, "2019-05-01/2019-05-01"),
        ("2020-08-27", "members", 7335, "2020-08-27/2020-08-27"),
    ]
    assert office.take(text).changed == 0


def test_members_without_a_day_are_an_error(office: Office) -> None:
    report = office.take("code,name,kind,members\nA,Một,cell,12\n")

    assert errors(report) == [(2, ("members_on",), "missing-value")]


def test_other_members_on_that_day_differ_from_what_is_recorded(office: Office) -> None:
    text = "code,name,kind,members,members_on\nH,Huyện ủy Mẫu,district_committee,{},2020-08-27\n"
    office.take(text.format(10))

    report = office.take(text.format(11))

    assert errors(report) == [(2, ("members",), "differs-from-recorded")]


def test_units_of_one_preview_are_there_for_the_rows_of_the_next_file(empty: Office) -> None:
    more = "code,name,kind,parent_code,valid_from\nH-1-1,Chi bộ Đổi tên,cell,H-2,2023-01-01\n"

    reports = empty.preview(UNITS, more)

    assert [(r.bad, r.changed) for r in reports] == [(0, 6), (0, 1)]
    assert empty.head() == 0
