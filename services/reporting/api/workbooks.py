"""Figures and facts as workbooks: real numbers and days, and no cell that starts a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from events.calendar import CIVIL
from infra.tables.writing import inert
from services.wording import coded, say
from services.wording.telling import ROUND_FIELDS, TARGET_FIELDS

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTHS = {"name": 36, "text": 80, "document": 24, "recorded": 20, "case": 38}
_WIDTH = 16
_FACETS = (
    "sex",
    "age",
    "youth_union",
    "ethnic_minority",
    "religious",
    "occupation",
    "source_group",
    "round",
)
_FACET_OF = {"round": "referral_round"}
_BY_UNIT = (
    "unit",
    "name",
    "admitted",
    "target",
    "numerator",
    "denominator",
    "ratio",
    "remaining",
)
_TARGETS = ("target-kind", *TARGET_FIELDS[1:])
_FINDINGS = ("unit", "expected", "actual", "difference", "text")

Cell = str | int | float | date | datetime | bool | None


class _Book:
    """A workbook that is written row by row, in the words of a language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._bytes = BytesIO()
        self._book = xlsxwriter.Workbook(self._bytes, _OPTIONS)
        self._head = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._day = self._book.add_format({"num_format": "dd/mm/yyyy"})
        self._moment = self._book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        self._share = self._book.add_format({"num_format": "0.0%"})

    def sheet(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a table under the names of its columns."""
        page = self._book.add_worksheet(self.words(name))
        page.freeze_panes(1, 0)
        for at, column in enumerate(columns):
            page.set_column(at, at, _WIDTHS.get(column, _WIDTH))
            page.write_string(0, at, inert(self.column(column)), self._head)
        for number, row in enumerate(rows, 1):
            for at, cell in enumerate(row):
                self._write(page, number, at, cell)

    def words(self, key: str) -> str:
        """Return a word of workbooks."""
        return say(f"workbook.{key}", self.lang)

    def column(self, name: str) -> str:
        """Return how a column is called."""
        for section in ("column", "facet"):
            if (called := coded(section, name, self.lang)) != name:
                return str(called)
        return self.words(name.replace("_", "-"))

    def called(self, section: str, code: object) -> Cell:
        """Return how a code is called."""
        called = coded(section, code, self.lang)
        return None if called is None else str(called)

    def saved(self) -> bytes:
        """Return the file."""
        self._book.close()
        return self._bytes.getvalue()

    def _write(self, page: Any, row: int, at: int, cell: Cell) -> None:  # noqa: ANN401 - untyped
        match cell:
            case None:
                return
            case bool():
                page.write_string(
                    row, at, say("terminal.yes" if cell else "terminal.no", self.lang)
                )
            case int():
                page.write_number(row, at, cell)
            case float():
                page.write_number(row, at, cell, self._share)
            case datetime():
                page.write_datetime(
                    row, at, cell.astimezone(CIVIL).replace(tzinfo=None), self._moment
                )
            case date():
                page.write_datetime(row, at, cell, self._day)
            case _:
                page.write_string(row, at, inert(cell))


def of_figures(told: Mapping[str, Any], lang: str) -> bytes:
    """Return the figures of a unit as a workbook."""
    book = _Book(lang)
    book.sheet("figures", ("figure", "value"), _summary(told, book))
    book.sheet("by-unit", _BY_UNIT, map(_by_unit, told["by_unit"]))
    book.sheet("targets", _TARGETS, (_target(row, book) for row in told["targets"]))
    book.sheet(
        "facets",
        ("facet", "value", "people"),
        (
            (book.called("facet", facet), book.called("facet-value", value), n)
            for facet, values in told["facets"].items()
            for value, n in values.items()
        ),
    )
    for sheet, parts in (("rounds", ROUND_FIELDS), ("findings", _FINDINGS)):
        book.sheet(sheet, parts, ([row[part] for part in parts] for row in told[sheet]))
    return book.saved()


def of_facts(rows: Sequence[Mapping[str, Any]], lang: str) -> bytes:
    """Return the facts behind a figure as a workbook."""
    book = _Book(lang)
    book.sheet(
        "facts",
        ("on", "n", "fact", "unit", "case", "recorded", "position", *_FACETS),
        (
            (
                _day(row["on"]),
                row["n"],
                book.called("fact", row["fact"]),
                row["unit"],
                row["case"],
                datetime.fromisoformat(row["recorded"]),
                row["position"],
                *(_facet(row.get(_FACET_OF.get(facet, facet)), book) for facet in _FACETS),
            )
            for row in rows
        ),
    )
    return book.saved()


def _summary(told: Mapping[str, Any], book: _Book) -> list[tuple[Cell, Cell]]:
    known_at, target = told["known_at"], told["target"]
    rows: list[tuple[Cell, Cell]] = [
        (book.column("unit"), told["unit"]),
        (book.column("name"), told["name"]),
        (book.words("period"), told["period"]),
        (book.words("as-of"), _day(told["as_of"])),
        (book.words("known-at"), known_at and datetime.fromisoformat(known_at)),
        (book.words("positions"), ", ".join(f"{k}:{v}" for k, v in told["positions"].items())),
        (book.column("admitted"), told["admitted"]),
        (book.column("target"), target and target["minimum"]),
    ]
    names = ("numerator", "denominator", "ratio")
    rows += zip(map(book.column, names), _ratio(told["ratio"]), strict=True)
    units = told["units"]
    rows += [
        (book.words("denominator-is"), told["ratio"] and told["ratio"]["denominator_is"]),
        (book.column("remaining"), told["remaining"]),
        (book.words("unit-in-all"), units["total"]),
        (say("terminal.figures.units", book.lang), units["with_ceremony"]),
    ]
    for section in ("funnel", "left", "classes"):
        rows += [(book.called(section, name), n) for name, n in told[section].items()]
    members = told["members"]
    rows.append((say("terminal.figures.members", book.lang), members and members["count"]))
    return rows


def _by_unit(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        row["unit"],
        row["name"],
        row["admitted"],
        row["target"] and row["target"]["minimum"],
        *_ratio(row["ratio"]),
        row["remaining"],
    )


def _target(row: Mapping[str, Any], book: _Book) -> tuple[Cell, ...]:
    return (
        book.called("target-kind", row["kind"]),
        row["period"],
        row["category"],
        row["minimum"],
        row["maximum"],
        _day(row["deadline"]),
        row["admitted"],
        book.called("target-state", row["state"]),
    )


def _ratio(ratio: Mapping[str, Any] | None) -> tuple[Cell, Cell, Cell]:
    if ratio is None:
        return None, None, None
    return (
        ratio["numerator"],
        ratio["denominator"],
        float(ratio["numerator"] / ratio["denominator"]),
    )


def _facet(value: Any, book: _Book) -> Cell:  # noqa: ANN401 - JSON
    return book.called("facet-value", value) if isinstance(value, str) else value


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
