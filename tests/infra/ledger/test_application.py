"""One command on a ledger: its claims, its keys, its repeats and its conflicts."""

import threading
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from events.registry import UnknownTypeError
from infra import trace
from infra.ledger.application import ChangedCommand, ClaimTaken, Commands, Contended
from infra.ledger.claims import rebuild_claims
from infra.ledger.port import ClaimTakenError, Ledger, LedgerClosedError, ReaderMovedError
from infra.ledger.sqlite import SqliteLedger
from infra.metrics import COMMAND_SECONDS
from infra.sealing import Keys
from tests.infra.ledger.inn import (
    DAY,
    KINDS,
    Begin,
    End,
    Forget,
    Guest,
    GuestRegistered,
    Inn,
    NoSuchStay,
    Note,
    Overtaken,
    Register,
    RoomTaken,
    a_stay,
    types,
)


def test_a_command_is_recorded_and_says_where(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)

    assert inn.perform(Note(stay=stay.stay, remark="quiet")) == (3,)

    assert types(ledger) == ["GuestRegistered", "StayBegun", "DayNoted"]
    assert inn.repository.get(stay.stay).days == [(DAY, "quiet")]


def test_a_fact_bears_the_trace_of_what_it_was_recorded_for(inn: Inn, ledger: Ledger) -> None:
    asked = f"00-{'a' * 32}-{'b' * 16}-01"
    with trace.following(asked):
        stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay))

    assert {row.trace for row in ledger.read(0, 2)} == {asked}
    assert ledger.read(2, 1)[0].trace is None


def test_the_key_of_a_person_is_not_held_while_a_command_is_saved(inn: Inn) -> None:
    doing = inn.doing(Register(person_ref="079", name="N"), key=None)
    person = next(doing).events[0].originator_id
    assert isinstance(person, UUID)
    assert person in inn.keys

    elsewhere = threading.Thread(target=inn.keys.shred, args=(person,))
    elsewhere.start()
    elsewhere.join()

    assert person not in inn.keys
    doing.close()


def test_a_command_is_counted_by_what_became_of_it(inn: Inn) -> None:
    def counted(outcome: str) -> float:
        told = {"outcome": outcome}
        return registry.get_sample_value("ketnap_command_seconds_count", told) or 0

    registry = CollectorRegistry()
    registry.register(COMMAND_SECONDS)
    before = {name: counted(name) for name in ("recorded", "nothing", "refused")}
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay))
    inn.perform(Note(stay=stay.stay))
    with pytest.raises(RoomTaken):
        inn.perform(replace(stay, stay=uuid4()))

    since = {name: counted(name) - before[name] for name in before}
    assert since["refused"] == since["nothing"] == 1
    assert since["recorded"] > 1


def test_the_state_holds_no_personal_field_and_names_no_class(inn: Inn, ledger: Ledger) -> None:
    a_stay(inn)

    assert [row.state for row in ledger.read(0, 1)] == [b'{"on":"2026-03-03","actor":"a"}']


def test_what_is_already_so_records_nothing(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay))

    assert inn.perform(Note(stay=stay.stay)) == ()
    assert ledger.head().position == 3


def test_a_refused_command_records_nothing_and_may_come_again(inn: Inn, ledger: Ledger) -> None:
    note = Note(stay=uuid4())

    with pytest.raises(NoSuchStay):
        inn.perform(note, key="k")

    assert ledger.head().position == 0
    assert ledger.command("k") is None


def test_a_claim_that_another_holds_refuses_by_its_name(inn: Inn) -> None:
    first = a_stay(inn)

    with pytest.raises(RoomTaken, match="room=12") as refused:
        inn.perform(replace(first, stay=uuid4()))

    assert refused.value.facts["holder"] == first.stay


def test_a_claim_given_back_can_be_taken(inn: Inn, ledger: Ledger) -> None:
    first = a_stay(inn)
    second = replace(first, stay=uuid4())

    inn.perform(End(stay=first.stay))
    inn.perform(second)

    assert ledger.holder("room/12") == second.stay


