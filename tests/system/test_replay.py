"""`ketnap replay`: views rebuilt beside the live ones, compared, and put in their place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.installation import LAYOUTS
from services.replay import ViewKeptError
from services.replay import replay as rebuild
from tests.installed import EMBEDDED, Site
from tests.system.small import Run

H = ("--unit", "H", "--period", "2022", "--as-of", "2022-12-31")
KILLED = """
import os, signal, sys
from infra.database import postgres
from infra.database.sqlite import SqliteDatabase
from infra.settings import settings
from services import replay
from services.terminal.options import installation

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

with installation(settings()) as ketnap:
    if sys.argv[1] == "rebuilding":
        replay.replay(ketnap, ["reporting"], swapping=True, progress=die)
    execute, copied = SqliteDatabase.execute, []
    def run(db, sql, values=()):
        if sql.startswith("insert into main."):
            copied.append(sql)
            if len(copied) == 5:
                die()
        return execute(db, sql, values)
    SqliteDatabase.execute = run
    renamed, moved = postgres._renamed, []
    def rename(*names):
        moved.append(names)
        if len(moved) == 2:
            die()
        return renamed(*names)
    postgres._renamed = rename
    replay.replay(ketnap, ["reporting"], comparing=False, swapping=True)
"""


def shown(site: Site) -> Mapping[str, list[tuple[Any, ...]]]:
    """Return every row of the live view of reporting."""
    return {
        table: sorted(site.tamper("views", "reporting", f"select * from {table}"), key=repr)  # noqa: S608 - its own names
        for table in LAYOUTS["reporting"].tables
    }


def spoil(site: Site) -> None:
    change = "update counters set sums = replace(sums, '\"admitted||\":', '\"admitted||\":1')"
    site.tamper("views", "reporting", change)


def admitted(run: Run, data: Path) -> int:
    told = run("figures", *H, "--json", "--data", data)
    assert told.code == 0
    return int(told.json["admitted"])


def litter(site: Site) -> list[str]:
    """Return what there is besides the views themselves."""
    if site.databases:
        schemas = "select nspname from pg_namespace where nspname like ?"
        return [name for (name,) in site.tamper("views", "reporting", schemas, "%\\_draft\\_%")]
    return [path.name for path in (site.folder / "views").glob("replay-*")]


def test_a_replay_alone_names_what_differs_and_changes_nothing(
    run: Run, site: Site, data: Path
) -> None:
    right = admitted(run, data)
    spoil(site)
    wrong = shown(site)

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
    assert shown(site) == wrong
    assert litter(site) == []


def test_a_swap_puts_the_rebuilt_view_in_the_place_of_the_live_one(
    run: Run, site: Site, data: Path
) -> None:
    right = shown(site)
    spoil(site)

    told = run("replay", "reporting", "--swap", "--data", data)

    assert told.code == 0
    assert "reporting" in told.err
    assert shown(site) == right
    assert run("replay", "--data", data).code == 0


@pytest.mark.parametrize("mode", [EMBEDDED], indirect=True)
def test_who_reads_during_a_swap_sees_all_of_the_old_view(run: Run, site: Site, data: Path) -> None:
    right = admitted(run, data)
    spoil(site)
    counted = "select group_concat(sums) from counters"
    with site.open() as ketnap, ketnap.view.snapshot() as reading:
        before = reading.execute(counted).fetchone()

        assert run("replay", "reporting", "--swap", "--data", data).code == 0

        assert reading.execute(counted).fetchone() == before
    assert admitted(run, data) == right


@pytest.mark.parametrize("words", [("--to-position", "dossiers:8"), ("--known-at", "2000-01-01")])
def test_a_view_rebuilt_to_an_earlier_state_is_shown_and_readers_go_on_from_it(
    run: Run, site: Site, data: Path, words: tuple[str, ...]
) -> None:
    right, now = shown(site), admitted(run, data)

    told = run("replay", "reporting", *words, "--compare", "--swap", "--json", "--data", data)

    assert told.code == 0
    at = told.json["positions"]["reporting.dossiers"]
    assert at == (8 if words[0] == "--to-position" else 0)
    read = "select coalesce(max(position), 0) from history_dossiers"
    assert site.tamper("views", "reporting", read) == [(at,)]
    changed = {(each["unit"], each["figure"]): each for each in told.json["figures"]}
    assert changed["H", "admitted"]["live"] == now
    assert admitted(run, data) == now
    assert shown(site)["counters"] == right["counters"]


def test_all_views_go_to_a_position_together(run: Run, data: Path) -> None:
    told = run("replay", "--to-position", "dossiers:8", "--json", "--data", data)

    of_dossiers = {"dossiers.units", "dossiers.candidacies", "reporting.dossiers"}
    assert told.code == 0
    assert {told.json["positions"][reader] for reader in of_dossiers} == {8}
    assert told.json["positions"]["reporting.training"] == 2
    assert run("replay", "--data", data).code == 0


@pytest.mark.parametrize("when", ["rebuilding", "swapping"])
def test_a_replay_that_is_killed_leaves_the_live_view_whole_and_nothing_for_ever(
    run: Run, site: Site, data: Path, when: str
) -> None:
    before = shown(site)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, when], env={**os.environ, **site.told}, check=False
    )

    assert killed.returncode == -signal.SIGKILL
    assert shown(site) == before
    assert len(litter(site)) == 1
    assert run("replay", "--data", data).code == 0
    assert litter(site) == []
    assert shown(site) == before


def test_a_view_that_another_process_keeps_is_not_swapped(site: Site) -> None:
    before = shown(site)
    with (
        site.open() as keeping,
        site.open() as ketnap,
        keeping.kept.alone(keeping.kept.keeper("reporting.dossiers")) as ours,
    ):
        assert ours
        with pytest.raises(ViewKeptError):
            rebuild(ketnap, ["reporting"], swapping=True, patience_seconds=0)

    assert shown(site) == before
    assert litter(site) == []
