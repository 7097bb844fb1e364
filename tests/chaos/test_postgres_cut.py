"""A connection is lost while a save is under way: whatever became of it, it is done once."""

from collections.abc import Iterator
from threading import Thread
from time import sleep
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import OperationalError

from deploy.local.stack import Stack
from infra.database.migrating import migrate
from infra.database.patient import PatientConnection
from infra.ledger import growth
from infra.ledger.port import (
    ClaimTakenError,
    CommandRepeatedError,
    OutcomeUnknownError,
    Save,
    Saved,
    VersionTakenError,
)
from infra.ledger.postgres import STEPS, PostgresLedger, connections
from tests.chaos.wire import Wire, waiting_for_a_lock
from tests.ports.places import happened, one, refusal_of

AN = UUID(int=1)
BINH = UUID(int=2)


@pytest.fixture
def wire(database: str) -> Iterator[Wire]:
    migrate(database, "dossiers", STEPS)
    wire = Wire(database)
    yield wire
    wire.close()


@pytest.fixture
def ledger(wire: Wire) -> Iterator[PostgresLedger]:
    ledger = PostgresLedger(wire.dsn, "dossiers")
    # The first save prepares the statement, so that the next one is one request.
    ledger.append([one(AN, 1, takes=[("seat/1", AN)], reader=("policy", 0, 1))])
    yield ledger
    ledger.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "RETRY_SECONDS", 0)


def test_a_save_whose_answer_was_lost_is_done_once_and_answered(
    ledger: PostgresLedger, wire: Wire
) -> None:
    wire.lose_the_next_answer()

    [saved] = ledger.append([one(AN, 2, command=("key", b"body"), reader=("policy", 1, 2))])

    assert (saved, wire.cuts) == (Saved((2,)), 1)
    assert [row.position for row in ledger.read(0, 10)] == [1, 2]
    assert ledger.command("key") == (b"body", (2,))
    assert ledger.append([one(AN, 3)]) == [Saved((3,))]
    assert ledger.verify().wrong is None


def test_a_save_that_was_lost_on_its_way_is_done_once_and_answered(
    ledger: PostgresLedger, wire: Wire
) -> None:
    wire.lose_the_next_request()

    [saved] = ledger.append([one(AN, 2, command=("key", b"body"))])

    assert (saved, wire.cuts) == (Saved((2,)), 1)
    assert [row.position for row in ledger.read(0, 10)] == [1, 2]
    assert ledger.verify().wrong is None


def test_refusals_whose_answer_was_lost_are_those_of_the_first_time(
    ledger: PostgresLedger, wire: Wire
) -> None:
    wire.lose_the_next_answer()

    first, again, rival, claim, repeated = ledger.append(
        [
            one(AN, 2, command=("key", b"body")),
            one(AN, 2),
            one(BINH, 1, releases=["seat/1"], takes=[("seat/1", BINH)]),
            one(AN, 3, takes=[("seat/1", AN)]),
            one(AN, 3, command=("key", b"another")),
        ]
    )

    assert wire.cuts == 1
    assert (first, rival) == (Saved((2,)), Saved((3,)))
    assert isinstance(again.refusal, VersionTakenError)
    assert isinstance(claim.refusal, ClaimTakenError)
    assert (claim.refusal.key, claim.refusal.holder) == ("seat/1", BINH)
    assert isinstance(repeated.refusal, CommandRepeatedError)
    assert (repeated.refusal.fingerprint, repeated.refusal.positions) == (b"body", (2,))


def test_what_was_given_back_once_is_not_taken_from_its_next_holder(
    ledger: PostgresLedger, wire: Wire, database: str
) -> None:
    """Nothing but the writer's own answer tells the two calls apart: they have no ids."""
    other = PostgresLedger(database, "dossiers")
    lost: list[Saved] = []
    wire.lose_the_next_answer(and_stay_down=True)
    giving = Thread(target=lambda: lost.extend(ledger.append([Save(releases=["seat/1"])])))
    giving.start()
    wire.lost.wait()

    assert refusal_of(other, one(BINH, 1, takes=[("seat/1", BINH)])) is None
    wire.mend()
    giving.join()

    assert lost == [Saved()]
    assert other.holder("seat/1") == BINH
    other.close()


