"""A ledger is opened, by several at once, waited for, and closed."""

from threading import Barrier, Event, Thread
from uuid import UUID, uuid5

import pytest

from infra.ledger.port import ClaimTakenError, Ledger, LedgerClosedError, VersionTakenError
from tests.ports.places import Place, one, refusal_of

AN = UUID(int=1)
BINH = UUID(int=2)


def test_everything_is_there_after_a_restart(place: Place) -> None:
    ledger = place.open()
    ledger.append(
        [one(AN, 1, takes=[("person/1", AN)], command=("k", b"body"), reader=("policy", 0, 2))]
    )
    rows, head = ledger.read(0, 10), ledger.head()
    ledger.close()

    again = place.open()

    assert (again.read(0, 10), again.head()) == (rows, head)
    assert again.holder("person/1") == AN
    assert again.command("k") == (b"body", (1,))
    assert again.reader("policy") == 2
    assert again.append([one(AN, 2)])[0].positions == (2,)
    assert again.verify().wrong is None


def test_two_handles_on_one_ledger_continue_each_other(place: Place) -> None:
    one_hand, other_hand = place.open(), place.open()

    for version in range(1, 6, 2):
        assert refusal_of(one_hand, one(AN, version, takes=[(f"c/{version}", AN)])) is None
        assert refusal_of(other_hand, one(AN, version + 1)) is None
        assert isinstance(refusal_of(other_hand, one(AN, version)), VersionTakenError)

    assert isinstance(refusal_of(other_hand, one(BINH, 1, takes=[("c/1", BINH)])), ClaimTakenError)
    assert one_hand.head() == other_hand.head()
    assert one_hand.head().position == 6
    assert other_hand.verify().wrong is None


def test_many_may_open_a_new_ledger_at_once(place: Place) -> None:
    start, opened = Barrier(4), []

    def open_and_append(number: int) -> None:
        start.wait()
        ledger = place.open()
        opened.append(ledger.append([one(uuid5(AN, str(number)), 1)])[0].positions)

    threads = [Thread(target=open_and_append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(opened) == [(1,), (2,), (3,), (4,)]


def test_who_waits_is_woken_by_a_save(ledger: Ledger) -> None:
    woken: list[bool] = []
    waiter = Thread(target=lambda: woken.append(ledger.wait(0, 30)))
    waiter.start()

    ledger.append([one(AN, 1)])
    waiter.join()

    assert woken == [True]


def test_who_waits_sees_a_save_of_another_handle(place: Place) -> None:
    ours, theirs = place.open(), place.open()
    theirs.append([one(AN, 1)])

    assert ours.wait(0, 30)


def test_a_wait_ends_when_nothing_comes(ledger: Ledger) -> None:
    ledger.append([one(AN, 1)])

    assert ledger.wait(0, 0)
    assert not ledger.wait(1, 0.01)


def test_a_closed_ledger_takes_nothing_and_answers_nothing(ledger: Ledger) -> None:
    ledger.close()
    ledger.close()

    with pytest.raises(LedgerClosedError):
        ledger.append([one(AN, 1)])
    with pytest.raises(LedgerClosedError):
        ledger.read(0, 1)
    with pytest.raises(LedgerClosedError):
        ledger.wait(0, 1)


def test_a_reader_that_waits_is_told_that_the_ledger_closed(ledger: Ledger) -> None:
    told: list[type[BaseException]] = []
    waiting = Event()

    def wait() -> None:
        waiting.set()
        try:
            ledger.wait(0, 60)
        except LedgerClosedError as closed:
            told.append(type(closed))

    reader = Thread(target=wait)
    reader.start()
    waiting.wait()
    ledger.close()
    reader.join()

    assert told == [LedgerClosedError]
