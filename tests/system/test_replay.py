"""`ketnap replay`: views rebuilt beside the live ones, compared, and put in their place."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.embedded import Embedded
from services.replay import ViewKeptError
from services.replay import replay as rebuild
from tests.system.small import Run

H = ("--unit", "H", "--period", "2022", "--as-of", "2022-12-31")
KILLED = """
import os, signal, sys
from pathlib import Path
from infra.database.sqlite import SqliteDatabase
from services import replay
from services.embedded import Embedded

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

with Embedded.open(Path(sys.argv[1])) as ketnap:
    if sys.argv[2] == "rebuilding":
        replay.replay(ketnap, ["reporting"], swapping=True, progress=die)
    execute, copied = SqliteDatabase.execute, []
    def run(db, sql, values=()):
        if sql.startswith("insert into main."):
            copied.append(sql)
            if len(copied) == 5:
                die()
        return execute(db, sql, values)
    SqliteDatabase.execute = run
    replay.replay(ketnap, ["reporting"], comparing=False, swapping=True)
"""


def shown(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the live view of reporting."""
    with closing(sqlite3.connect(data / "views" / "reporting.db")) as db:
        tables = db.execute("select name from sqlite_schema where type = 'table'").fetchall()
        return {
            table: sorted(db.execute(f"select * from {table}"), key=repr)  # noqa: S608 - its own names
            for (table,) in tables
        }


def spoil(data: Path) -> None:
    with closing(sqlite3.connect(data / "views" / "reporting.db")) as db:
        db.execute(
            "update counters set sums = replace(sums, '\"admitted||\":', '\"admitted||\":1')"
        )
        db.commit()


def admitted(run: Run, data: Path) -> int:
    told = run("figures", *H, "--json", "--data", data)
    assert told.code == 0
    return int(told.json["admitted"])


def litter(data: Path) -> list[str]:
    return [path.name for path in (data / "views").glob("replay-*")]


def test_a_replay_alone_names_what_differs_and_changes_nothing(run: Run, data: Path) -> None:
    right = admitted(run, data)
    spoil(data)
    wrong = shown(data)

    told = run("replay", "--json", "--data", data)

    assert told.code == 1
    [figure] = [
        each
        for each in told.json["figures"]
        if (each["unit"], each["period"], each["figure"]) == ("H", "2022", "admitted")
    ]
    assert figure["rebuilt"] == right
    assert figure["live"] > right
    assert {row["table"] for row in told.json["tables"] if row["missing"]} == {"counters"}
    assert told.json["swapped"] == []
    assert "--swap" in told.err
    assert shown(data) == wrong
    assert litter(data) == []


def test_a_swap_puts_the_rebuilt_view_in_the_place_of_the_live_one(run: Run, data: Path) -> None:
    right = shown(data)
    spoil(data)

    told = run("replay", "reporting", "--swap", "--data", data)

    assert told.code == 0
    assert "reporting" in told.err
    assert shown(data) == right
    assert run("replay", "--data", data).code == 0


def test_who_reads_during_a_swap_sees_all_of_the_old_view(run: Run, data: Path) -> None:
    right = admitted(run, data)
    spoil(data)
    counted = "select group_concat(sums) from counters"
    with Embedded.open(data) as ketnap, ketnap.view.snapshot() as reading:
        before = reading.execute(counted).fetchone()

        assert run("replay", "reporting", "--swap", "--data", data).code == 0

        assert reading.execute(counted).fetchone() == before
    assert admitted(run, data) == right


@pytest.mark.parametrize("words", [("--to-position", "dossiers:8"), ("--known-at", "2000-01-01")])
def test_a_view_rebuilt_to_an_earlier_state_is_shown_and_readers_go_on_from_it(
    run: Run, data: Path, words: tuple[str, ...]
) -> None:
    right, now = shown(data), admitted(run, data)

    told = run("replay", "reporting", *words, "--compare", "--swap", "--json", "--data", data)

    assert told.code == 0
    at = told.json["positions"]["reporting.dossiers"]
    assert at == (8 if words[0] == "--to-position" else 0)
    with closing(sqlite3.connect(data / "views" / "reporting.db")) as db:
        assert db.execute("select coalesce(max(position), 0) from history_dossiers").fetchone() == (
            at,
        )
    changed = {(each["unit"], each["figure"]): each for each in told.json["figures"]}
    assert changed["H", "admitted"]["live"] == now
    assert admitted(run, data) == now
    assert shown(data)["counters"] == right["counters"]


def test_all_views_go_to_a_position_together(run: Run, data: Path) -> None:
    told = run("replay", "--to-position", "dossiers:8", "--json", "--data", data)

    of_dossiers = {"dossiers.units", "dossiers.candidacies", "reporting.dossiers"}
    assert told.code == 0
    assert {told.json["positions"][reader] for reader in of_dossiers} == {8}
    assert told.json["positions"]["reporting.training"] == 2
    assert run("replay", "--data", data).code == 0


@pytest.mark.parametrize("when", ["rebuilding", "swapping"])
def test_a_replay_that_is_killed_leaves_the_live_view_whole_and_nothing_for_ever(
    run: Run, data: Path, when: str
) -> None:
    before = shown(data)

    killed = subprocess.run([sys.executable, "-c", KILLED, data, when], check=False)

    assert killed.returncode == -signal.SIGKILL
    assert shown(data) == before
    assert len(litter(data)) == 1
    assert run("replay", "--data", data).code == 0
    assert litter(data) == []
    assert shown(data) == before


def test_a_view_that_another_process_keeps_is_not_swapped(data: Path) -> None:
    before = shown(data)
    with (
        Embedded.open(data) as keeping,
        Embedded.open(data) as ketnap,
        keeping.projecting() as ours,
    ):
        assert ours
        with pytest.raises(ViewKeptError):
            rebuild(ketnap, ["reporting"], swapping=True, patience_seconds=0)

    assert shown(data) == before
    assert litter(data) == []
