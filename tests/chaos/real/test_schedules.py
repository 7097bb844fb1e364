"""Roles, broker and database are killed, paused and robbed under load; all agree in the end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest

from deploy.local.stack import ROOT
from tests.chaos.outcome import Share
from tests.chaos.real import ground
from tests.chaos.real.faults import KINDS, PAST
from tests.chaos.real.planted import command
from tests.chaos.real.schedule import drawn, run
from tests.stack import FOLDER

SCHEDULES = 40
MORE = (0, 1)
"""How many faults come beside the first, whose kind is another one each time."""
OFTEN = 2
"""Every kind of fault comes true so often."""
REPORT = ROOT / "var" / "chaos" / "short.json"
WITHIN_SECONDS = 60.0
"""Here the machine does much else; `make chaos` asks for 10."""
PLANTED = {
    "reporting projector": "view-after-position",
    "verification reactor": "command-after-position",
    "dossiers relay": "relay-without-a-lock",
}
SIGNS = {
    "reporting projector": "reporting.history_dossiers lacks",
    "verification reactor": "is there 0 times, not 1",
    "dossiers relay": "dossiers.events has",
}
MOST = 15

pytestmark = pytest.mark.stack


@pytest.fixture
def folder() -> Path:
    return Path(os.environ[FOLDER]) / "own" / f"chaos-{os.getpid()}"


def test_forty_schedules_lose_nothing_double_nothing_and_all_agree(folder: Path) -> None:
    share = Share("real")
    with ground(folder) as lent:
        for seed in range(SCHEDULES):
            # Once, and at last: views are added to, and what went wrong in one is there then.
            faults, rebuilding = drawn(seed, MORE), seed == SCHEDULES - 1
            outcome = run(
                seed, lent, faults=faults, within_seconds=WITHIN_SECONDS, rebuilding=rebuilding
            )
            share.add(outcome)
            assert outcome.held, outcome.told()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(share.as_json(), indent=1))
    came = {kind: sum(n for what, n in share.faults.items() if is_of(kind, what)) for kind in KINDS}
    assert min(came.values()) >= OFTEN, came
    assert share.steps > 10 * SCHEDULES


def is_of(kind: str, what: str) -> bool:
    """Tell whether a fault that came true is of a kind: a pause says of what."""
    if what.startswith("pause "):
        return kind == ("long pause" if what.endswith(PAST) else "pause")
    return what == kind


def test_bugs_that_are_planted_in_roles_are_found(folder: Path) -> None:
    """A position that is saved before what it stands for loses it when the process is killed.

    A relay that asks for no lock writes everything once more, beside the one that has it.
    """
    instead = {role: command(bug, role) for role, bug in PLANTED.items()}
    kills = ("kill reporting projector", "kill verification reactor")
    found: set[str] = set()
    with ground(folder, instead=instead) as lent:
        lent.keeper.add("dossiers relay, the second", beside="dossiers relay")
        for seed in range(MOST):
            chance = Random(seed)
            faults = [(chance.uniform(0.5, 1.5), kill, chance) for kill in kills]
            outcome = run(seed, lent, faults=faults, within_seconds=300, rebuilding=False)
            found |= {
                role
                for role, sign in SIGNS.items()
                if any(sign in problem for problem in outcome.problems)
            }
            if len(found) == len(PLANTED):
                break
    assert found == set(PLANTED)
