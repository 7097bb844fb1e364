"""A person is forgotten: nowhere in plain before, unreadable after, and no figure moves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from services.imports.run import import_files
from tests.installed import EMBEDDED, Site
from tests.system.small import Run

in_files = pytest.mark.parametrize("mode", [EMBEDDED], indirect=True)
"""Looks into the files of a folder; what lies on Postgres is looked into by its own tests."""
H_2022 = ("--unit", "H", "--period", "2022", "--as-of", "2022-12-31")


def plain_in(folder: Path, *texts: str) -> list[tuple[str, str]]:
    """Return every file of a folder that holds a text, however it is encoded."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for text in texts:
            forms = {text.encode(code) for code in ("utf-8", "utf-16-le")}
            forms.add(text.encode("unicode_escape"))
            if any(form in content for form in forms):
                found.append((path.name, text))
    return found


def everything(run: Run, data: Path) -> dict[str, Any]:
    """Return what must not move: figures, chains, and the facts behind them."""
    return {
        "figures": run("figures", *H_2022, "--json", "--data", data).json | {"positions": None},
        "facts": run("facts", *H_2022, "--json", "--data", data).json,
    }


@in_files
def test_a_name_is_nowhere_in_plain_while_it_can_still_be_read(
    run: Run, site: Site, data: Path
) -> None:
    shown = run("facts", *H_2022, "--names", "--purpose", "kiểm tra", "--data", data)

    assert "Canary Nguyễn Thị Một" in shown.out
    # Open, so that the write-ahead logs are there to be looked at.
    with site.open():
        assert plain_in(data, "Canary", "Nguyễn Thị Một", "R-1\x00", "1990-01-01") == []


@in_files
def test_an_import_under_way_leaves_no_name_in_plain(
    site: Site, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "more.csv"
    file.write_text(
        "unit_code,person_ref,full_name,ceremony_on\nH-1,R-8,Canary Bí Mật,2022-06-01\n", "utf-8"
    )
    seen: list[list[tuple[str, str]]] = []

    with site.open() as ketnap:
        reports = import_files(
            ketnap,
            [file],
            commit=True,
            progress=lambda _, __: seen.append(plain_in(data, "Canary", "Bí Mật")),
        )

    assert reports[0].written
    assert seen
    assert not any(seen)


def test_shredding_moves_no_figure_no_position_and_no_link_of_the_chain(
    run: Run, site: Site, data: Path
) -> None:
    before = everything(run, data)
    with site.open() as ketnap:
        rows = {name: ledger.read(0, 1000) for name, ledger in ketnap.ledgers.items()}

    result = run("shred", "R-1", "--reason", "theo yêu cầu", "--yes", "--data", data)

    assert result.code == 0
    assert everything(run, data) == before
    assert run("verify", "--data", data).code == 0
    assert run("replay", "--compare", "--data", data).code == 0
    with site.open() as ketnap:
        for name, ledger in ketnap.ledgers.items():
            now = ledger.read(0, 1000)
            assert now[: len(rows[name])] == rows[name]
            new = [row.type for row in now[len(rows[name]) :]]
            assert new == (["dossiers.PersonShredded"] if name == "dossiers" else [])


@in_files
def test_what_was_shredded_can_be_read_by_nobody_not_even_in_a_copy(
    run: Run, data: Path, tmp_path: Path
) -> None:
    ledgers = shutil.copytree(data / "ledgers", tmp_path / "old")
    run("shred", "R-1", "--reason", "theo yêu cầu", "--yes", "--data", data)

    shown = run("facts", *H_2022, "--names", "--purpose", "kiểm tra", "--json", "--data", data)

    by_day = {row["on"]: row["name"] for row in shown.json}
    assert by_day["2022-02-10"] is None
    assert by_day["2022-03-09"] == "Canary Trần Văn Hai"

    shutil.rmtree(data / "ledgers")
    shutil.copytree(ledgers, data / "ledgers")
    shutil.rmtree(data / "views")
    again = run("facts", *H_2022, "--names", "--purpose", "kiểm tra", "--json", "--data", data)
    assert {row["on"]: row["name"] for row in again.json}["2022-02-10"] is None


@in_files
def test_no_file_holds_the_name_after_shredding(run: Run, data: Path) -> None:
    run("shred", "R-1", "--reason", "theo yêu cầu", "--yes", "--data", data)

    assert plain_in(data, "Canary", "Nguyễn Thị Một") == []


def test_a_shredded_person_is_not_imported_again(run: Run, data: Path, tmp_path: Path) -> None:
    run("shred", "R-1", "--reason", "theo yêu cầu", "--yes", "--data", data)
    file = tmp_path / "again.csv"
    file.write_text("unit_code,person_ref,ceremony_on\nH-1,R-1,2022-02-10\n", "utf-8")

    result = run("import", file, "--commit", "--data", data)

    assert result.code == 1
    assert "đã bị hủy" in result.err


def test_a_shredding_is_on_record_with_its_reason(run: Run, site: Site, data: Path) -> None:
    run("shred", "R-1", "--reason", "theo yêu cầu", "--yes", "--data", data)

    with site.open() as ketnap:
        (read,) = ketnap.keys.reads()
    assert read.purpose == "shred: theo yêu cầu"


def test_a_person_may_be_named_by_id(run: Run, data: Path) -> None:
    person = run("history", "R-1", "--json", "--data", data).json[-1]["person"]

    assert run("shred", person, "--reason", "x", "--yes", "--data", data).code == 0
    assert run("history", "R-1", "--data", data).code == 1


def test_nobody_unknown_is_shredded(run: Run, data: Path) -> None:
    result = run("shred", "R-9", "--reason", "x", "--yes", "--data", data)

    assert result.code == 1
    assert "Không có người nào" in result.err
