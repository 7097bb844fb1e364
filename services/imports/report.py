"""What came of a file: its rows, what is wrong with them, and what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events.refusal import Refusal
from infra.tables import TableRefused
from services.wording import refusal_words, say

ERRORS_KEPT = 10_000


class RowRefused(Refusal):
    """What a row says cannot be taken in; named after its reason."""


class UnknownUnit(RowRefused):
    """No unit has that code on that day."""


class UnreadableValue(RowRefused):
    """The cell does not hold what its column asks for."""


class ValueTooLong(RowRefused):
    """The cell holds more than its column does."""


class MissingValue(RowRefused):
    """The row says nothing in a column that it cannot do without."""


class CellOutsideColumns(RowRefused):
    """The row has a cell where the header row says nothing."""


class FormulaInCell(RowRefused):
    """The cell holds a formula and not a value."""


class MergedCell(RowRefused):
    """The cell lies under another one, so that what it says cannot be known."""


class ErrorInCell(RowRefused):
    """The cell holds an error of the spreadsheet."""


class MangledNumber(RowRefused):
    """A spreadsheet has rounded what was written, so that it names nobody."""


class RepeatedInFile(RowRefused):
    """An earlier row of the file is about the same."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that is not good, and why."""

    row: int
    columns: tuple[str, ...]
    refusal: Refusal

    def reason(self, lang: str = "vi") -> str:
        """Return why, in words."""
        return words(self.refusal, lang)

    def line(self, lang: str = "vi") -> str:
        """Return the line that is printed: the row, its columns and the reason."""
        columns = f" [{', '.join(self.columns)}]" if self.columns else ""
        return f"row {self.row}{columns}: {self.refusal.code}: {self.reason(lang)}"

    def told(self) -> dict[str, Any]:
        """Return it as it stands in JSON."""
        return {"row": self.row, "columns": list(self.columns), "reason": self.refusal.code}


def row_error(row: int, refusal: Refusal, columns: tuple[str, ...] = ()) -> RowError:
    """Return why a row is refused; the refusal may itself name the columns."""
    return RowError(row, tuple(refusal.facts.get("columns", ())) or columns, refusal)


def words(refusal: Refusal, lang: str = "vi") -> str:
    """Return why a row or a file is refused."""
    if isinstance(refusal, TableRefused) and "what" in refusal.facts:
        what = say(f"rows.what-{refusal.facts['what']}", lang)
        return refusal_words(type(refusal)(**refusal.facts | {"what": what}), lang)
    return refusal_words(refusal, lang)


@dataclass(slots=True)
class FileReport:
    """What came of one table: a CSV file, or one sheet of a workbook."""

    path: Path
    sheet: str
    kind: str | None = None
    read: int = 0
    good: int = 0
    bad: int = 0
    changed: int = 0
    """Rows that record something, or would."""
    errors: list[RowError] = field(default_factory=list)
    """The first of them; the error file has them all."""
    refusal: Refusal | None = None
    """Why nothing of the file can be read."""
    errors_file: Path | None = None
    written: bool = False
    positions: Mapping[str, int] = field(default_factory=dict)
    """Where the ledgers stood when the file was written."""

    @property
    def is_good(self) -> bool:
        """Tell whether every row can be taken in."""
        return self.refusal is None and self.bad == 0

    def add(self, errors: Sequence[RowError]) -> None:
        """Count a row that is not good, for one reason or several."""
        self.bad += 1
        self.errors.extend(errors[: ERRORS_KEPT - len(self.errors)])

    def told(self, lang: str = "vi") -> dict[str, Any]:
        """Return it as it stands in JSON."""
        return {
            "file": str(self.path),
            "sheet": self.sheet,
            "kind": self.kind,
            "rows": self.read,
            "good": self.good,
            "bad": self.bad,
            "changed": self.changed,
            "written": self.written,
            "refused": words(self.refusal, lang) if self.refusal else None,
            "errors": [error.told() | {"text": error.reason(lang)} for error in self.errors],
            "errors_file": str(self.errors_file) if self.errors_file else None,
            "positions": dict(self.positions),
        }
