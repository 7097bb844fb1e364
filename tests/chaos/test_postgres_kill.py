"""Postgres is killed while eight threads save: what was acknowledged is there, once."""

import os
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from uuid import UUID

import pytest

from deploy.local.stack import Stack
from infra.database.migrating import migrate
from infra.ledger.postgres import STEPS, PostgresLedger, connections
from tests.ports.places import chain_digest, one
from tests.stack import FOLDER

KILLS = 6
SAVES_BETWEEN = 150
THREADS = 8

pytestmark = pytest.mark.stack


@pytest.fixture
def own_postgres() -> Iterator[Stack]:
    own = Stack(Path(os.environ[FOLDER]) / "own" / f"postgres-{os.getpid()}", free_ports=True)
    try:
        own.start(["postgres"])
        yield own
    finally:
        own.forget()


def test_kills_of_the_database_lose_and_double_nothing(
    own_postgres: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RETRY_SECONDS", 120)  # the machine may be busy
    dsn = own_postgres.make_database("killed")
    migrate(dsn, "dossiers", STEPS)
    ledger, over = PostgresLedger(dsn, "dossiers"), Event()
    acknowledged: SimpleQueue[tuple[UUID, int, int]] = SimpleQueue()

    def save_without_end(stream: UUID) -> None:
        version = 0
        while not over.is_set():
            version += 1
            key = f"{stream}/{version}"
            [saved] = ledger.append(
                [one(stream, version, takes=[(key, stream)], command=(key, b"body"))]
            )
            [position] = saved.positions
            acknowledged.put((stream, version, position))

    threads = [Thread(target=save_without_end, args=(UUID(int=n),)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    kept = []
    for _ in range(KILLS):
        kept += [acknowledged.get() for _ in range(SAVES_BETWEEN)]
        own_postgres.postgres.kill()
        own_postgres.postgres.start()
    over.set()
    for thread in threads:
        thread.join()
    kept += [acknowledged.get() for _ in range(acknowledged.qsize())]

    rows = ledger.read(0, 1_000_000)
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    assert sorted((row.stream, row.version, row.position) for row in rows) == sorted(kept)
    assert len(kept) > KILLS * SAVES_BETWEEN
    assert all(
        ledger.command(f"{stream}/{version}") == (b"body", (at,)) for stream, version, at in kept
    )
    assert ledger.head().digest == chain_digest(ledger)
    assert ledger.verify().positions == len(rows)
    ledger.close()
