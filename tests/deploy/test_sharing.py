"""Tests that stand on the same are run by one process, though several share the run."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from deploy.local.stack import ROOT
from tests.sharing import rank

TESTS = """
import os, pathlib, pytest
@pytest.mark.parametrize("n", range(6))
def test_it(n, worker_id):
    name = pathlib.Path(__file__).relative_to(os.environ["HERE"])
    with (pathlib.Path(os.environ["HERE"]) / "told").open("a") as told:
        told.write(f"{name} {worker_id}\\n")
"""
SEEDS = ("tests/seeds/test_one.py", "tests/seeds/test_other.py")


def test_one_process_runs_a_file_or_a_folder_that_stands_on_one_thing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE", str(pytester.path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for file in (*SEEDS, *(f"tests/events/test_{n}.py" for n in range(4))):
        path = pytester.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TESTS)
    pytester.makeini("[pytest]\naddopts = --import-mode=importlib -p tests.sharing")

    done = pytester.runpytest_subprocess("--numprocesses", "2", "--dist", "loadscope")

    done.assert_outcomes(passed=36)
    by = defaultdict(set)
    for line in (pytester.path / "told").read_text().splitlines():
        file, process = line.split()
        by["seeds" if file in SEEDS else file].add(process)
    assert {len(processes) for processes in by.values()} == {1}
    assert len(set().union(*by.values())) == 2


def test_what_takes_long_begins_first_and_what_needs_no_server_comes_last() -> None:
    asked = [
        ("tests/events/test_calendar.py::test_it", False),
        ("tests/services/portal/test_case.py::test_it[postgres]", True),
        ("tests/chaos/test_wire.py::test_it", False),
        ("tests/system/distributed/test_pages.py::test_it", True),
    ]

    turns = sorted(asked, key=lambda test: rank(test[0], on_servers=test[1]))

    assert [Path(name.partition("::")[0]).stem for name, _ in turns] == [
        "test_pages",
        "test_wire",
        "test_case",
        "test_calendar",
    ]
