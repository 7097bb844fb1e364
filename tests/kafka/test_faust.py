"""Over Faust, too, each fact is reacted to once: whatever comes again, is skipped, or is killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError

from infra.ledger.sqlite import SqliteLedger
from tests.infra.test_reactor import NAME
from tests.kafka.broker import Broker, record

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
"""How long to wait for what must come, before the test fails."""

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path, broker: Broker) -> Iterator[Start]:
    """Start the inn's process, as often as it is asked; what still runs is killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*broken: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.kafka.faust_worker", str(tmp_path)]
        command += [broker.bootstrap, broker.ledger, *broken]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def inn(tmp_path: Path) -> Iterator[SqliteLedger]:
    """Return the ledger in which the reactions are recorded."""
    with closing(SqliteLedger(tmp_path / "inn.db", "inn")) as ledger:
        yield ledger


def begun(inn: SqliteLedger, rooms: int) -> Counter[str]:
    """Return how often each fact was reacted to, when that many reactions are there."""
    while inn.wait(position := inn.head().position, SECONDS if position < rooms else 0.0):
        pass
    rows = inn.read(0, 1000)
    assert len(rows) >= rooms, f"{rooms} reactions did not come"
    return Counter(row.stream.hex for row in rows)


def stopped(process: subprocess.Popen[bytes]) -> int:
    """Ask a process to end, and return how it did."""
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    return process.returncode


def commit(broker: Broker, offset: int) -> None:
    """Set the offset of the group, as Faust does where an agent fails, or as somebody resets it."""

    async def work() -> None:
        group = f"{NAME}.{broker.partition.topic}"
        consumer = AIOKafkaConsumer(
            bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign([broker.partition])
            async with asyncio.timeout(SECONDS):
                while not await committed(consumer, broker, offset):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.2)  # until the broker gives up the one that left
        finally:
            await consumer.stop()

    asyncio.run(work())


async def committed(consumer: AIOKafkaConsumer, broker: Broker, offset: int) -> bool:
    try:
        await consumer.commit({broker.partition: offset})
    except CommitFailedError:
        return False
    return True


def test_what_comes_again_is_done_once_and_the_position_is_saved(
    start: Start, broker: Broker, inn: SqliteLedger
) -> None:
    broker.put(1, 2, 2, 1, 2, 3)
    process = start()

    assert set(begun(inn, 3).values()) == {1}
    assert stopped(process) == 0

    assert inn.head().position == 3
    assert inn.reader(NAME) == 3


def test_a_process_that_is_killed_goes_on_where_it_was(
    start: Start, broker: Broker, inn: SqliteLedger
) -> None:
    broker.put(1, 2)
    process = start()
    begun(inn, 2)
    process.kill()
    broker.put(3, 4)
    start()

    assert set(begun(inn, 4).values()) == {1}


def test_what_faust_has_skipped_is_done_all_the_same(
    start: Start, broker: Broker, inn: SqliteLedger
) -> None:
    broker.put(1, 2, 3)
    commit(broker, 3)
    start()
    assert set(begun(inn, 3).values()) == {1}

    broker.put(4)

    assert set(begun(inn, 4).values()) == {1}


def test_a_group_that_has_lost_its_place_repeats_nothing(
    start: Start, broker: Broker, inn: SqliteLedger
) -> None:
    broker.put(1, 2)
    first = start()
    begun(inn, 2)
    assert stopped(first) == 0
    commit(broker, 0)
    start()
    broker.put(3)

    assert set(begun(inn, 3).values()) == {1}


@pytest.mark.parametrize("part", ["take", "settle"], ids=["agent", "timer"])
def test_whatever_fails_ends_the_process_and_says_where(
    start: Start, broker: Broker, inn: SqliteLedger, part: str
) -> None:
    broker.put(1)
    process = start(part)

    _, said = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    [line] = [line for line in said.decode().splitlines() if "reactor-failed" in line]
    assert "ZeroDivisionError" in line
    assert "Canary" not in line
    start()
    assert set(begun(inn, 1).values()) == {1}


def test_a_record_of_a_newer_release_is_stood_before(
    start: Start, broker: Broker, inn: SqliteLedger
) -> None:
    broker.make(f"{NAME}.parked")
    try:
        broker.put(1)
        broker.put_raw(record(broker.ledger, 2, type_name="dossiers.Sainted"))
        broker.put(3)
        process = start()

        assert process.stdout is not None
        assert process.stdout.readline() == b"2\n"
        assert process.poll() is None
        assert inn.head().position == 1
    finally:
        broker.remove(f"{NAME}.parked")


def test_who_starts_works_before_the_group_lets_it_in(
    start: Start, broker: Broker, inn: SqliteLedger
) -> None:
    broker.put(1, 2)

    start("group")

    assert set(begun(inn, 2).values()) == {1}
