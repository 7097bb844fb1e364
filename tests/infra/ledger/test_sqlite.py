"""What only the SQLite ledger promises: how it writes, and who wakes whom."""

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from uuid import UUID

import pytest

from infra.ledger import growth
from infra.ledger.port import Save
from infra.ledger.sqlite import SqliteLedger
from tests.ports.places import happened, one

AN = UUID(int=1)
FULL = 2
PAGE_BYTES = 4096


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(tmp_path / "dossiers.db", "dossiers")
    yield ledger
    ledger.close()


def test_every_commit_is_on_the_disk_before_it_is_answered(ledger: SqliteLedger) -> None:
    writer = ledger._writer  # noqa: SLF001 - no kill of a process shows a missing sync

    assert writer.execute("pragma journal_mode").fetchone() == ("wal",)
    assert writer.execute("pragma synchronous").fetchone() == (FULL,)


def test_a_reader_in_the_process_is_woken_without_the_sweep(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "SWEEP_SECONDS", 60)
    seen: Queue[int] = Queue()

    def follow() -> None:
        for last in range(50):
            ledger.wait(last, 60)
            seen.put(last + 1)

    reader = Thread(target=follow)
    reader.start()
    for version in range(1, 51):
        ledger.append([one(AN, version)])
        assert seen.get(timeout=30) == version
    reader.join()


def test_a_torn_page_is_named_by_the_first_event_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "torn.db"
    ledger = SqliteLedger(path, "dossiers")
    ledger.append([Save(events=[happened(AN, n, state=b"state %d" % n)]) for n in range(1, 500)])
    ledger.close()
    content = bytearray(path.read_bytes())
    page = content.index(b"state 250") // PAGE_BYTES * PAGE_BYTES
    content[page : page + PAGE_BYTES] = bytes(PAGE_BYTES)
    path.write_bytes(content)

    torn = SqliteLedger(path, "dossiers")
    verdict = torn.verify()
    torn.close()

    assert verdict.wrong == verdict.positions + 1
    assert 200 < verdict.positions < 250
