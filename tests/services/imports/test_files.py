"""What is promised of every file, whatever it holds."""

from __future__ import annotations

import csv
import json
from hashlib import sha256

import openpyxl
import pytest

from infra.tables.rows import NotUnicodeText, UnreadableFile
from services.imports import import_files
from services.imports.columns import (
    MissingColumns,
    RepeatedColumn,
    UnknownColumns,
    UnknownKind,
)
from services.imports.run import NothingToImport, ReasonAndDocumentMissing
from tests.installed import Site
from tests.services.imports.office import UNITS, Office, errors

TARGETS = "unit_code,period,kind,minimum\nH,2022,assigned,151\n"
COUNTS = "unit_code,indicator,period,count\nH,admitted,2020,130\n"
CLASSES = "code,centre,opened_on,enrolled\nL1,TT,2022-03-01,70\n"
PEOPLE = "unit_code,person_ref,ceremony_on\nH-1,A,2022-05-19\nH-2,B,2022-06-01\n"
TWO_WRONG = "unit_code,person_ref,ceremony_on\nH-1,A,2022-05-19\nX,B,2022-06-01\nH-2,C,soon\n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (UNITS, "organisations"),
        (TARGETS, "targets"),
        (COUNTS, "counts"),
        (CLASSES, "classes"),
        (PEOPLE, "candidates"),
    ],
)
def test_the_header_row_decides_the_kind(office: Office, text: str, kind: str) -> None:
    (report,) = office.preview(text)

    assert (report.kind, report.bad) == (kind, 0)


def test_without_commit_nothing_is_written(empty: Office) -> None:
    reports = empty.preview(UNITS, TARGETS, COUNTS, CLASSES, PEOPLE)

    assert [(r.bad, r.changed, r.written) for r in reports] == [
        (0, 6, False),
        (0, 1, False),
        (0, 1, False),
        (0, 1, False),
        (0, 2, False),
    ]
    assert [empty.head(ledger) for ledger in ("dossiers", "training", "reporting")] == [0, 0, 0]
    assert empty.ketnap.units.tree.with_code("H") == ()


def test_files_go_in_the_order_in_which_they_need_each_other(empty: Office) -> None:
    reports = empty.preview(PEOPLE, COUNTS, TARGETS, CLASSES, UNITS, commit=True)

    kinds = [report.kind for report in reports]
    assert kinds == ["organisations", "classes", "targets", "counts", "candidates"]
    assert all(report.written for report in reports)


def test_a_commit_returns_when_every_view_has_taken_the_facts(office: Office) -> None:
    report = office.take(PEOPLE)

    assert report.positions["dossiers"] == office.head()
    assert {state.ledger: state.position for state in office.ketnap.states()} == dict(
        report.positions
    )


def test_nothing_is_written_unless_every_row_is_good(office: Office) -> None:
    before = office.head()

    report = office.take(TWO_WRONG)

    assert (report.read, report.good, report.bad, report.written) == (3, 1, 2, False)
    assert office.head() == before


def test_good_rows_are_written_where_that_is_accepted(office: Office) -> None:
    before = office.head()

    report = office.take(TWO_WRONG, accept_good=True)

    assert (report.good, report.changed, report.written) == (1, 1, True)
    assert [name for name, _ in office.facts(after=before)] == [
        "PersonRegistered",
        "CandidacyOpened",
        "CeremonyHeld",
    ]


def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    for text in (UNITS, TARGETS, COUNTS, CLASSES, PEOPLE):
        office.take(text)
    heads = [office.head(ledger) for ledger in office.ketnap.ledgers]

    reports = [office.take(text) for text in (UNITS, TARGETS, COUNTS, CLASSES, PEOPLE)]

    assert [(r.bad, r.changed) for r in reports] == [(0, 0)] * 5
    assert [office.head(ledger) for ledger in office.ketnap.ledgers] == heads


def test_errors_are_told_by_row_columns_and_reason(office: Office) -> None:
    report = office.take(TWO_WRONG)

    assert errors(report) == [
        (3, ("unit_code",), "unknown-unit"),
        (4, ("ceremony_on",), "unreadable-value"),
    ]
    line = report.errors[1].line("en")
    assert line.startswith("row 4 [ceremony_on]: unreadable-value: “soon” cannot be read.")
    assert report.errors[1].line("vi").startswith("row 4 [ceremony_on]: unreadable-value: Không")
    assert json.loads(json.dumps(report.told("en")))["errors"][0] == {
        "row": 3,
        "columns": ["unit_code"],
        "reason": "unknown-unit",
        "text": report.errors[0].reason("en"),
    }


