"""A reaction is done once, whatever is repeated, refused, interrupted or shared."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid5

import pytest
from eventsourcing.persistence import OperationalError

from events.codec import encode
from events.dossiers import UnitReclassified, UnitRenamed
from events.envelope import By, Envelope, Refused, Settled, Told
from events.refusal import Refusal
from infra.feed import FeedAwayError, Unreadable
from infra.ledger.application import Contended
from infra.ledger.outcomes import PolicyOutcome, SettleRefusal, TaskSettled, UnknownTask, outcome_of
from infra.ledger.port import LedgerClosedError, Row, Save, Saved
from infra.ledger.sqlite import SqliteLedger
from infra.reactor import NothingToDo, Reactor
from infra.runner import ReaderStoppedError
from infra.sealing import Keys
from tests.infra.ledger.inn import Begin, End, Guest, Inn, Stay

CLERK = By(actor="clerk")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPACE = UUID(int=1)
NAME = "inn.policy.street"


class WelcomeRefused(Refused):
    TOPIC = "inn.PolicyRefused"


class WelcomeSettled(Settled):
    TOPIC = "inn.PolicySettled"


class Outcome(PolicyOutcome):
    TOPIC = "inn.Outcome"
    PolicyRefused = WelcomeRefused
    PolicySettled = WelcomeSettled


class ReactingInn(Inn):
    aggregates = (Guest, Stay, Outcome)
    outcomes = Outcome

    def about(self, command: Any) -> UUID | None:  # noqa: ANN401 - any command of an inn
        return command.stay if isinstance(command, Begin | End) else None


def stay(room: str) -> UUID:
    return uuid5(SPACE, room)


def policy(envelope: Envelope) -> Begin | End | None:
    """Let who is called `12` begin a stay in room 12, and who is called `-12` end it."""
    match envelope.fact:
        case UnitRenamed(name="defect"):
            raise ZeroDivisionError
        case UnitRenamed(name=name) if name.startswith("-"):
            return End(stay=stay(name[1:]))
        case UnitRenamed(name=name):
            return Begin(stay=uuid5(stay(name), str(envelope.position)), guest=SPACE, room=name)
        case _:
            return None


@dataclass
class Street:
    """A feed over the names that were called; one that is None calls for nothing."""

    rows: list[Row]
    ledger = "dossiers"

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return [row for row in self.rows if row.position > after][:limit]

    def head(self) -> int:
        return max((row.position for row in self.rows), default=0)

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return Event().wait(min(timeout_seconds, 0.01)) or self.head() > after


def street(*names: str | None) -> Street:
    return Street([called(position, name) for position, name in enumerate(names, start=1)])


def called(position: int, name: str | None) -> Row:
    kind: Any = UnitReclassified if name is None else UnitRenamed
    said = {"kind": "cell"} if name is None else {"name": name}
    fact = kind(
        originator_id=SPACE,
        originator_version=position,
        timestamp=NOON,
        on=date(2026, 1, 1),
        actor="clerk",
        acting_for="B-1",
        document="QĐ 1",
        **said,
    )
    state, _ = encode(fact)
    recorded = NOON + timedelta(days=position)
    return Row(position, SPACE, position, fact.TOPIC, recorded, state, b"", b"", None)


@dataclass
class House:
    """A folder that an inn is opened on, again and again."""

    folder: Path

    def inn(self, ledger: type[SqliteLedger] = SqliteLedger) -> ReactingInn:
        return ReactingInn(ledger(self.folder / "inn.db", "inn"), self.keys)

    def __post_init__(self) -> None:
        self.keys = Keys.in_folder(self.folder / "keys")

    def forget_position(self) -> None:
        """Lose where the reader stood, as if all it read were delivered again."""
        with closing(sqlite3.connect(self.folder / "inn.db")) as db, db:
            db.execute("delete from readers")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.keys.close()


@pytest.fixture
def inn(house: House) -> Iterator[ReactingInn]:
    inn = house.inn()
    yield inn
    inn.ledger.close()


def reactor(inn: Inn, feed: Street, batch_events: int = 500) -> Reactor:
    return Reactor(NAME, feed, inn, policy, batch_events=batch_events)


def recorded(inn: Inn) -> list[str]:
    return [row.type.partition(".")[2] for row in inn.ledger.read(0, 1000)]


@pytest.mark.parametrize("batch_events", [1, 2, 500])
def test_every_fact_is_reacted_to_once_and_in_order(inn: ReactingInn, batch_events: int) -> None:
    called_out = street("1", None, "2", None, None, "3", None)

    reactor(inn, called_out, batch_events).catch_up(7)

    assert recorded(inn) == ["StayBegun"] * 3
    assert inn.ledger.reader(NAME) == 7
    assert {claim for claim, _ in inn.ledger.claims()} == {"room/1", "room/2", "room/3"}


def test_what_follows_bears_the_trace_of_its_cause(inn: ReactingInn) -> None:
    asked = f"00-{'a' * 32}-{'b' * 16}-01"
    called_out = street("1", "2")
    called_out.rows[0] = replace(called_out.rows[0], trace=asked)

    reactor(inn, called_out).catch_up(2)

    assert [row.trace for row in inn.ledger.read(0, 9)] == [asked, None]


def test_what_is_delivered_again_is_not_done_again(house: House) -> None:
    called_out = street("1", "1", "2")
    for _ in range(3):
        with closing((inn := house.inn()).ledger):
            reactor(inn, called_out).catch_up(3)

            assert recorded(inn) == ["StayBegun", "PolicyRefused", "StayBegun"]
            assert inn.ledger.reader(NAME) == 3
        house.forget_position()


def test_nothing_is_recorded_before_its_cause(inn: ReactingInn) -> None:
    called_out = street("1", "1")

    reactor(inn, called_out).catch_up(2)

    begun, refused = inn.ledger.read(0, 2)
    assert begun.recorded >= called_out.rows[0].recorded
    assert refused.recorded >= called_out.rows[1].recorded


def test_a_refusal_is_an_outcome_and_the_reader_goes_on(inn: ReactingInn) -> None:
    reactor(inn, street("1", "1", "2")).catch_up(3)

    task = outcome_of("dossiers/2", NAME)
    (refused,) = [fact for fact in inn.events.get(task) if isinstance(fact, WelcomeRefused)]
    assert (refused.cause, refused.policy, refused.refusal) == ("dossiers/2", NAME, "room-taken")
    assert refused.about == uuid5(stay("1"), "2")
    assert Told(name="room", value="1") in refused.facts
    assert (refused.actor, refused.causation) == ("policy", "dossiers/2")
    assert (refused.acting_for, refused.document) == ("B-1", "QĐ 1")
    assert refused.on == date(2026, 11, 26)
    assert recorded(inn) == ["StayBegun", "PolicyRefused", "StayBegun"]


def test_what_was_refused_is_done_when_the_rules_take_it_and_is_settled_with_it(
    inn: ReactingInn,
) -> None:
    reading = reactor(inn, street("1", "1"))
    reading.catch_up(2)
    task = outcome_of("dossiers/2", NAME)

    with pytest.raises(Refusal, match="room=1"):
        reading.try_again(task, date(2026, 12, 1), CLERK)
    assert recorded(inn) == ["StayBegun", "PolicyRefused"]
    inn.perform(End(stay=uuid5(stay("1"), "1")))
    reading.try_again(task, date(2026, 12, 1), CLERK)
    with pytest.raises(TaskSettled):
        reading.try_again(task, date(2026, 12, 1), CLERK)

    assert recorded(inn)[2:] == ["StayEnded", "StayBegun", "PolicySettled"]
    settled = list(inn.events.get(task))[-1]
    assert isinstance(settled, WelcomeSettled)
    assert (settled.done, settled.actor) == (True, "clerk")


def test_what_needs_no_doing_is_settled_without_it(inn: ReactingInn) -> None:
    reactor(inn, street("1", "1")).catch_up(2)
    task = outcome_of("dossiers/2", NAME)

    inn.perform(SettleRefusal(on=date(2026, 12, 1), task=task, by=CLERK))
    with pytest.raises(TaskSettled):
        inn.perform(SettleRefusal(on=date(2026, 12, 1), task=task, by=CLERK))
    with pytest.raises(UnknownTask):
        inn.perform(SettleRefusal(on=date(2026, 12, 1), task=SPACE, by=CLERK))
    with pytest.raises(UnknownTask):
        inn.task(uuid5(stay("1"), "1"))

    assert recorded(inn) == ["StayBegun", "PolicyRefused", "PolicySettled"]


def test_a_policy_that_asks_for_nothing_any_more_has_nothing_to_try(inn: ReactingInn) -> None:
    called_out = street("1", "1")
    reactor(inn, called_out).catch_up(2)
    changed = Reactor(NAME, called_out, inn, lambda _: None)

    with pytest.raises(NothingToDo):
        changed.try_again(outcome_of("dossiers/2", NAME), date(2026, 12, 1), CLERK)


def test_what_cannot_be_read_again_just_now_is_tried_another_time(inn: ReactingInn) -> None:
    called_out = street("1", "1")
    reactor(inn, called_out).catch_up(2)

    class Lost(Street):
        def read(self, after: int, limit: int) -> Sequence[Row]:
            raise Unreadable(after + 1, "", "it is nowhere")

    for feed in (Street([]), Lost([])):
        with pytest.raises(FeedAwayError):
            reactor(inn, feed).try_again(outcome_of("dossiers/2", NAME), date(2026, 12, 1), CLERK)

    assert recorded(inn) == ["StayBegun", "PolicyRefused"]


def lost(feed: Street) -> None:
    del feed.rows[1]


def garbled(feed: Street) -> None:
    row = feed.rows[1]
    feed.rows[1] = Row(
        row.position, row.stream, row.version, row.type, row.recorded, b"{", b"", b""
    )


def newer(feed: Street) -> None:
    row = feed.rows[1]
    feed.rows[1] = Row(
        row.position, row.stream, row.version, "dossiers.Sainted", row.recorded, b"{}", b"", b""
    )


def defective(feed: Street) -> None:
    feed.rows[1] = called(2, "defect")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lost, "GapError"),
        (garbled, "UndecodableError"),
        (newer, "UnknownTypeError"),
        (defective, "ZeroDivisionError"),
    ],
)
def test_what_cannot_be_taken_stops_the_reader_before_it(
    inn: ReactingInn, spoil: Callable[[Street], None], reason: str
) -> None:
    called_out = street("1", "2", "3")
    spoil(called_out)
    reading = reactor(inn, called_out)

    with pytest.raises(ReaderStoppedError, match=reason):
        reading.catch_up(3)
    assert not reading.step()

    assert recorded(inn) == ["StayBegun"]
    assert inn.ledger.reader(NAME) == 1
    assert reading.state.parked is not None
    assert not reading.state.ready


def test_what_was_passed_over_before_a_defect_is_not_read_again(inn: ReactingInn) -> None:
    reading = reactor(inn, street(None, None, "defect"))

    with pytest.raises(ReaderStoppedError, match="ZeroDivisionError"):
        reading.catch_up(3)

    assert inn.ledger.reader(NAME) == 2


class Full(SqliteLedger):
    """There is no room for a first save."""

    full = True

    def append(self, saves: Sequence[Save]) -> list[Saved]:
        if self.full:
            self.full = False
            raise OperationalError("no room")
        return super().append(saves)


def test_a_ledger_that_is_full_is_away_and_what_waits_for_it_is_done_later(house: House) -> None:
    with closing((inn := house.inn(Full)).ledger):
        reading = reactor(inn, street("1"))

        with pytest.raises(OperationalError):
            reading.step()
        assert reading.state.parked is None
        reading.catch_up(1)

        assert recorded(inn) == ["StayBegun"]


class Crash(BaseException):
    """The process ends."""


class Mortal(SqliteLedger):
    """Its process ends at a given commit, before it or after it."""

    lives = 0
    after = False

    def append(self, saves: Sequence[Save]) -> list[Saved]:
        Mortal.lives -= 1
        if Mortal.lives == 0 and not Mortal.after:
            raise Crash
        saved = super().append(saves)
        if Mortal.lives == 0:
            raise Crash
        return saved


APPENDS = 7
"""Of the facts below: a refused claim is looked at twice, and the last position moves alone."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("lives", range(1, APPENDS + 2))
def test_a_crash_at_any_commit_loses_nothing_and_repeats_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, lives: int, *, after: bool
) -> None:
    monkeypatch.setattr(Mortal, "lives", lives)
    monkeypatch.setattr(Mortal, "after", after)
    called_out = street("1", None, "1", "2", "-9", None)
    crashes = 0

    for _ in range(2):
        with closing((inn := house.inn(Mortal)).ledger):
            try:
                reactor(inn, called_out, batch_events=3).catch_up(6)
            except Crash:
                crashes += 1

    with closing((inn := house.inn()).ledger):
        assert recorded(inn) == ["StayBegun", "PolicyRefused", "StayBegun", "PolicyRefused"]
        assert inn.ledger.reader(NAME) == 6
    assert crashes == (lives <= APPENDS)


