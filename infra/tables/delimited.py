"""Reads CSV line by line: UTF-8 only, no limit on rows, a limit on what one row may hold."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from infra.tables.rows import BrokenText, NotUnicodeText, Row, Table, clean

_LINE_CHARACTERS = 1 << 20
_DELIMITERS = ",;\t"


def read_delimited(path: Path) -> Table:
    """Open a text file whose first row that is not empty is its header."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in head:
        raise NotUnicodeText(encoding="UTF-16", line=1)
    line = next((cells[0] for _, cells in _records(path, None)), "")
    delimiter = _delimiter(line)
    _, header = next(_told(path, delimiter), (0, []))

    def rows() -> Iterator[Row]:
        records = _told(path, delimiter)
        next(records, None)
        for number, cells in records:
            yield Row(number, tuple(cells))

    marked = head.startswith(BOM_UTF8)
    return Table("-", tuple(header), rows, delimiter=delimiter, marked=marked)


def _told(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that say anything."""
    for number, cells in _records(path, delimiter):
        if any(cells) and any(map(clean, cells)):
            yield number, cells


def _delimiter(line: str) -> str:
    outside = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _records(path: Path, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its number; without a delimiter, each line as one cell."""
    number = 0
    try:
        with path.open("rb") as raw, TextIOWrapper(raw, "utf-8-sig", newline="") as file:
            lines = _lines(file)
            if delimiter is None:
                yield from ((n, [line]) for n, line in enumerate(lines, 1) if line.strip())
                return
            for cells in csv.reader(lines, delimiter=delimiter, strict=True):
                number += 1
                yield number, cells
    except UnicodeDecodeError as error:
        raise NotUnicodeText(encoding="windows-1258", line=_first_wrong_line(path)) from error
    except csv.Error as error:
        raise BrokenText(row=number + 1) from error


def _lines(file: TextIOWrapper) -> Iterator[str]:
    while line := file.readline(_LINE_CHARACTERS):
        if len(line) == _LINE_CHARACTERS or "\0" in line:
            raise csv.Error("line")
        yield line


def _first_wrong_line(path: Path) -> int:
    number = 0
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LINE_CHARACTERS), b""), 1):  # noqa: B007 - used after the loop
            try:
                line.decode()
            except UnicodeDecodeError:
                break
    return number
