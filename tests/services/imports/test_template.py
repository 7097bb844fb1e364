"""Templates: what an officer fills in comes back as it was meant."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from infra.tables import read_tables
from services.imports import import_files, write_template
from services.imports.columns import kinds
from services.imports.values import Said, read
from tests.services.imports.office import Office


@pytest.mark.parametrize("kind", list(kinds()))
def test_a_template_has_the_columns_in_vietnamese(tmp_path: Path, kind: str) -> None:
    write_template(kind, tmp_path / "template.xlsx")

    table, guide = read_tables(tmp_path / "template.xlsx")
    told = kinds()[kind]
    assert [told.column(title) for title in table.header] == list(told.columns)
    assert list(table.rows()) == []
    assert [row.cells[1] for row in guide.rows()] == list(told.columns)


@pytest.mark.parametrize("kind", list(kinds()))
def test_the_examples_of_a_template_can_be_read(kind: str) -> None:
    columns = kinds()[kind].columns
    told = {code: column.example for code, column in columns.items() if column.example}

    assert isinstance(read(kinds()[kind], 2, told), Said)


def test_every_allowed_value_is_listed_once(tmp_path: Path) -> None:
    for kind in kinds().values():
        for column in kind.columns.values():
            names = [names[0] for names in column.values.values()]
            assert len(set(names)) == len(names)
            assert [column.value(name) for name in names] == list(column.values)


def test_every_alias_means_one_column() -> None:
    for kind in kinds().values():
        for column in kind.columns.values():
            for name in (column.code, column.name, *column.aliases):
                assert kind.column(name) == column.code


def test_a_filled_in_template_is_taken_in_without_its_guide(office: Office) -> None:
    path = office.folder / "template.xlsx"
    write_template("targets", path)
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    for column, value in enumerate(["H", "2022", "giao", "151"], 1):
        page.cell(2, column).value = value
    book.save(path)

    reports = import_files(office.ketnap, [path], commit=True)

    assert [(r.kind, r.good, r.bad, r.written) for r in reports] == [("targets", 1, 0, True)]


def test_an_empty_template_changes_nothing(office: Office) -> None:
    path = office.folder / "template.xlsx"
    write_template("candidates", path)

    reports = import_files(office.ketnap, [path], commit=True)

    assert [(r.kind, r.read, r.changed) for r in reports] == [("candidates", 0, 0)]
