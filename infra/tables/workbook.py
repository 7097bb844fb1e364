"""Reads the sheets of an XLSX file row by row: what a cell shows, as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path, PurePosixPath

from infra.tables.archive import Archive, Merge
from infra.tables.rows import BrokenWorkbook, Row, Table, WorkbookTooLarge, clean

ROWS = 20_000
_SHEET_ROWS = 1_048_576
_SHEET_COLUMNS = 16_384
_CELL_CHARACTERS = 32_767
_STRINGS = 250_000
_STRING_CHARACTERS = 8_000_000
_STYLES = 65_536
_DATE_FORMATS = frozenset({*range(14, 18), 22, *range(27, 37), *range(50, 59)})
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ZEROS = re.compile(r"0{2,30}")
_WHOLE_DIGITS = 15
_HIDDEN_STATES = frozenset({"hidden", "veryHidden"})


class _Format:
    """What a cell's style says about its number: a date, or how many digits it shows."""

    DATE = -1
    PLAIN = 0

    @staticmethod
    def of(code: str) -> int:
        if _ZEROS.fullmatch(code):
            return len(code)
        bare = _QUOTED.sub("", code.partition(";")[0]).casefold()
        if bare == "general":
            return _Format.PLAIN
        months = "m" in bare and "h" not in bare and "s" not in bare
        return _Format.DATE if "d" in bare or "y" in bare or months else _Format.PLAIN


def read_workbook(path: Path) -> list[Table]:
    """Return the sheets that hold anything, each with its first row that is not empty as header."""
    archive = Archive(path)
    book = _Book(archive)
    tables = []
    for name, part, hidden in book.sheets:
        header = next(book.rows(part), None)
        if header is not None:
            below = partial(_below, book, part)
            tables.append(Table(clean(name), header.cells, below, hidden=hidden))
    if not book.sheets:
        raise BrokenWorkbook(part="workbook")
    return tables


def _below(book: _Book, part: str) -> Iterator[Row]:
    rows = book.rows(part)
    next(rows, None)
    for count, row in enumerate(rows, 1):
        if count > ROWS:
            raise WorkbookTooLarge(what="rows", limit=ROWS)
        yield row


class _Book:
    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.sheets: list[tuple[str, str, bool]] = []
        self.formats: list[int] = []
        self.strings: list[str] = []
        self.epoch_1904 = False
        self._read_directory()

    def _read_directory(self) -> None:
        main = next(iter(self._targets("_rels/.rels", "", "/officeDocument").values()), None)
        if main is None or main not in self.archive.names:
            raise BrokenWorkbook(part="workbook")
        folder, name = str(PurePosixPath(main).parent), PurePosixPath(main).name
        links = f"{folder}/_rels/{name}.rels"
        parts = self._targets(links, folder, "/worksheet")
        for part in self._targets(links, folder, "/styles").values():
            self._read_styles(part)
        for part in self._targets(links, folder, "/sharedStrings").values():
            self._read_strings(part)

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "workbookPr":
                self.epoch_1904 = attributes.get("date1904") in {"1", "true"}
            if tag == "sheet":
                link = next((v for k, v in attributes.items() if k.endswith(":id")), "")
                if part := parts.get(link):
                    hidden = attributes.get("state") in _HIDDEN_STATES
                    self.sheets.append((attributes.get("name", ""), part, hidden))

        self.archive.elements(main, start)

    def _targets(self, links: str, folder: str, kind: str) -> dict[str, str]:
        found: dict[str, str] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            target = attributes.get("Target", "")
            outside = attributes.get("TargetMode") == "External"
            if tag != "Relationship" or outside or not attributes.get("Type", "").endswith(kind):
                return
            path = target[1:] if target.startswith("/") else f"{folder}/{target}".lstrip("/")
            if path in self.archive.names:
                found[attributes.get("Id", "")] = path

        if links in self.archive.names:
            self.archive.elements(links, start)
        return found

    def _read_styles(self, part: str) -> None:
        codes: dict[str, str] = {}
        inside = False

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            nonlocal inside
            if tag == "numFmt" and len(codes) < _STYLES:
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")[:255]
            elif tag in {"cellXfs", "cellStyles", "dxfs"}:
                inside = tag == "cellXfs"
            elif tag == "xf" and inside:
                if len(self.formats) >= _STYLES:
                    raise WorkbookTooLarge(what="styles", limit=_STYLES)
                number = attributes.get("numFmtId", "0")
                if number in codes:
                    self.formats.append(_Format.of(codes[number]))
                else:
                    dated = number.isdecimal() and int(number[:9]) in _DATE_FORMATS
                    self.formats.append(_Format.DATE if dated else _Format.PLAIN)

        self.archive.elements(part, start)

    def _read_strings(self, part: str) -> None:
        pieces: list[str] = []
        total = 0
        reading = phonetic = False

        def start(tag: str, _: Mapping[str, str]) -> None:
            nonlocal reading, phonetic
            phonetic = phonetic or tag == "rPh"
            reading = tag == "t" and not phonetic

        def end(tag: str) -> None:
            nonlocal reading, phonetic
            reading = False
            if tag == "rPh":
                phonetic = False
            elif tag == "si":
                self.strings.append("".join(pieces))
                pieces.clear()
                if len(self.strings) > _STRINGS:
                    raise WorkbookTooLarge(what="strings", limit=_STRINGS)

        def text(data: str) -> None:
            nonlocal total
            if reading:
                pieces.append(data)
                total += len(data)
                if total > _STRING_CHARACTERS:
                    raise WorkbookTooLarge(what="characters", limit=_STRING_CHARACTERS)

        for _ in self.archive.walk(part, start, end, text):
            pass

    def rows(self, part: str) -> Iterator[Row]:
        reader = _SheetReader(self, part)
        for _ in self.archive.walk(part, reader.start, reader.end, reader.text):
            yield from reader.found
            reader.found.clear()


