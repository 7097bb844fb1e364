"""Cells to values: days, numbers, periods and codes as Vietnamese offices write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from events.period import Period, parse_period
from infra.tables import Row, clean, is_formula
from services.imports.columns import Column, Kind
from services.imports.report import (
    CellOutsideColumns,
    ErrorInCell,
    FormulaInCell,
    MangledNumber,
    MergedCell,
    MissingValue,
    RowError,
    RowRefused,
    UnreadableValue,
    ValueTooLong,
    row_error,
)

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_VIETNAMESE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_NUMBER = re.compile(r"(\d+|[1-9]\d{0,2}(?:\.\d{3})+)(?:,0+)?", re.ASCII)
_MANGLED = re.compile(r"\d([.,]\d+)?[eE]\+\d+")
_YEARS = range(1900, 2200)
_DIGITS = 9
_CODE_CHARACTERS = 100
_TEXT_CHARACTERS = 1000
_FAULTS: Mapping[str, type[RowRefused]] = {
    "formula": FormulaInCell,
    "cell-error": ErrorInCell,
    "merged-cell": MergedCell,
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says: its values by column, without those that are empty."""

    row: int
    values: Mapping[str, Any]

    def get(self, column: str) -> Any:  # noqa: ANN401 - each column has its own type
        """Return the value of a column, or None where the row says nothing."""
        return self.values.get(column)

    def __contains__(self, column: str) -> bool:
        return column in self.values


Places = Mapping[int, str | None]


def texts(places: Places, row: Row) -> dict[str, str]:
    """Return the cells of a row by column, cleaned, without those that are empty."""
    found: dict[str, str] = {}
    for place, cell in enumerate(row.cells):
        column = places.get(place)
        if cell and column and (text := clean(cell)):
            found[column] = text
    return found


def faults(places: Places, row: Row) -> list[RowError]:
    """Return what is wrong with the cells themselves, whatever they say."""
    wrong: dict[type[RowRefused], list[str]] = {}
    for place, fault in row.faults.items():
        wrong.setdefault(_FAULTS[fault], []).append(places.get(place) or f"#{place + 1}")
    for place, cell in enumerate(row.cells):
        if not cell or place in row.faults or (place in places and places[place] is None):
            continue
        column = places.get(place)
        if column is None and clean(cell):
            wrong.setdefault(CellOutsideColumns, []).append(f"#{place + 1}")
        elif column is not None and is_formula(cell):
            wrong.setdefault(FormulaInCell, []).append(column)
    return [
        row_error(row.number, refused(columns=tuple(columns))) for refused, columns in wrong.items()
    ]


def read(kind: Kind, row: int, told: Mapping[str, str]) -> Said | list[RowError]:
    """Return what a row says, or everything that cannot be read in it."""
    values: dict[str, Any] = {}
    wrong: dict[type[RowRefused], dict[str, str]] = {}
    for code, text in told.items():
        column = kind.columns[code]
        try:
            values[code] = _READERS[column.type](text, column)
        except _Unreadable as error:
            wrong.setdefault(error.refused, {})[code] = text
        except ValueError:
            wrong.setdefault(UnreadableValue, {})[code] = text
    if missing := tuple(code for code in kind.required if code not in told):
        wrong[MissingValue] = dict.fromkeys(missing, "")
    if not wrong:
        return Said(row, values)
    return [
        row_error(row, refused(columns=tuple(cells), value="; ".join(cells.values())[:200]))
        for refused, cells in wrong.items()
    ]


class _Unreadable(ValueError):
    def __init__(self, refused: type[RowRefused]) -> None:
        super().__init__(refused.__name__)
        self.refused = refused


@lru_cache(maxsize=1 << 15)
def _day(text: str, _: Column) -> date:
    if match := _ISO.fullmatch(text):
        year, month, day = match.groups()
    elif match := _VIETNAMESE.fullmatch(text):
        day, month, year = match.groups()
    else:
        raise ValueError(text)
    if int(year) not in _YEARS:
        raise ValueError(text)
    return date(int(year), int(month), int(day))


def _number(text: str, _: Column) -> int:
    match = _NUMBER.fullmatch(text)
    if match is None or len(match[1]) > _DIGITS + 2:
        raise ValueError(text)
    return int(match[1].replace(".", ""))


def _text(text: str, _: Column) -> str:
    if len(text) > _TEXT_CHARACTERS:
        raise _Unreadable(ValueTooLong)
    return text


def _code(text: str, _: Column) -> str:
    if len(text) > _CODE_CHARACTERS:
        raise _Unreadable(ValueTooLong)
    if _MANGLED.fullmatch(text):
        raise _Unreadable(MangledNumber)
    return text


def _codes(text: str, column: Column) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(_code(part, column) for each in text.split(";") if (part := each.strip()))
    )


def _choice(text: str, column: Column) -> str:
    code = column.value(text)
    if code is None:
        raise ValueError(text)
    return code


def _yes_no(text: str, column: Column) -> bool:
    return _choice(text, column) == "yes"


@lru_cache(maxsize=1024)
def _period(text: str, _: Column) -> Period:
    return parse_period(text)


_READERS: Mapping[str, Callable[[str, Column], Any]] = {
    "code": _code,
    "codes": _codes,
    "reference": _code,
    "text": _text,
    "day": _day,
    "number": _number,
    "yes-no": _yes_no,
    "choice": _choice,
    "unit-kind": _choice,
    "period": _period,
}
