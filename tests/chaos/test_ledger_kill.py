"""Writers are killed; what they were told is durable is there, whole and in its chain."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import sleep
from typing import IO
from uuid import UUID

import pytest

from infra.ledger.port import Ledger, Row
from tests.chaos.writer import EVENTS_PER_SAVE
from tests.ports.places import Place

KILLS = 60
SEED = 20261124
ROOT = Path(__file__).parents[2]

Acknowledged = list[tuple[UUID, int, int]]


class Writer:
    def __init__(self, said: IO[bytes], told: IO[bytes]) -> None:
        self._said, self._told = said, told

    def live_until_killed(self, life: int, saves: int, then_seconds: float) -> Acknowledged:
        """Kill it that long after so many saves; return all that it acknowledged."""
        self._told.write(b"%d\n" % life)
        process = int(self._said.readline())
        acknowledged: Acknowledged = []
        while (line := self._said.readline()) != b"dead\n":
            stream, version, position = line.decode().split()
            acknowledged.append((UUID(stream), int(version), int(position)))
            if len(acknowledged) == saves:
                sleep(then_seconds)
                os.kill(process, signal.SIGKILL)
        return acknowledged


@pytest.fixture
def new_writer(place: Place) -> Iterator[Callable[[], Writer]]:
    command = [sys.executable, "-m", "tests.chaos.writer", *place.address]
    with ExitStack() as started:

        def start() -> Writer:
            process = started.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
                )
            )
            assert process.stdin
            assert process.stdout
            said = started.enter_context(os.fdopen(os.dup(process.stdout.fileno()), "rb"))
            return Writer(said, process.stdin)

        yield start


def test_sixty_kills_lose_no_acknowledged_save(
    new_writer: Callable[[], Writer], place: Place
) -> None:
    chance, writer = random.Random(SEED), new_writer()
    total = position = 0
    for life in range(KILLS):
        saves, then_seconds = chance.randint(1, 60), chance.uniform(0, 0.003)
        acknowledged = writer.live_until_killed(life, saves, then_seconds)
        ledger = place.open()
        rows = ledger.read(position, 100_000)

        expect_kept(acknowledged, ledger, rows)
        assert [row.position for row in rows] == list(range(position + 1, position + len(rows) + 1))
        assert ledger.verify().wrong is None

        total += len(acknowledged)
        position += len(rows)
        ledger.close()

    assert total >= KILLS
    assert position >= total * EVENTS_PER_SAVE


def test_processes_that_write_and_die_at_once_share_one_chain(
    new_writer: Callable[[], Writer], place: Place
) -> None:
    writers = [new_writer() for _ in range(3)]
    with ThreadPoolExecutor(len(writers)) as threads:
        lives = [
            threads.submit(writer.live_until_killed, life, 100, 0.001)
            for life, writer in enumerate(writers)
        ]
        acknowledged = [saves for life in lives for saves in life.result()]

    ledger = place.open()
    rows = ledger.read(0, 100_000)
    expect_kept(acknowledged, ledger, rows)
    assert len(acknowledged) >= 300
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    assert ledger.verify().wrong is None


def expect_kept(acknowledged: Acknowledged, ledger: Ledger, rows: list[Row]) -> None:
    stored = {(row.stream, row.version): row.position for row in rows}
    for stream, version, first in acknowledged:
        expected = tuple(range(first, first + EVENTS_PER_SAVE))
        key = f"{stream}/{version}"
        assert ledger.command(key) == (b"body", expected)
        assert ledger.holder(key) == stream
        more = range(EVENTS_PER_SAVE)
        assert tuple(stored.get((stream, version + step)) for step in more) == expected
    counts = Counter(row.stream for row in rows).values()
    assert all(count % EVENTS_PER_SAVE == 0 for count in counts), "half a save was kept"
