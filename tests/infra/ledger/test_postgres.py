"""What only a ledger on Postgres promises."""

from collections.abc import Iterator
from itertools import count, islice
from queue import Queue
from threading import Thread
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import OperationalError

from infra.database.migrating import migrate
from infra.database.postgres import NotMigrated
from infra.ledger import growth
from infra.ledger.postgres import STEPS, PostgresLedger
from tests.ports.places import one

AN = UUID(int=1)
WAIT_SECONDS = 60


@pytest.fixture
def migrated(database: str) -> str:
    migrate(database, "dossiers", STEPS)
    return database


@pytest.fixture
def ledger(migrated: str) -> Iterator[PostgresLedger]:
    ledger = PostgresLedger(migrated, "dossiers")
    yield ledger
    ledger.close()


def test_a_schema_that_is_not_migrated_is_not_opened(database: str) -> None:
    with pytest.raises(NotMigrated, match="run `ketnap migrate`"):
        PostgresLedger(database, "dossiers")


def test_two_ledgers_of_one_database_are_two_orders(migrated: str, ledger: PostgresLedger) -> None:
    migrate(migrated, "training", STEPS)
    training = PostgresLedger(migrated, "training")
    ledger.append([one(AN, 1)])

    assert training.append([one(AN, 1)])[0].positions == (1,)
    training.close()


def test_every_commit_is_durable_whatever_the_database_is_set_to(migrated: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(migrated)["dbname"]
    with psycopg.connect(migrated, autocommit=True) as database:
        database.execute(f"alter database {name} set synchronous_commit = off".encode())
    ledger = PostgresLedger(migrated, "dossiers")
    ledger.append([one(AN, 1)])
    writer = ledger._writer  # noqa: SLF001 - no kill of a process shows a missing sync
    assert writer is not None

    assert writer.execute("show synchronous_commit").fetchone() == ("on",)
    ledger.close()


def test_a_commit_wakes_who_waits_in_another_process_without_the_sweep(
    migrated: str, ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "SWEEP_SECONDS", 3600)
    other = PostgresLedger(migrated, "dossiers")
    seen: Queue[int] = Queue()

    def follow() -> None:
        for last in range(50):
            other.wait(last, 3600)
            seen.put(last + 1)

    reader = Thread(target=follow)
    reader.start()
    for version in range(1, 51):
        ledger.append([one(AN, version)])
        assert seen.get(timeout=60) == version
    reader.join()
    other.close()


def test_a_commit_of_another_process_is_told(migrated: str, ledger: PostgresLedger) -> None:
    told: Queue[int] = Queue()
    other = PostgresLedger(migrated, "dossiers")
    other.tell(lambda: told.put(other.head().position))
    ledger.append([one(AN, 1)])

    heads = [told.get(timeout=60)]
    while heads[-1] != ledger.head().position:
        heads.append(told.get(timeout=60))
    other.close()

    assert heads == sorted(heads)


def test_a_commit_is_told_of_once_and_one_that_recorded_nothing_is_not(
    migrated: str, ledger: PostgresLedger
) -> None:
    with psycopg.connect(migrated, autocommit=True) as elsewhere:
        elsewhere.execute("listen ledger_dossiers")
        ledger.append([one(AN, 1), one(AN, 2)])
        ledger.append([one(AN, 2)])
        ledger.append([one(AN, 3)])

        heard = list(elsewhere.notifies(timeout=WAIT_SECONDS, stop_after=2))
        heard += elsewhere.notifies(timeout=0)

    assert [notice.payload for notice in heard] == ["2", "3"]


def test_a_commit_that_nobody_can_be_told_of_is_recorded_all_the_same(
    ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.ledger.postgres.ledger.TELL", b"select 1 / 0, %s::text, %s::text")

    assert ledger.append([one(AN, 1)])[0].positions == (1,)
    assert ledger.append([one(AN, 2)])[0].positions == (2,)


def test_the_answers_of_writers_that_are_long_gone_are_forgotten(migrated: str) -> None:
    def writers() -> int:
        with psycopg.connect(migrated) as database:
            [(count,)] = database.execute("select count(*) from dossiers.answers").fetchall()
            database.execute("update dossiers.answers set at = at - interval '2 days'")
        return int(count)

    for version in (1, 2):
        ledger = PostgresLedger(migrated, "dossiers")
        ledger.append([one(AN, version)])
        ledger.close()
        assert writers() == 1


def test_no_commit_walks_past_what_a_long_snapshot_keeps(
    migrated: str, ledger: PostgresLedger
) -> None:
    def pages_read() -> int:
        writer = ledger._writer  # noqa: SLF001 - a process of the database counts its own reads
        assert writer is not None
        writer.execute("select pg_stat_force_next_flush()")
        with psycopg.connect(migrated) as database:
            [(pages,)] = database.execute(
                "select sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)"
                " from pg_statio_user_tables where relname in ('head', 'readers', 'answers')"
            ).fetchall()
        return int(pages)

    numbers = count()

    def pages_of_twenty_commits() -> int:
        before = pages_read()
        for number in islice(numbers, 20):
            ledger.append([one(AN, number + 1, reader=("policy", number, number + 1))])
        return pages_read() - before

    ledger.append([one(UUID(int=2), 1)])
    with psycopg.connect(migrated) as backup:
        backup.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        backup.execute("select from dossiers.head")
        first = pages_of_twenty_commits()
        for _ in range(50):
            last = pages_of_twenty_commits()

    assert last < 2 * first


def test_a_call_that_arrives_when_its_writer_is_further_on_does_nothing(
    ledger: PostgresLedger,
) -> None:
    for version in (1, 2, 3):
        ledger.append([one(AN, version)])
    ledger._calls = 1  # noqa: SLF001 - the next call is sent as the second one, which is over

    with pytest.raises(OperationalError, match="call 2 of this writer is over"):
        ledger.append([one(AN, 4)])

    assert ledger.head().position == 3
    ledger._calls = 3  # noqa: SLF001 - as above
    assert ledger.append([one(AN, 4)])[0].positions == (4,)