def test_two_processes_that_react_do_each_thing_once(house: House) -> None:
    names = [str(number) for number in range(60)]
    called_out = street(*names, *names)
    inns = [house.inn() for _ in range(2)]

    threads = [
        Thread(target=reactor(inn, called_out, batch_events=7).catch_up, args=(120,))
        for inn in inns
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(recorded(inns[0])) == ["PolicyRefused"] * 60 + ["StayBegun"] * 60
    for inn in inns:
        inn.ledger.close()


class Busy(ReactingInn):
    """Others are always faster, for a while."""

    patience = 2

    def decide(self, command: object) -> Any:  # noqa: ANN401 - as the base
        if self.patience:
            self.patience -= 1
            raise Contended
        return super().decide(command)


def test_what_others_hold_up_is_no_outcome_but_is_tried_again(house: House) -> None:
    with closing((inn := Busy(SqliteLedger(house.folder / "inn.db", "inn"), house.keys)).ledger):
        reading = reactor(inn, street("1"))

        assert not reading.step()
        assert recorded(inn) == []
        reading.catch_up(1)

        assert recorded(inn) == ["StayBegun"]


def test_a_ledger_that_is_closed_is_away_and_not_a_defect(house: House) -> None:
    inn = house.inn()
    reading = reactor(inn, street("1"))
    inn.ledger.close()

    with pytest.raises(LedgerClosedError):
        reading.step()
