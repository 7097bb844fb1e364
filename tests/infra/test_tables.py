"""Tables are read as rows of text, whatever the file tries."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from infra.tables import (
    ErrorFile,
    Sheet,
    Table,
    TableRefused,
    clean,
    fold,
    is_formula,
    read_tables,
    write_workbook,
)
from infra.tables.archive import COMPRESSED_BYTES
from infra.tables.rows import (
    BrokenText,
    BrokenWorkbook,
    NotATable,
    NotUnicodeText,
    OldWorkbook,
    UnreadableFile,
)
from infra.tables.workbook import ROWS
from infra.tables.writing import inert

NFD = unicodedata.normalize("NFD", "đơn vị")
SHEET = "xl/worksheets/sheet1.xml"


def a_csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "file.csv"
    path.write_bytes(text.encode(encoding))
    return path


def a_workbook(folder: Path, *rows: list[Any], **cells: str | int) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    for place, value in cells.items():
        page[place] = value
    path = folder / "file.xlsx"
    book.save(path)
    return path


def a_shared_workbook(folder: Path, *rows: list[str]) -> Path:
    """Write a workbook whose cells point into one list of strings, as Excel's do."""
    path = folder / "file.xlsx"
    write_workbook(path, [Sheet("x", rows[0], rows[1:])])
    return path


def rezipped(path: Path, change: Callable[[str, bytes], bytes], **extra: bytes) -> Path:
    """Write the archive anew, each part changed, with more parts in it."""
    with zipfile.ZipFile(path) as source:
        parts = {name: change(name, source.read(name)) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in (parts | extra).items():
            target.writestr(name, data)
    return path


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows()]


def the_table(path: Path) -> Table:
    (table,) = read_tables(path)
    return table


# CSV


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


# XLSX


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


# Hostile files


def a_bomb(folder: Path) -> Path:
    return rezipped(
        a_workbook(folder, ["a"]), lambda _, data: data, **{"xl/x.bin": bytes(60 << 20)}
    )


def a_bomb_with_ballast(folder: Path) -> Path:
    """Inflate to 60 MB at a ratio below a hundred."""
    ballast = b"".join(map(_noise, range(15)))
    return rezipped(
        a_workbook(folder, ["a"]),
        lambda _, data: data,
        **{"xl/x.bin": bytes(60 << 20), "xl/y.bin": ballast},
    )


def a_small_bomb(folder: Path) -> Path:
    return rezipped(a_workbook(folder, ["a"]), lambda _, data: data, **{"xl/x.bin": bytes(9 << 20)})


def a_nested_archive(folder: Path) -> Path:
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x", "x")
    return rezipped(
        a_workbook(folder, ["a"]), lambda _, data: data, **{"xl/x.zip": inner.getvalue()}
    )


def a_liar(folder: Path) -> Path:
    """Declare, in both headers, that the largest entry inflates to ten bytes."""
    path = a_bomb(folder)
    data = path.read_bytes()
    lie = (10).to_bytes(4, "little")
    path.write_bytes(data.replace((60 << 20).to_bytes(4, "little"), lie))
    return path


def an_expansion(folder: Path) -> Path:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{entities}]>'.encode()
    return rezipped(
        a_workbook(folder, ["a"]),
        lambda name, data: doctype + data if name == SHEET else data,
    )


def a_macro_workbook(folder: Path) -> Path:
    return rezipped(
        a_workbook(folder, ["a"]), lambda _, data: data, **{"xl/vbaProject.bin": b"macro"}
    )


def a_traversal(folder: Path) -> Path:
    return rezipped(a_workbook(folder, ["a"]), lambda _, data: data, **{"../../evil.xml": b"<a/>"})


def many_entries(folder: Path) -> Path:
    extra = {f"xl/x{n}.bin": b"" for n in range(300)}
    return rezipped(a_workbook(folder, ["a"]), lambda _, data: data, **extra)


def too_many_rows(folder: Path) -> Path:
    path = folder / "file.xlsx"
    write_workbook(path, [Sheet("x", ["a"], [["x"]] * (ROWS + 1))])
    return path


def a_large_file(folder: Path) -> Path:
    path = a_workbook(folder, ["a"])
    path.write_bytes(path.read_bytes() + bytes(COMPRESSED_BYTES))
    return path


def a_deep_sheet(folder: Path) -> Path:
    return rezipped(
        a_workbook(folder, ["a"]),
        lambda name, data: b"<a>" * 100_000 if name == SHEET else data,
    )


def a_sheet_of_one_endless_tag(folder: Path) -> Path:
    noise = random.Random(1).randbytes(600_000).hex().encode() + b"a" * (45 << 20)
    return rezipped(
        a_workbook(folder, ["a"]), lambda name, data: b"<a b='" + noise if name == SHEET else data
    )


def a_sheet_of_a_million_names(folder: Path) -> Path:
    names = b"".join(b"<a%d/>" % n for n in range(50_000))
    return rezipped(
        a_workbook(folder, ["a"]),
        lambda name, data: b"<x>" + names + b"</x>" if name == SHEET else data,
    )


