"""A command that changes only what its sender has read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest
from eventsourcing.domain import BaseAggregate

from events.refusal import Refusal
from infra.ledger.application import Commands, Condition
from infra.ledger.port import Ledger
from infra.sealing import Keys
from tests.infra.ledger.inn import Inn, Note, Overtaken, a_stay, types


class Stale(Refusal):
    """It was changed since it was read."""


def only(stream: UUID, version: int) -> Condition:
    def check(found: int) -> None:
        if found != version:
            raise Stale(found=found)

    return stream, check


def test_a_change_of_what_was_read_is_done(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)

    assert inn.perform(Note(stay=stay.stay), condition=only(stay.stay, 1)) == (3,)


def test_a_change_of_what_is_older_is_refused(inn: Inn, ledger: Ledger) -> None:
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay, remark="first"))

    with pytest.raises(Stale, match="found=2"):
        inn.perform(Note(stay=stay.stay, remark="second"), condition=only(stay.stay, 1))

    assert types(ledger) == ["GuestRegistered", "StayBegun", "DayNoted"]


def test_what_is_so_already_is_refused_too_where_it_was_read_older(inn: Inn) -> None:
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay))

    with pytest.raises(Stale):
        inn.perform(Note(stay=stay.stay), condition=only(stay.stay, 1))


def test_who_is_overtaken_while_deciding_is_refused_and_not_tried_again(
    ledger: Ledger, keys: Keys
) -> None:
    inn = Overtaken(ledger, keys)
    stay = a_stay(inn)
    inn.others = [Note(stay=stay.stay, remark="faster")]

    with pytest.raises(Stale, match="found=2"):
        inn.perform(Note(stay=stay.stay, remark="slower"), condition=only(stay.stay, 1))

    assert inn.repository.get(stay.stay).days[-1][1] == "faster"


def test_who_decides_on_what_came_after_he_looked_is_refused(ledger: Ledger, keys: Keys) -> None:
    class Slow(Inn):
        """Somebody else is faster between the look at the version and the decision."""

        def decide(self, command: object) -> Sequence[BaseAggregate[UUID]]:
            Inn(self.ledger, self.keys).perform(Note(stay=stay.stay, remark="faster"))
            return super().decide(command)

    stay = a_stay(Inn(ledger, keys))

    with pytest.raises(Stale, match="found=2"):
        Slow(ledger, keys).perform(
            Note(stay=stay.stay, remark="slower"), condition=only(stay.stay, 1)
        )

    assert types(ledger) == ["GuestRegistered", "StayBegun", "DayNoted"]


def test_a_repeat_is_answered_though_its_condition_is_long_past(inn: Inn) -> None:
    stay = a_stay(inn)
    note = Note(stay=stay.stay, remark="once")
    done = inn.perform(note, key="k", condition=only(stay.stay, 1))
    inn.perform(Note(stay=stay.stay, remark="later"))

    assert inn.perform(note, key="k", condition=only(stay.stay, 1)) == done


def test_who_is_overtaken_by_his_own_repeat_gets_its_answer(ledger: Ledger, keys: Keys) -> None:
    stay = a_stay(Inn(ledger, keys))
    note = Note(stay=stay.stay, remark="once")
    done: list[tuple[int, ...]] = []

    def check(found: int) -> None:
        if not done:  # the other one comes between the look at the key and the one at the version
            done.append(Inn(ledger, keys).perform(note, key="k"))
            raise Stale(found=found)

    first: Commands = Inn(ledger, keys)

    assert first.perform(note, key="k", condition=(stay.stay, check)) == done[0]
    assert types(ledger).count("DayNoted") == 1
