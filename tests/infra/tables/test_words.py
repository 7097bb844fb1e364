"""Texts that are compared, and what is written for others to open."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.tables import ErrorFile, Sheet, clean, fold, is_formula, write_workbook
from infra.tables.writing import inert
from tests.infra.tables.files import a_csv, cells, the_table

NFD = unicodedata.normalize("NFD", "đơn vị")


@given(st.text())
def test_text_is_the_same_text_however_its_marks_are_stored(text: str) -> None:
    composed = clean(unicodedata.normalize("NFC", text))

    assert clean(unicodedata.normalize("NFD", text)) == composed
    assert clean(composed) == composed


@given(st.text(), st.sampled_from("\u200b\u200e\u200f\u202e\u2066\ufeff\u00ad"), st.integers(0))
def test_hidden_characters_change_nothing(text: str, hidden: str, at: int) -> None:
    cut = at % (len(text) + 1)

    assert fold(text[:cut] + hidden + text[cut:]) == fold(text)


@pytest.mark.parametrize("text", ["Đơn vị", "ĐƠN VỊ", "don vi", "  đơn\u00a0vị ", "Đơn_vị", NFD])
def test_case_marks_and_spaces_do_not_matter_where_words_are_compared(text: str) -> None:
    assert fold(text) == "don vi"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd",
        "-x",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1",
        "\uff1d1+1",
        "\uff0bx",
        "\u200b=1",
        "'=1",
        " =A1",
    ],
)
def test_a_formula_is_recognised(text: str) -> None:
    assert is_formula(text)


@pytest.mark.parametrize(
    "text", ["", "-", "-5", "+84901234567", "-7.335", "12,5", "A=1", "2021-01-01", "a@b"]
)
def test_a_number_or_plain_text_is_no_formula(text: str) -> None:
    assert not is_formula(text)


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        min_size=1,
    )
)
def test_nothing_that_is_written_starts_a_formula(texts: list[str]) -> None:
    for text in texts:
        shown = inert(text)
        assert not is_formula(shown.removeprefix("'")) or shown.startswith("'")


def test_the_error_file_is_the_same_file_with_a_reason_column(tmp_path: Path) -> None:
    table = the_table(a_csv(tmp_path, "a;b\n1;=x\n2;y\n3;z;w\n", "utf-8-sig"))
    target = tmp_path / "file.errors.csv"

    with ErrorFile(target, table, "reason") as errors:
        errors.add(2, "no formulas; please")

    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    with target.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file, delimiter=";")) == [
            ["a", "b", "reason"],
            ["1", "'=x", "no formulas; please"],
            ["2", "y", ""],
            ["3", "z", "", "w"],
        ]


def test_no_error_file_appears_when_nothing_is_wrong(tmp_path: Path) -> None:
    target = tmp_path / "file.errors.csv"

    with ErrorFile(target, the_table(a_csv(tmp_path, "a\n1\n")), "reason"):
        pass

    assert not target.exists()


def test_a_written_workbook_holds_text_alone(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"

    write_workbook(path, [Sheet("Mẫu", ["mã", "=x"], [["007", "=1+1"]], choices={0: ["có"]})])

    table = the_table(path)
    assert table.header == ("mã", "'=x")
    assert cells(table) == [("007", "'=1+1")]