def a_row_far_away(folder: Path) -> Path:
    return rezipped(
        a_workbook(folder, ["a"], ["b"]),
        lambda name, data: data.replace(b'<row r="2"', b'<row r="99999999"'),
    )


def a_cell_back_to_front(folder: Path) -> Path:
    return rezipped(
        a_workbook(folder, ["a", "b"]), lambda name, data: data.replace(b'r="B1"', b'r="A1"')
    )


def a_string_that_is_not_there(folder: Path) -> Path:
    return rezipped(
        a_shared_workbook(folder, ["a"]),
        lambda name, data: data.replace(b"<v>0</v>", b"<v>7</v>"),
    )


def a_torn_file(folder: Path) -> Path:
    path = a_workbook(folder, ["a"] * 50, *[["x"] * 50] * 50)
    path.write_bytes(path.read_bytes()[:-300])
    return path


def flipped_bytes(folder: Path) -> Path:
    path = a_workbook(folder, ["a"] * 50, *[["x"] * 50] * 50)
    data = bytearray(path.read_bytes())
    for at in range(200, 900, 7):
        data[at] ^= 0xFF
    path.write_bytes(data)
    return path


def no_workbook_at_all(folder: Path) -> Path:
    path = folder / "file.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    return path


def wide_strings(folder: Path) -> Path:
    """Strings that take four bytes a character as soon as one of them needs it."""
    text = "<si><t>" + "a" * 30_000 + "\U0001f600</t></si>"
    strings = ("<sst>" + text * 1_000 + "</sst>").encode()
    noise = {f"xl/n{n}.bin": _noise(n) for n in range(9)}
    return rezipped(
        a_shared_workbook(folder, ["a"]),
        lambda name, data: strings if name == "xl/sharedStrings.xml" else data,
        **noise,
    )


def many_strings(folder: Path) -> Path:
    strings = (
        b"<sst>" + b"".join(f"<si><t>{n:x}</t></si>".encode() for n in range(900_000)) + b"</sst>"
    )
    return rezipped(
        a_shared_workbook(folder, ["a"]),
        lambda name, data: strings if name == "xl/sharedStrings.xml" else data,
    )


def many_styles(folder: Path) -> Path:
    styles = b"<styleSheet><cellXfs>" + b"<xf/>" * 900_000 + b"</cellXfs></styleSheet>"
    noise = {f"xl/n{n}.bin": _noise(n) for n in range(9)}
    return rezipped(
        a_workbook(folder, ["a"]),
        lambda name, data: styles if name == "xl/styles.xml" else data,
        **noise,
    )


def many_merges(folder: Path) -> Path:
    merges = b"".join(b'<mergeCell ref="A%d:B%d"/>' % (n, n) for n in range(1, 30_000))
    return rezipped(
        a_workbook(folder, ["a"]),
        lambda name, data: data.replace(b"</worksheet>", merges + b"</worksheet>"),
    )


def _noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(50_000)


HOSTILE: list[tuple[Callable[[Path], Path], str]] = [
    (a_bomb, "WorkbookTooLarge:ratio"),
    (a_bomb_with_ballast, "WorkbookTooLarge:inflated-bytes"),
    (a_small_bomb, "WorkbookTooLarge:ratio"),
    (a_nested_archive, "DangerousWorkbook:archive"),
    (a_liar, "BrokenWorkbook:"),
    (an_expansion, "DangerousWorkbook:entities"),
    (a_macro_workbook, "DangerousWorkbook:macros"),
    (a_traversal, "DangerousWorkbook:path"),
    (many_entries, "WorkbookTooLarge:entries"),
    (too_many_rows, "WorkbookTooLarge:rows"),
    (a_large_file, "WorkbookTooLarge:compressed-bytes"),
    (a_deep_sheet, "BrokenWorkbook:"),
    (a_sheet_of_one_endless_tag, "BrokenWorkbook:"),
    (a_sheet_of_a_million_names, "BrokenWorkbook:"),
    (a_row_far_away, "BrokenWorkbook:"),
    (a_cell_back_to_front, "BrokenWorkbook:"),
    (a_string_that_is_not_there, "BrokenWorkbook:"),
    (a_torn_file, "BrokenWorkbook:"),
    (flipped_bytes, "BrokenWorkbook:"),
    (no_workbook_at_all, "BrokenWorkbook:"),
    (wide_strings, "WorkbookTooLarge:characters"),
    (many_strings, "WorkbookTooLarge:strings"),
    (many_styles, "WorkbookTooLarge:styles"),
    (many_merges, "WorkbookTooLarge:merged-cells"),
]


READ = """
import sys
from pathlib import Path
from infra.tables import TableRefused, read_tables
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before, rows, refusal = peak(), 0, None
try:
    for table in read_tables(Path(sys.argv[1])):
        for row in table.rows():
            rows += 1
except TableRefused as error:
    refusal = type(error).__name__ + ":" + str(error.facts.get("what", ""))
print(rows, refusal, peak() - before)
"""


