"""Every comparison over servers still runs, at the smallest size; its figures say nothing here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.distributed import Distributed, distributed
from tests.bench.following import follow_all
from tests.bench.inserting import insert_all
from tests.bench.paired import Compared
from tests.bench.seeing import see_all
from tests.bench.serving import serve_both
from tests.bench.stages import STAGES, stages
from tests.bench.streaming import stream_both

SECONDS = 0.1
MOST_RATE = 2000
UNITS = "organisations"
"""Of the demo, what commands need."""


def silent(_: str) -> None:
    """Tell nobody."""


def was_measured(compared: list[Compared]) -> bool:
    return all(each.ratio > 0 and each.told()["interval_95"] for each in compared)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distributed]:
    with distributed(tmp_path_factory.mktemp("bench")) as opened:
        yield opened


def test_commands_and_streams_over_http(tmp_path: Path) -> None:
    compared, measured = serve_both(
        tmp_path,
        pairs=1,
        seconds=SECONDS,
        streams=8,
        progress=silent,
        most_rate=MOST_RATE,
        only=UNITS,
    )
    assert was_measured(compared)
    assert [each["dropped"] for each in measured if "dropped" in each] == [0]


@pytest.mark.stack
def test_the_relay_and_the_projection(here: Distributed) -> None:
    compared = stream_both(here, 20, pairs=1, peers=None, progress=silent)
    assert was_measured(compared)
    assert next(each.ours[0].operations for each in compared) > 51


@pytest.mark.stack
def test_what_is_accepted_is_seen(here: Distributed) -> None:
    measured = see_all(here, rates=[50], pairs=1, seconds=SECONDS, progress=silent)
    assert [each["acts"] for each in measured] == [5, 5]
    assert all(0 < each["ours_ms"] < each["from_due_ms"] for each in measured)


@pytest.mark.stack
def test_an_act_passes_every_stage_in_order(here: Distributed) -> None:
    middle, late, used = stages(here, rates=[50], seconds=SECONDS, progress=silent)
    for told in (middle, late):
        # Who waits may have a record, or a commit, before whoever made it knows that it is there.
        passed = [told[stage] for stage in STAGES if stage not in {"acknowledged", "committed"}]
        assert passed == sorted(passed)
        assert passed[-1] > 0
    assert used["relay"] >= 0


@pytest.mark.stack
def test_what_is_done_over_http_is_told_to_a_page(tmp_path: Path) -> None:
    with distributed(tmp_path) as own:
        told = follow_all(own, rates=[50], pairs=1, seconds=SECONDS, progress=silent, only=UNITS)
    assert [each["acts"] for each in told] == [5, 5]
    assert all(0 < each["ours_ms"] <= each["from_due_ms"] for each in told)


@pytest.mark.stack
def test_commands_on_postgres(here: Distributed) -> None:
    compared = insert_all(
        here, pairs=1, seconds=SECONDS, progress=silent, most_rate=MOST_RATE, only=UNITS
    )
    assert was_measured(compared)
