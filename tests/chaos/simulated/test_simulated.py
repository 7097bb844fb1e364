"""Two thousand schedules of faults, and nothing is lost, doubled, skipped, or stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.chaos.simulated.planted import BUGS
from tests.chaos.simulated.schedule import Ground, ground, run

SCHEDULES, SHARES = 2000, 4
ENOUGH = 1000
"""So many schedules must find a bug."""
KINDS = {
    "answer lost",
    "clock",
    "interleaved",
    "killed",
    "offset",
    "producer forgotten",
    "sent again",
    "tail lost",
    "tail replaced",
    "unknown type",
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Ground]:
    with ground() as shared:
        yield shared


@pytest.mark.parametrize("share", range(SHARES))
def test_no_schedule_of_faults_is_survived_wrongly(shared: Ground, share: int) -> None:
    faults: Counter[str] = Counter()
    for seed in range(share, SCHEDULES, SHARES):
        outcome = run(seed, shared)
        faults.update(outcome.faults)
        assert outcome.held, outcome.told()

    assert set(faults) == KINDS, "a fault that never comes true proves nothing"


@pytest.mark.parametrize("bug", BUGS)
def test_every_planted_bug_is_found(shared: Ground, bug: str) -> None:
    assert any(not run(seed, shared, BUGS[bug]()).held for seed in range(ENOUGH))


def test_a_seed_tells_the_same_story_again(shared: Ground) -> None:
    bug = BUGS["what comes again is known by its offset"]
    seed = next(seed for seed in range(ENOUGH) if not run(seed, shared, bug()).held)

    first, again = (run(seed, shared, bug()) for _ in range(2))

    assert first.problems == again.problems
    assert first.schedule == again.schedule
    assert first.steps == again.steps
    assert f"--seed {seed}" in first.told()