def read_apart(path: Path) -> tuple[int, str, int]:
    """Read a file in its own process: how many rows, the refusal, and the kilobytes it took."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
    )
    rows, refusal, kilobytes = done.stdout.split()
    return int(rows), refusal, int(kilobytes)


def _name(each: object) -> str:
    return getattr(each, "__name__", "")


@pytest.mark.parametrize(("file", "refusal"), HOSTILE, ids=_name)
def test_a_hostile_workbook_is_refused_and_costs_little(
    tmp_path: Path, file: Callable[[Path], Path], refusal: str
) -> None:
    _, refused, kilobytes = read_apart(file(tmp_path))

    assert refused == refusal
    assert kilobytes < 64_000


@pytest.mark.parametrize(
    ("magic", "refusal"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OldWorkbook),
        (b"%PDF-1.7", NotATable),
        (b"PK\x03\x04 and nothing more", BrokenWorkbook),
        (b"\0\0\0\0", NotUnicodeText),
    ],
)
def test_a_file_is_known_by_what_it_holds_and_not_by_its_name(
    tmp_path: Path, magic: bytes, refusal: type[TableRefused]
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(magic)

    with pytest.raises(refusal):
        read_tables(path)


def test_a_workbook_named_csv_is_still_a_workbook(tmp_path: Path) -> None:
    path = a_workbook(tmp_path, ["a"], ["1"]).rename(tmp_path / "file.csv")

    assert cells(the_table(path)) == [("1",)]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_tables(tmp_path / "none.csv")


def test_a_link_to_another_workbook_is_never_followed(tmp_path: Path) -> None:
    link = (
        b'<Relationship Id="rX" Type="x/worksheet" Target="http://127.0.0.1:9/" '
        b'TargetMode="External"/>'
    )
    path = rezipped(
        a_workbook(tmp_path, ["a"], ["1"]),
        lambda name, data: data.replace(b"</Relationships>", link + b"</Relationships>"),
    )

    assert cells(the_table(path)) == [("1",)]


# Text


@given(st.text())
def test_text_is_the_same_text_however_its_marks_are_stored(text: str) -> None:
    composed = clean(unicodedata.normalize("NFC", text))

    assert clean(unicodedata.normalize("NFD", text)) == composed
    assert clean(composed) == composed


@given(st.text(), st.sampled_from("\u200b\u200e\u200f\u202e\u2066\ufeff\u00ad"), st.integers(0))
def test_hidden_characters_change_nothing(text: str, hidden: str, at: int) -> None:
    cut = at % (len(text) + 1)

    assert fold(text[:cut] + hidden + text[cut:]) == fold(text)


@pytest.mark.parametrize("text", ["Đơn vị", "ĐƠN VỊ", "don vi", "  đơn\u00a0vị ", "Đơn_vị", NFD])
def test_case_marks_and_spaces_do_not_matter_where_words_are_compared(text: str) -> None:
    assert fold(text) == "don vi"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd",
        "-x",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1",
        "\uff1d1+1",
        "\uff0bx",
        "\u200b=1",
        "'=1",
        " =A1",
    ],
)
def test_a_formula_is_recognised(text: str) -> None:
    assert is_formula(text)


@pytest.mark.parametrize(
    "text", ["", "-", "-5", "+84901234567", "-7.335", "12,5", "A=1", "2021-01-01", "a@b"]
)
def test_a_number_or_plain_text_is_no_formula(text: str) -> None:
    assert not is_formula(text)


# Writing


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        min_size=1,
    )
)
def test_nothing_that_is_written_starts_a_formula(texts: list[str]) -> None:
    for text in texts:
        shown = inert(text)
        assert not is_formula(shown.removeprefix("'")) or shown.startswith("'")


def test_the_error_file_is_the_same_file_with_a_reason_column(tmp_path: Path) -> None:
    table = the_table(a_csv(tmp_path, "a;b\n1;=x\n2;y\n3;z;w\n", "utf-8-sig"))
    target = tmp_path / "file.errors.csv"

    with ErrorFile(target, table, "reason") as errors:
        errors.add(2, "no formulas; please")

    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    with target.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file, delimiter=";")) == [
            ["a", "b", "reason"],
            ["1", "'=x", "no formulas; please"],
            ["2", "y", ""],
            ["3", "z", "", "w"],
        ]


def test_no_error_file_appears_when_nothing_is_wrong(tmp_path: Path) -> None:
    target = tmp_path / "file.errors.csv"

    with ErrorFile(target, the_table(a_csv(tmp_path, "a\n1\n")), "reason"):
        pass

    assert not target.exists()


def test_a_written_workbook_holds_text_alone(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"

    write_workbook(path, [Sheet("Mẫu", ["mã", "=x"], [["007", "=1+1"]], choices={0: ["có"]})])

    table = the_table(path)
    assert table.header == ("mã", "'=x")
    assert cells(table) == [("007", "'=1+1")]
