"""Files of tables, as an office or somebody else makes them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from infra.tables import Sheet, Table, read_tables, write_workbook

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