@pytest.mark.parametrize("commit", [True, False])
def test_errors_come_back_as_the_same_file_with_a_reason_column(
    office: Office, *, commit: bool
) -> None:
    report = office.take(TWO_WRONG, commit=commit)

    assert report.errors_file == office.folder / "file.errors.csv"
    with report.errors_file.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["person_ref"], bool(row["reason"])) for row in rows] == [
        ("A", False),
        ("B", True),
        ("C", True),
    ]


def test_a_mended_error_file_can_be_taken_in(office: Office) -> None:
    report = office.take(TWO_WRONG)
    assert report.errors_file is not None
    mended = report.errors_file.read_text().replace("X,", "H-2,").replace("soon", "2022-07-01")

    again = office.take(mended)

    assert (again.good, again.bad, again.written) == (3, 0, True)


def test_an_unknown_column_is_refused_by_name(office: Office) -> None:
    report = office.take("unit_code,person_ref,shoe size\nH-1,A,42\n")

    assert isinstance(report.refusal, UnknownColumns)
    assert report.refusal.facts["columns"] == ("shoe size",)


def test_a_missing_column_is_refused_by_name(office: Office) -> None:
    report = office.take("unit_code,person_ref\nH-1,A\n", kind="targets")

    assert isinstance(report.refusal, UnknownColumns)
    report = office.take("unit_code,period,minimum\nH,2022,1\n")
    assert isinstance(report.refusal, MissingColumns)
    assert report.refusal.facts["columns"] == ("kind",)


def test_a_column_that_is_there_twice_is_refused(office: Office) -> None:
    report = office.take("unit_code,person_ref,Mã đơn vị\nH-1,A,H-2\n")

    assert isinstance(report.refusal, RepeatedColumn)


def test_a_required_cell_that_is_empty_is_an_error(office: Office) -> None:
    report = office.take("unit_code,period,kind,minimum\nH,2022,assigned,\n")

    assert errors(report) == [(2, ("minimum",), "missing-value")]


def test_a_cell_outside_the_columns_is_an_error(office: Office) -> None:
    report = office.take("unit_code,person_ref\nH-1,A,B\n")

    assert errors(report) == [(2, ("#3",), "cell-outside-columns")]


def test_a_header_of_no_kind_is_refused(office: Office) -> None:
    assert isinstance(office.take("foo,bar\n1,2\n").refusal, UnknownKind)
    assert isinstance(office.take("\n").refusal, NothingToImport)


def test_a_kind_that_does_not_exist_is_refused(office: Office) -> None:
    with pytest.raises(UnknownKind):
        office.take(PEOPLE, kind="people")


def test_a_file_that_cannot_be_read_stops_itself_and_no_other(office: Office) -> None:
    old = office.file("unit_code,person_ref,full_name\nH-1,A,Đăng\n".encode("cp1258"), "old.csv")
    good = office.file(TARGETS, "good.csv")

    reports = import_files(office.ketnap, [old, good, office.folder / "none.csv"], commit=True)

    assert [(type(r.refusal), r.written) for r in sorted(reports, key=lambda r: r.path)] == [
        (type(None), True),
        (UnreadableFile, False),
        (NotUnicodeText, False),
    ]


def test_a_correction_says_why_and_on_what_paper(office: Office) -> None:
    with pytest.raises(ReasonAndDocumentMissing):
        office.take(PEOPLE, correct=True, reason="misread")


def test_every_fact_bears_the_file_the_sheet_and_the_row(office: Office) -> None:
    before = {ledger: office.head(ledger) for ledger in office.ketnap.ledgers}
    for text in (CLASSES, TARGETS, COUNTS, PEOPLE):
        office.take(text)
        digest = sha256(text.encode()).hexdigest()
        told = [
            state["causation"]
            for ledger, head in before.items()
            for _, state in office.facts(ledger, head)
            if digest in state["causation"]
        ]
        assert {cause.rpartition("/")[0] for cause in told} == {f"import/{digest}/-"}
        assert {cause.rpartition("/")[2] for cause in told} <= {"2", "3"}


