"""Tables are read as rows of text."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from infra.tables import read_tables
from infra.tables.rows import BrokenText, NotUnicodeText
from tests.infra.tables.files import (
    SHEET,
    a_csv,
    a_workbook,
    cells,
    read_apart,
    rezipped,
    the_table,
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_read_with_any_delimiter_with_or_without_a_mark(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    text = f'mã{delimiter}tên\r\n01{delimiter}"Đảng ủy; xã,\tMẫu"\r\n'

    table = the_table(a_csv(tmp_path, text, encoding))

    assert table.header == ("mã", "tên")
    assert cells(table) == [("01", "Đảng ủy; xã,\tMẫu")]


def test_a_row_bears_the_number_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    table = the_table(a_csv(tmp_path, 'a,b\n\n1,"two\nlines"\n,\n3,4\n'))

    assert [row.number for row in table.rows()] == [3, 5]


def test_leading_zeros_stay(tmp_path: Path) -> None:
    assert cells(the_table(a_csv(tmp_path, "ref\n079203001234\n"))) == [("079203001234",)]


@pytest.mark.parametrize(
    ("encoding", "guess"), [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("cp1258", "1258")]
)
def test_another_encoding_is_refused_and_named(tmp_path: Path, encoding: str, guess: str) -> None:
    path = a_csv(tmp_path, "code,name\nA,B\nC,Đăng\n", encoding)

    with pytest.raises(NotUnicodeText) as refused:
        cells(the_table(path))

    assert guess in refused.value.facts["encoding"]


def test_the_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"code\n" + b"A\n" * 30_000 + b"\xd0\xc3\n")

    with pytest.raises(NotUnicodeText) as refused:
        cells(the_table(path))

    assert refused.value.facts["line"] == 30_002


@pytest.mark.parametrize("text", ['a,b\n1,"open\n', 'a,b\n1,"x"y\n', "a,b\n" + "x" * (1 << 21)])
def test_text_that_is_not_csv_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BrokenText):
        cells(the_table(a_csv(tmp_path, text)))


def test_an_empty_file_has_no_header(tmp_path: Path) -> None:
    assert the_table(a_csv(tmp_path, "\n \n")).header == ()


def test_a_million_rows_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    with path.open("w") as file:
        file.write("code,name\n")
        for _ in range(1000):
            file.write("PD-01,Dang uy xa Mau\n" * 1000)

    rows, _, kilobytes = read_apart(path)

    assert (rows, kilobytes < 16_000) == (1_000_000, True)


def test_each_sheet_is_a_table_by_its_header_row(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    book = openpyxl.Workbook()
    book.create_sheet("Chỉ tiêu").append(["mã", "số"])
    assert book.active is not None
    book.active.append([])
    book.active.append(["code"])
    book.create_sheet("Ẩn").append(["x"])
    book["Ẩn"].sheet_state = "hidden"
    book.create_sheet("Trống")
    book.save(path)

    tables = read_tables(path)

    assert [(t.sheet, t.header, t.hidden) for t in tables] == [
        ("Sheet", ("code",), False),
        ("Chỉ tiêu", ("mã", "số"), False),
        ("Ẩn", ("x",), True),
    ]


def test_a_cell_reads_as_what_it_shows(tmp_path: Path) -> None:
    row = [
        date(2021, 10, 31),
        datetime(2020, 2, 29, 17, 30),  # noqa: DTZ001 - a sheet has no zones
        7335,
        12.25,
        True,
        "007",
        79203001234.0,
    ]
    path = a_workbook(tmp_path, list("abcdefg"), row, A3=1)
    book = openpyxl.load_workbook(path)
    book["Sheet"]["A3"].number_format = "000000"
    book.save(path)

    assert cells(the_table(path)) == [
        ("2021-10-31", "2020-02-29", "7335", "12,25", "true", "007", "79203001234"),
        ("000001",),
    ]


def test_days_of_the_1904_calendar_are_the_same_days(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    book.active.append(["on"])
    book.active.append([date(2021, 10, 31)])
    book.save(tmp_path / "file.xlsx")

    assert cells(the_table(tmp_path / "file.xlsx")) == [("2021-10-31",)]


def test_a_formula_is_known_even_when_it_has_a_value(tmp_path: Path) -> None:
    (row,) = the_table(a_workbook(tmp_path, ["a", "b"], ["x", "=1+1"])).rows()

    assert row.faults == {1: "formula"}


def test_what_lies_under_a_merged_cell_is_no_value(tmp_path: Path) -> None:
    path = a_workbook(tmp_path, ["a", "b"], ["x", 1], [None, 2])
    book = openpyxl.load_workbook(path)
    book["Sheet"].merge_cells("A2:A3")
    book.save(path)

    first, second = the_table(path).rows()

    assert first.faults == {}
    assert second.faults == {0: "merged-cell"}


def test_rich_and_inline_text_is_read_without_its_reading_aid(tmp_path: Path) -> None:
    rich = b"<is><r><t>Nguy</t></r><r><t>en</t></r><rPh><t>ruby</t></rPh></is>"
    path = a_workbook(tmp_path, ["a"], ["x"])
    path = rezipped(
        path,
        lambda name, data: data.replace(b"<is><t>x</t></is>", rich) if name == SHEET else data,
    )

    assert cells(the_table(path)) == [("Nguyen",)]