def test_a_save_that_waits_in_a_lost_connection_is_not_done_twice(
    ledger: PostgresLedger, wire: Wire, database: str
) -> None:
    saved: list[Saved] = []
    saving = Thread(target=lambda: saved.extend(ledger.append([one(AN, 2)])))
    with psycopg.connect(database) as holder:
        holder.execute("select pg_advisory_xact_lock(hashtextextended('ledger dossiers', 0))")
        saving.start()
        while waiting_for_a_lock(database) < 1:
            sleep(0.01)
        wire.cut()
        while waiting_for_a_lock(database) < 2:
            sleep(0.01)
    saving.join()

    assert saved == [Saved((2,))]
    assert [row.position for row in ledger.read(0, 10)] == [1, 2]
    assert ledger.append([one(AN, 3)]) == [Saved((3,))]


@pytest.mark.usefixtures("impatient")
def test_what_became_of_a_save_is_unknown_only_while_the_database_is_away(
    ledger: PostgresLedger, wire: Wire
) -> None:
    done = one(AN, 2, command=("key", b"body"))
    wire.lose_the_next_answer(and_stay_down=True)
    with pytest.raises(OutcomeUnknownError):
        ledger.append([done])
    with pytest.raises(OperationalError, match="nothing was written"):
        ledger.append([one(AN, 3)])
    wire.mend()

    found = refusal_of(ledger, done)

    assert isinstance(found, CommandRepeatedError)
    assert found.positions == (2,)
    assert ledger.append([one(AN, 3)]) == [Saved((3,))]


@pytest.mark.usefixtures("impatient")
def test_a_save_to_a_server_that_stands_still_is_unknown_and_done_once_when_it_is_sent_again(
    own_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientConnection, "patience_seconds", 0.5)
    dsn = own_stack.make_database("still_ledger")
    migrate(dsn, "dossiers", STEPS)
    ledger = PostgresLedger(dsn, "dossiers")
    ledger.append([one(AN, 1)])
    save = one(AN, 2, command=("key", b"body"))
    own_stack.postgres.pause()
    with pytest.raises(OutcomeUnknownError):
        ledger.append([save])
    with pytest.raises(OperationalError, match="cannot be read"):
        ledger.read(0, 10)
    own_stack.postgres.resume()

    ledger.append([save])

    assert [row.position for row in ledger.read(0, 10)] == [1, 2]
    assert ledger.verify().wrong is None
    ledger.close()
    own_stack.drop_database("still_ledger")


def test_who_reads_does_not_notice_a_lost_connection(ledger: PostgresLedger, wire: Wire) -> None:
    wire.cut()

    assert ledger.head().position == 1
    assert ledger.holder("seat/1") == AN


@pytest.mark.usefixtures("impatient")
def test_who_reads_is_told_that_the_database_is_away_and_who_waits_is_not(
    ledger: PostgresLedger, wire: Wire
) -> None:
    wire.cut(and_stay_down=True)

    assert not ledger.wait(1, 0.01)
    with pytest.raises(OperationalError, match="cannot be read"):
        ledger.read(0, 10)


def test_who_listens_hears_again_after_a_lost_connection(
    ledger: PostgresLedger, wire: Wire, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "SWEEP_SECONDS", 3600)
    heard: list[bool] = []
    waiting = Thread(target=lambda: heard.append(ledger.wait(1, 3600)))
    waiting.start()
    wire.cut()
    other = PostgresLedger(database, "dossiers")
    other.append([Save(events=[happened(BINH, 1)])])
    waiting.join()
    other.close()

    assert heard == [True]