def test_a_workbook_is_taken_in_sheet_by_sheet(empty: Office) -> None:
    path = empty.folder / "all.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Người"
    for line in PEOPLE.splitlines():
        book.active.append(line.split(","))
    units = book.create_sheet("Đơn vị")
    for line in UNITS.splitlines():
        units.append(line.split(","))
    book.save(path)

    reports = import_files(empty.ketnap, [path], commit=True)

    assert [(r.sheet, r.kind, r.good, r.written) for r in reports] == [
        ("Người", "candidates", 2, True),
        ("Đơn vị", "organisations", 6, True),
    ]
    assert {state["causation"].split("/")[2] for _, state in empty.facts()} == {"Người", "Đơn vị"}


def test_a_workbook_is_written_whole_or_not_at_all(empty: Office) -> None:
    path = empty.folder / "all.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in UNITS.splitlines():
        book.active.append(line.split(","))
    people = book.create_sheet("Người/A".replace("/", " "))
    for line in TWO_WRONG.splitlines():
        people.append(line.split(","))
    book.save(path)

    units, wrong = import_files(empty.ketnap, [path], commit=True)

    assert (units.bad, units.written, wrong.bad, wrong.written) == (0, False, 2, False)
    assert empty.head() == 0
    assert wrong.errors_file == path.with_name("all.Người-A.errors.csv")


def test_values_of_a_real_spreadsheet_are_what_they_show(office: Office) -> None:
    path = office.folder / "file.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Mã đơn vị", "Kỳ", "Loại chỉ tiêu", "Chỉ tiêu", "Hạn", "Tính cả ngày hạn"])
    page.append(["H", 2022, "được giao", 1700, None, True])
    page["E2"] = "31/10/2022"
    page.append(["H", 2023, "Đăng ký", "=1+1", None, None])
    book.save(path)

    (report,) = import_files(office.ketnap, [path])

    assert errors(report) == [(3, ("minimum",), "formula-in-cell")]
    assert report.good == 1


@pytest.mark.parametrize("formula", ["=1+1", "@x", "+cmd", "-1-1"])
def test_a_formula_is_an_error_with_its_row_and_column(office: Office, formula: str) -> None:
    report = office.take(f"unit_code,person_ref,full_name\nH-1,A,{formula}\n")

    assert errors(report) == [(2, ("full_name",), "formula-in-cell")]
    assert report.errors_file is not None
    assert f",'{formula}," in report.errors_file.read_text()


def test_rows_wait_encrypted_and_leave_nothing_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    folder = office.ketnap.folder / "staging"

    def look(done: int, total: int) -> None:
        seen.extend(path.read_bytes() for path in folder.iterdir())

    text = "unit_code,person_ref,full_name\nH-1,REF-CANARY,Canary Name\n" * 1
    office.take(text, progress=look)

    assert any(seen)
    assert not any(b"CANARY" in each or b"Canary" in each for each in seen)
    assert list(folder.iterdir()) == []


def test_what_a_killed_import_left_is_removed_by_the_next(office: Office) -> None:
    left = office.ketnap.folder / "staging" / "abc-0.rows"
    left.write_bytes(b"sealed")

    office.take(PEOPLE)

    assert not left.exists()


def test_progress_ends_with_everything_done(office: Office) -> None:
    told: list[tuple[int, int]] = []

    office.take(PEOPLE, progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (4, 4)


def test_history_is_known_from_the_day_of_its_import(office: Office) -> None:
    before = office.ketnap.ledgers["dossiers"].head()

    office.take(PEOPLE)

    rows = office.ketnap.ledgers["dossiers"].read(before.position, 100)
    assert all(row.recorded >= before.recorded for row in rows)


def test_a_folder_that_cannot_be_written_to_has_no_error_file(office: Office) -> None:
    (office.folder / "file.errors.csv").mkdir()

    report = office.take(TWO_WRONG)

    assert (report.bad, report.errors_file) == (2, None)


def test_two_processes_take_one_file_in_once(office: Office, site: Site) -> None:
    with site.open() as other:
        first = import_files(other, [office.file(PEOPLE)], commit=True)
    second = office.take(PEOPLE)

    assert [first[0].changed, second.changed] == [2, 0]
