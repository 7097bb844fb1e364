"""Whatever a file tries, it is refused and costs little."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from infra.tables import Sheet, TableRefused, read_tables, write_workbook
from infra.tables.archive import COMPRESSED_BYTES
from infra.tables.rows import BrokenWorkbook, NotATable, NotUnicodeText, OldWorkbook, UnreadableFile
from infra.tables.workbook import ROWS
from tests.infra.tables.files import (
    SHEET,
    a_shared_workbook,
    a_workbook,
    cells,
    read_apart,
    rezipped,
    the_table,
)


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
