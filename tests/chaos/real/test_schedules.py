"""Roles, broker and database are killed, paused and robbed under load; all agree in the end."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from deploy.local.stack import ROOT
from tests.chaos.real import ground
from tests.chaos.real.faults import KINDS
from tests.chaos.real.planted import command
from tests.chaos.real.schedule import run
from tests.stack import FOLDER

FAULTS = 40
REPORT = ROOT / "var" / "chaos" / "short.json"
SCHEDULES = len(KINDS)
"""The first fault of each is of another kind."""
WITHIN_SECONDS = 60.0
"""Here the machine does much else; `make chaos` asks for 10."""
PLANTED = {
    "reporting projector": "view-after-position",
    "verification reactor": "command-after-position",
}
MOST = 15

pytestmark = pytest.mark.stack


@pytest.fixture
def folder() -> Path:
    return Path(os.environ[FOLDER]) / "own" / f"chaos-{os.getpid()}"


def test_forty_faults_lose_nothing_double_nothing_and_all_agree(folder: Path) -> None:
    outcomes = []
    with ground(folder) as lent:
        for seed in range(SCHEDULES):
            outcome = run(seed, lent, within_seconds=WITHIN_SECONDS, rebuilding=seed % 4 == 3)
            assert outcome.held, outcome.told()
            outcomes.append(outcome)
    faults = sum((Counter(outcome.faults) for outcome in outcomes), Counter[str]())
    told = {"faults": faults, "converged_seconds": [each.converged_seconds for each in outcomes]}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(told, indent=1))
    assert faults.total() >= FAULTS, faults
    assert sum(outcome.steps for outcome in outcomes) > 10 * SCHEDULES


def test_bugs_that_are_planted_in_roles_are_found(folder: Path) -> None:
    """A position that is saved before what it stands for loses it when the process is killed."""
    instead = {role: command(bug, role) for role, bug in PLANTED.items()}
    kills = [f"kill {role}" for role in PLANTED]
    found: set[str] = set()
    with ground(folder, instead=instead) as lent:
        for seed in range(MOST):
            chance = Random(seed)
            faults = [(chance.uniform(0.5, 1.5), kill, chance) for kill in kills]
            outcome = run(seed, lent, faults=faults, within_seconds=300, rebuilding=False)
            found |= {
                name
                for name, sign in (
                    ("view", "reporting.history_dossiers lacks"),
                    ("command", "is there 0 times, not 1"),
                )
                if any(sign in problem for problem in outcome.problems)
            }
            if len(found) == len(PLANTED):
                break
    assert found == {"view", "command"}