def test_only_the_holder_gives_a_claim_back(inn: Inn, ledger: Ledger) -> None:
    first = a_stay(inn)
    second = replace(first, stay=uuid4())
    inn.perform(End(stay=first.stay))
    inn.perform(second)

    inn.perform(End(stay=first.stay, on=date(2026, 3, 4)))

    assert ledger.holder("room/12") == second.stay


def test_what_begins_and_ends_at_once_holds_nothing(inn: Inn, ledger: Ledger) -> None:
    inn.perform(Begin(stay=uuid4(), guest=uuid4(), room="9", ends=True))

    assert types(ledger) == ["StayBegun", "StayEnded"]
    assert ledger.holder("room/9") is None


def test_what_begins_and_ends_at_once_still_needs_its_claim_free(inn: Inn, ledger: Ledger) -> None:
    first = a_stay(inn)

    with pytest.raises(RoomTaken):
        inn.perform(replace(first, stay=uuid4(), ends=True))

    assert ledger.holder("room/12") == first.stay


def test_claims_rebuilt_from_events_are_the_live_ones(inn: Inn, ledger: Ledger, keys: Keys) -> None:
    stays = [a_stay(inn, room) for room in "123456"]
    inn.perform(End(stay=stays[0].stay))
    inn.perform(replace(stays[0], stay=uuid4()))
    inn.perform(End(stay=stays[0].stay, on=date(2026, 3, 5)))
    inn.perform(End(stay=stays[1].stay))
    inn.perform(Begin(stay=uuid4(), guest=stays[1].guest, room="2", ends=True))
    inn.shred(Forget(guest=stays[2].guest), stays[2].guest, keys.reference("ref of 3"))

    rebuilt = rebuild_claims(ledger, keys, KINDS)

    assert sorted(rebuilt.items()) == list(ledger.claims())
    assert len(rebuilt) == 5 + 5


def test_claims_are_not_rebuilt_past_a_type_that_nobody_knows(
    inn: Inn, ledger: Ledger, keys: Keys
) -> None:
    a_stay(inn)

    with pytest.raises(UnknownTypeError, match="StayBegun"):
        rebuild_claims(ledger, keys, {GuestRegistered.TOPIC: GuestRegistered})


def test_the_same_command_under_the_same_key_gets_the_same_answer(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)
    note = Note(stay=stay.stay, remark="quiet")
    first = inn.perform(note, key="k")
    inn.perform(Note(stay=stay.stay, remark="loud"))

    assert inn.perform(replace(note), key="k") == first == (3,)
    assert ledger.head().position == 4


def test_another_body_under_the_same_key_is_refused(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay, remark="quiet"), key="k")

    with pytest.raises(ChangedCommand):
        inn.perform(Note(stay=stay.stay, remark="loud"), key="k")
    with pytest.raises(ChangedCommand):
        inn.perform(End(stay=stay.stay), key="k")
    assert ledger.head().position == 3


def test_a_command_that_changed_nothing_answers_so_for_ever(inn: Inn) -> None:
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay))
    assert inn.perform(Note(stay=stay.stay), key="k") == ()
    inn.perform(End(stay=stay.stay))

    assert inn.perform(Note(stay=stay.stay), key="k") == ()


def test_a_fingerprint_tells_nobody_what_was_in_the_command(
    inn: Inn, ledger: Ledger, tmp_path: Path
) -> None:
    register = Register(person_ref="079", name="N", guest=UUID(int=1))
    inn.perform(register, key="k")
    elsewhere = Keys.in_folder(tmp_path / "elsewhere")
    with closing(SqliteLedger(tmp_path / "other.db", "inn")) as other:
        Inn(other, elsewhere).perform(register, key="k")

        known, guessed = ledger.command("k"), other.command("k")

    elsewhere.close()
    assert known
    assert guessed
    assert known[0] != guessed[0]


