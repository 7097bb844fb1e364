"""Workbooks to be filled in: the columns of a kind in Vietnamese, and what each may hold."""

from __future__ import annotations

from pathlib import Path

from infra.tables import Sheet, fold, write_workbook
from services.imports.columns import Column, Kind, kinds
from services.wording import say

_SHEET_NAME_CHARACTERS = 31
_NOTES = ("Cột", "Mã cột", "Bắt buộc", "Giá trị nhận", "Ví dụ (không có thật)")


def write_template(kind: str, path: Path) -> None:
    """Write a workbook whose first sheet comes back filled in; the second says what fits.

    The example stands on the second sheet, so that nobody can take it in by mistake.
    """
    told = kinds()[kind]
    columns = list(told.columns.values())
    write_workbook(
        path,
        [
            Sheet(
                told.title[:_SHEET_NAME_CHARACTERS],
                [column.name for column in columns],
                choices={
                    place: [names[0] for names in column.values.values()]
                    for place, column in enumerate(columns)
                    if column.values
                },
                widths=[max(14, len(column.name) + 2) for column in columns],
            ),
            Sheet(
                say("rows.template-sheet"),
                _NOTES,
                [_note(told, column) for column in columns],
                widths=[34, 24, 10, 90, 28],
            ),
        ],
    )


def is_notes(header: tuple[str, ...]) -> bool:
    """Tell whether a sheet is the second one of a template."""
    return tuple(map(fold, header)) == tuple(map(fold, _NOTES))


def _note(kind: Kind, column: Column) -> list[str]:
    return [
        column.name,
        column.code,
        say("rows.template-required") if column.code in kind.required else "",
        "; ".join(f"{names[0]} ({code})" for code, names in column.values.items())
        or say(f"rows.template-{column.type}"),
        column.example,
    ]
