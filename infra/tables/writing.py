"""Writes tables that others open: none of their cells can start a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import xlsxwriter  # type: ignore[import-untyped]

from infra.tables.rows import Row, Table, is_formula


def inert(text: str) -> str:
    """Return text that a spreadsheet shows as it is."""
    return f"'{text}" if is_formula(text) else text


class ErrorFile:
    """The table again, beside its file, with a column that says what is wrong with each row.

    It appears with the first row that is wrong, and holds every row. In a folder that
    cannot be written to, there is none.
    """

    def __init__(self, path: Path, table: Table, title: str) -> None:
        self.path = path
        self.written = False
        self._is_unwritable = False
        self._table = table
        self._title = title
        self._file: TextIO | None = None
        self._rows: Iterator[Row] = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        try:
            if kind is None:
                self._copy(None, "")
        finally:
            self._file.close()
        if kind is not None:
            with suppress(OSError):  # a file in memory has no name to be removed by
                self.path.unlink()

    def add(self, number: int, reason: str) -> None:
        """Say what is wrong with a row; rows come in the order of the file."""
        if self._is_unwritable:
            return
        if self._file is None:
            try:
                self._file = self._begun()
            except OSError:
                self._is_unwritable = True
                return
        self._copy(number, reason)

    def _begun(self) -> TextIO:
        encoding = "utf-8-sig" if self._table.marked else "utf-8"
        file = self.path.open("w", encoding=encoding, newline="")
        self._writer = csv.writer(file, delimiter=self._table.delimiter)
        self._writer.writerow([*map(inert, self._table.header), self._title])
        self._rows = self._table.rows()
        self.written = True
        return file

    def _copy(self, number: int | None, reason: str) -> None:
        width = len(self._table.header)
        for row in self._rows:
            here = row.number == number
            cells = [*row.cells, *[""] * (width - len(row.cells))]
            shown = list(map(inert, cells))
            self._writer.writerow([*shown[:width], inert(reason) if here else "", *shown[width:]])
            if here:
                break


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: text only, with lists to choose from by column."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]] = ()
    choices: Mapping[int, Sequence[str]] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)
    widths: Sequence[int] = ()


_LIST_CHARACTERS = 255


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write sheets of text whose cells keep what is typed: leading zeros, and days as typed."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "num_format": "@", "bottom": 1, "text_wrap": True})
        for sheet in sheets:
            page: Any = book.add_worksheet(sheet.name)
            page.freeze_panes(1, 0)
            for column, title in enumerate(sheet.header):
                width = sheet.widths[column] if column < len(sheet.widths) else 18
                page.set_column(column, column, width, text)
                page.write_string(0, column, inert(title), bold)
                if note := sheet.notes.get(column):
                    page.write_comment(0, column, note)
            for at, row in enumerate(sheet.rows, 1):
                for column, cell in enumerate(row):
                    page.write_string(at, column, inert(cell), text)
            for column, choices in sheet.choices.items():
                if len(",".join(choices)) <= _LIST_CHARACTERS:
                    listed = {"validate": "list", "source": list(choices), "error_type": "warning"}
                    page.data_validation(1, column, 1_048_575, column, listed)