def test_a_reader_moves_with_the_command_that_it_caused(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)

    inn.perform(Note(stay=stay.stay), reader=("verification", 0, 7))
    with pytest.raises(ReaderMovedError):
        inn.perform(Note(stay=stay.stay, remark="late"), reader=("verification", 0, 7))

    assert ledger.reader("verification") == 7
    assert ledger.head().position == 3


def test_a_reader_moves_past_what_changed_nothing(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay))

    assert inn.perform(Note(stay=stay.stay), reader=("verification", 0, 9)) == ()
    assert ledger.reader("verification") == 9


def test_an_overtaken_command_is_decided_anew(ledger: Ledger, keys: Keys) -> None:
    inn = Overtaken(ledger, keys)
    stay = a_stay(inn)
    inn.others = [Note(stay=stay.stay, remark=f"{n}") for n in range(3)]

    assert inn.perform(Note(stay=stay.stay, remark="ours")) == (6,)
    assert len(inn.repository.get(stay.stay).days) == 4


def test_a_command_overtaken_each_time_is_refused_at_last(ledger: Ledger, keys: Keys) -> None:
    inn = Overtaken(ledger, keys)
    stay = a_stay(inn)
    inn.others = [Note(stay=stay.stay, remark=f"{n}") for n in range(100)]

    with pytest.raises(Contended):
        inn.perform(Note(stay=stay.stay, remark="ours"))


def test_who_looks_for_a_claim_and_is_overtaken_finds_it(ledger: Ledger, keys: Keys) -> None:
    inn = Overtaken(ledger, keys)
    inn.others = [Register(person_ref="079", name="N")]

    assert inn.perform(Register(person_ref="079", name="N")) == ()
    assert types(ledger) == ["GuestRegistered"]


def test_a_closed_ledger_says_that_nothing_is_known(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)
    ledger.close()

    with pytest.raises((LedgerClosedError, ConnectionError)):
        inn.perform(Begin(stay=uuid4(), guest=stay.guest, room="8"))


def test_many_threads_note_on_one_stay_and_every_note_is_kept(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)
    answers: list[tuple[int, ...]] = []

    def note(thread: int) -> None:
        answers.extend(inn.perform(Note(stay=stay.stay, remark=f"{thread}/{n}")) for n in range(5))

    threads = [threading.Thread(target=note, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [(position,) for position in range(3, 18)]
    assert len(inn.repository.get(stay.stay).days) == 15


def test_the_librarys_own_save_takes_claims_and_makes_keys_too(
    inn: Inn, ledger: Ledger, keys: Keys
) -> None:
    guest = Guest.register(uuid4(), "r", "N")

    inn.save(guest)

    assert guest.id in keys
    assert ledger.holder("guest/r") == guest.id


def test_a_fact_that_no_aggregate_adopts_is_unknown(inn: Inn, ledger: Ledger, keys: Keys) -> None:
    stay = a_stay(inn)

    class Elsewhere(Inn):
        aggregates = (Guest,)

    elsewhere = Elsewhere(ledger, keys)
    with pytest.raises(UnknownTypeError, match="StayBegun"):
        elsewhere.repository.get(stay.stay)
    with pytest.raises(UnknownTypeError, match="StayBegun"):
        elsewhere.perform(replace(stay, stay=uuid4(), room="5"))


def test_the_environment_of_the_process_does_not_reach_the_library(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, keys: Keys, tmp_path: Path
) -> None:
    for name, value in {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(tmp_path / "stray.db"),
        "AGGREGATE_CACHE_MAXSIZE": "10",
        "IS_SNAPSHOTTING_ENABLED": "y",
        "COMPRESSOR_TOPIC": "zlib",
    }.items():
        monkeypatch.setenv(name, value)

    inn = Inn(ledger, keys)
    a_stay(inn)

    assert inn.env == {}
    assert inn.snapshots is None
    assert inn.repository.cache is None
    assert not (tmp_path / "stray.db").exists()


def test_an_unclaimed_collision_is_refused_all_the_same(inn: Inn) -> None:
    assert isinstance(Commands.claim_refusal(inn, ClaimTakenError("guest/x", None)), ClaimTaken)