class _SheetReader:
    """Collects the rows of one sheet that hold anything."""

    def __init__(self, book: _Book, part: str) -> None:
        self.found: list[Row] = []
        self._book = book
        self._part = part
        self._merges = _covered(book.archive.merges.get(part, []))
        self._row = 0
        self._column = 0
        self._cells: dict[int, str] = {}
        self._faults: dict[int, str] = {}
        self._type = "n"
        self._style = 0
        self._into: list[str] | None = None
        self._value: list[str] = []
        self._formula: list[str] = []
        self._has_formula = self._phonetic = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "v" or (tag == "t" and self._type == "inlineStr" and not self._phonetic):
            self._into = self._value
        elif tag == "c":
            self._column = self._next(attributes)
            self._type = attributes.get("t", "n")
            style = attributes.get("s", "0")
            self._style = int(style) if style.isdecimal() and len(style) < 6 else 0  # noqa: PLR2004 - more digits than styles
        elif tag == "f":
            self._has_formula = True
            self._into = self._formula
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "row":
            written = attributes.get("r", "")
            number = int(written[:8]) if written.isdecimal() else self._row + 1
            if not self._row < number <= _SHEET_ROWS:
                raise BrokenWorkbook(part=self._part)
            self._row, self._column = number, 0

    def text(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)
            if len(self._into) > _CELL_CHARACTERS:
                raise WorkbookTooLarge(what="cell", limit=_CELL_CHARACTERS)

    def end(self, tag: str) -> None:
        self._into = None
        if tag == "c":
            self._close_cell()
        elif tag == "row":
            self._close_row()
        elif tag == "rPh":
            self._phonetic = False

    def _next(self, attributes: Mapping[str, str]) -> int:
        match = _CELL.fullmatch(attributes.get("r", ""))
        column = _column(match[1]) if match else self._column + 1
        if not self._column < column <= _SHEET_COLUMNS:
            raise BrokenWorkbook(part=self._part)
        return column

    def _close_cell(self) -> None:
        text = "".join(self._value)
        if len(text) > _CELL_CHARACTERS:
            raise WorkbookTooLarge(what="cell", limit=_CELL_CHARACTERS)
        at = self._column - 1
        if self._has_formula:
            self._cells[at] = "=" + "".join(self._formula)[:_CELL_CHARACTERS]
            self._faults[at] = "formula"
        elif self._type == "e":
            self._cells[at] = text
            self._faults[at] = "cell-error"
        elif text:
            self._cells[at] = self._shown(text)
        self._value.clear()
        self._formula.clear()
        self._has_formula = False
        self._type = "n"

    def _shown(self, text: str) -> str:
        match self._type:
            case "s":
                if not text.isdecimal() or int(text[:9]) >= len(self._book.strings):
                    raise BrokenWorkbook(part=self._part)
                return self._book.strings[int(text)]
            case "b":
                return "true" if text == "1" else "false"
            case "n":
                formats = self._book.formats
                shown_as = formats[self._style] if self._style < len(formats) else _Format.PLAIN
                return _number(text, shown_as, epoch_1904=self._book.epoch_1904)
            case "d":
                return text[:10]
            case _:
                return text

    def _close_row(self) -> None:
        merged = self._merges.get(self._row, ())
        for first, last in merged:
            for column in range(first, min(last, 512) + 1):
                self._faults.setdefault(column - 1, "merged-cell")
        if any(map(clean, self._cells.values())) or merged:
            width = 1 + max(self._cells, default=-1)
            cells = tuple(self._cells.get(column, "") for column in range(width))
            self.found.append(Row(self._row, cells, self._faults))
        self._cells, self._faults = {}, {}


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _covered(merges: list[Merge]) -> dict[int, list[tuple[int, int]]]:
    """Return by row the columns that lie under a merged cell, without the corner that shows."""
    covered: dict[int, list[tuple[int, int]]] = {}
    for left, top, right, bottom in merges:
        first, last = _column(left), _column(right)
        for row in range(top, min(bottom, top + ROWS) + 1):
            begin = first + 1 if row == top else first
            if begin <= last:
                covered.setdefault(row, []).append((begin, last))
    return covered


def _number(text: str, shown_as: int, *, epoch_1904: bool) -> str:
    """Return a number as it is shown: a date as ISO, a fraction with a comma, never 7.9E+10."""
    try:
        number = Decimal(text)
        whole = number.to_integral_value()
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _CELL_CHARACTERS.bit_length():
        return text
    if shown_as == _Format.DATE:
        return _day(int(number), epoch_1904=epoch_1904) or text
    if number == whole:
        return f"{int(whole):0{max(shown_as, 1)}d}"
    # A sheet keeps numbers in binary: 12.25 may be stored as 12.250000000000002.
    return f"{number:.{_WHOLE_DIGITS}g}".replace(".", ",")


def _day(serial: int, *, epoch_1904: bool) -> str | None:
    # Day 60 of the 1900 calendar is a 29 February that never was.
    begin = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30 if serial > 60 else 31)  # noqa: PLR2004 - as said above
    try:
        return (begin + timedelta(days=serial)).isoformat()
    except OverflowError:
        return None
