"""Commands of one call: together in one commit, or rehearsed."""

import threading
from dataclasses import replace
from uuid import uuid4

import pytest

from infra.ledger.port import Ledger
from infra.sealing import Keys
from tests.infra.ledger.inn import (
    Begin,
    End,
    Forget,
    Inn,
    NoSuchStay,
    Note,
    Overtaken,
    Register,
    RoomTaken,
    Stay,
    a_stay,
)


def test_commands_of_one_call_share_a_commit(inn: Inn, ledger: Ledger) -> None:
    registers = [Register(person_ref=f"{n}", name="N") for n in range(50)]

    outcomes = inn.perform_all(registers)

    assert outcomes == [(position,) for position in range(1, 51)]
    assert len({row.recorded for row in ledger.read(0, 100)}) == 1


def test_each_command_of_a_call_is_refused_by_itself(inn: Inn, ledger: Ledger) -> None:
    first = a_stay(inn)
    free = Begin(stay=uuid4(), guest=first.guest, room="13")

    outcomes = inn.perform_all(
        [replace(first, stay=uuid4()), free, Note(stay=uuid4()), replace(free, stay=uuid4())]
    )

    assert [type(outcome) for outcome in outcomes] == [RoomTaken, tuple, NoSuchStay, RoomTaken]
    assert outcomes[1] == (3,)
    assert ledger.head().position == 3


def test_later_commands_of_a_call_see_what_earlier_ones_did(inn: Inn, ledger: Ledger) -> None:
    stay = Begin(stay=uuid4(), guest=uuid4(), room="7")
    after = replace(stay, stay=uuid4())
    commands = [
        Register(person_ref="079", name="N", guest=stay.guest),
        stay,
        Note(stay=stay.stay, remark="first"),
        Note(stay=stay.stay, remark="second"),
        Register(person_ref="079", name="N"),
        End(stay=stay.stay),
        after,
    ]

    outcomes = inn.perform_all(commands)

    assert outcomes == [(1,), (2,), (3,), (4,), (), (5,), (6,)]
    assert ledger.holder("room/7") == after.stay


def test_later_commands_of_a_call_see_what_earlier_ones_gave_back(inn: Inn, ledger: Ledger) -> None:
    first = Register(person_ref="079", name="N")
    inn.perform(first)

    outcomes = inn.perform_all([Forget(guest=first.guest), Register(person_ref="079", name="N")])

    assert outcomes == [(2,), (3,)]


def test_an_overtaken_command_of_a_call_does_not_hold_up_the_others(
    ledger: Ledger, keys: Keys
) -> None:
    inn = Overtaken(ledger, keys)
    one, two = a_stay(inn, "1"), a_stay(inn, "2")
    inn.others = [Note(stay=one.stay, remark="theirs")]

    outcomes = inn.perform_all(
        [Note(stay=one.stay, remark="ours"), Note(stay=two.stay), Note(stay=one.stay)]
    )

    assert all(isinstance(outcome, tuple) and outcome for outcome in outcomes)
    stay: Stay = inn.repository.get(one.stay)
    assert [remark for _, remark in stay.days] == ["theirs", "ours", None]


def test_a_dry_run_records_nothing_and_foretells_the_outcomes(
    inn: Inn, ledger: Ledger, keys: Keys
) -> None:
    first = a_stay(inn)
    inn.perform(Note(stay=first.stay))
    before, guests = ledger.head(), uuid4()
    stay = Begin(stay=uuid4(), guest=guests, room="7")
    commands = [
        Register(person_ref="079", name="N", guest=guests),
        stay,
        Note(stay=stay.stay, remark="first"),
        Register(person_ref="079", name="N"),
        replace(stay, stay=uuid4()),
        Note(stay=first.stay),
        Note(stay=uuid4()),
        End(stay=first.stay),
        replace(first, stay=uuid4()),
    ]

    foretold = inn.perform_all(commands, dry_run=True)

    assert ledger.head() == before
    assert guests not in keys
    assert [len(each) if isinstance(each, tuple) else type(each) for each in foretold] == [
        1, 1, 1, 0, RoomTaken, 0, NoSuchStay, 1, 1,
    ]  # fmt: skip
    told = inn.perform_all(commands)
    assert [len(each) if isinstance(each, tuple) else type(each) for each in told] == [
        len(each) if isinstance(each, tuple) else type(each) for each in foretold
    ]


def test_one_rehearsal_spans_calls_and_ends_with_nothing(inn: Inn, ledger: Ledger) -> None:
    stay = Begin(stay=uuid4(), guest=uuid4(), room="7")

    with inn.rehearsal():
        assert inn.perform(stay) == (0,)
        assert inn.perform_all([Note(stay=stay.stay)], dry_run=True) == [(0,)]
        assert inn.perform_all([Note(stay=stay.stay)]) == [()]
        assert inn.holder("room/7") == stay.stay

    assert inn.holder("room/7") is None
    assert ledger.head().position == 0
    with pytest.raises(NoSuchStay):
        inn.perform(Note(stay=stay.stay))


def test_a_rehearsal_is_this_threads_alone(inn: Inn, ledger: Ledger) -> None:
    with inn.rehearsal():
        thread = threading.Thread(target=lambda: a_stay(inn))
        thread.start()
        thread.join()

    assert ledger.head().position == 2
