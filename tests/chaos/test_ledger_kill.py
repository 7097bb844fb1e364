"""A writer is killed sixty times; what it was told is durable is there, whole and in its chain."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import IO
from uuid import UUID

import pytest

from infra.ledger.sqlite import SqliteLedger
from tests.chaos.writer import EVENTS_PER_SAVE

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
def path(tmp_path: Path) -> Path:
    return tmp_path / "dossiers.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    command = [sys.executable, "-m", "tests.chaos.writer", str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin
        assert process.stdout
        with os.fdopen(os.dup(process.stdout.fileno()), "rb") as said:
            yield Writer(said, process.stdin)


def test_sixty_kills_lose_no_acknowledged_save(writer: Writer, path: Path) -> None:
    chance = random.Random(SEED)
    total = position = 0
    for life in range(KILLS):
        saves, then_seconds = chance.randint(1, 60), chance.uniform(0, 0.003)
        acknowledged = writer.live_until_killed(life, saves, then_seconds)
        ledger = SqliteLedger(path, "dossiers")
        rows = ledger.read(position, 100_000)
        stored = {(row.stream, row.version): row.position for row in rows}

        for stream, version, first in acknowledged:
            expected = tuple(range(first, first + EVENTS_PER_SAVE))
            key = f"{stream}/{version}"
            assert ledger.command(key) == (b"body", expected)
            assert ledger.holder(key) == stream
            more = range(EVENTS_PER_SAVE)
            assert tuple(stored.get((stream, version + step)) for step in more) == expected
        assert [row.position for row in rows] == list(range(position + 1, position + len(rows) + 1))
        counts = Counter(row.stream for row in rows).values()
        assert all(count % EVENTS_PER_SAVE == 0 for count in counts), "half a save was kept"
        assert ledger.verify().wrong is None

        total += len(acknowledged)
        position = ledger.head().position
        ledger.close()

    assert total >= KILLS
    assert position >= total * EVENTS_PER_SAVE
