"""Tables in files: CSV and XLSX read as rows of text within caps, and written so that none acts."""

from __future__ import annotations

from pathlib import Path

from infra.tables.delimited import read_delimited
from infra.tables.rows import (
    NotATable,
    OldWorkbook,
    Row,
    Table,
    TableRefused,
    UnreadableFile,
    clean,
    fold,
    is_formula,
)
from infra.tables.workbook import read_workbook
from infra.tables.writing import ErrorFile, Sheet, write_workbook

__all__ = [
    "ErrorFile",
    "Row",
    "Sheet",
    "Table",
    "TableRefused",
    "clean",
    "fold",
    "is_formula",
    "read_tables",
    "write_workbook",
]

_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0"
_OTHERS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")


def read_tables(path: Path) -> list[Table]:
    """Open a file by what it holds, whatever its name says: one table, or one a sheet.

    Raises TableRefused; so may the rows, when they are read.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(8)
    except OSError as error:
        raise UnreadableFile(problem=error.strerror or str(error)) from error
    if magic.startswith(_ZIP):
        return read_workbook(path)
    if magic.startswith(_COMPOUND):
        raise OldWorkbook
    if magic.startswith(_OTHERS):
        raise NotATable
    return [read_delimited(path)]
