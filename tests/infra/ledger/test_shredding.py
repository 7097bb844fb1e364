"""A person is forgotten, whatever happens on the way."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from infra.ledger.claims import rebuild_claims
from infra.ledger.port import Ledger
from infra.sealing import KeyDestroyed, Keys
from tests.infra.ledger.inn import DAY, KINDS, Forget, Inn, Note, a_stay, types


def test_a_key_is_made_with_the_first_fact_and_never_again(
    inn: Inn, ledger: Ledger, keys: Keys
) -> None:
    stay = a_stay(inn)
    assert stay.guest in keys
    keys.shred(stay.guest)

    with pytest.raises(KeyDestroyed):
        inn.perform(Note(stay=stay.stay, remark="quiet"))
    assert isinstance(inn.perform_all([Note(stay=stay.stay, remark="quiet")])[0], KeyDestroyed)

    assert stay.guest not in keys
    assert ledger.head().position == 2


def test_without_the_key_personal_fields_are_none_and_the_rest_stays(inn: Inn, keys: Keys) -> None:
    stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay, remark="quiet"))
    keys.shred(stay.guest)

    assert inn.repository.get(stay.guest).name is None
    assert inn.repository.get(stay.stay).days == [(DAY, None)]
    assert inn.repository.get(stay.stay).room == "12"


def test_shredding_releases_the_claim_and_destroys_the_key(
    inn: Inn, ledger: Ledger, keys: Keys
) -> None:
    stay = a_stay(inn)
    reference = keys.reference("ref of 12")

    assert inn.shred(Forget(guest=stay.guest), stay.guest, reference) == (3,)

    assert ledger.holder(f"guest/{reference}") is None
    assert stay.guest not in keys
    assert keys.entombed(reference)
    assert ledger.verify().wrong is None


class Crash(BaseException):
    pass


class Crashing(Keys):
    """The process ends before the given step of a shredding."""

    before = ""

    def entomb(self, reference: str, person: UUID) -> None:
        self._step("entomb")
        super().entomb(reference, person)

    def held(self) -> Any:  # noqa: ANN401 - the command begins here
        self._step("perform")
        return super().held()

    def shred(self, person: UUID) -> None:
        self._step("shred")
        super().shred(person)

    def _step(self, name: str) -> None:
        if self.before == name:
            raise Crash


@pytest.mark.parametrize("step", ["entomb", "perform", "shred"])
def test_a_shredding_that_crashed_is_ended_by_the_same_call(
    ledger: Ledger, tmp_path: Path, step: str
) -> None:
    keys = Crashing.in_folder(tmp_path / "keys")
    inn = Inn(ledger, keys)
    stay = a_stay(inn)
    shredding = Forget(guest=stay.guest), stay.guest, keys.reference("ref of 12")
    keys.before = step
    with pytest.raises(Crash):
        inn.shred(*shredding)
    assert keys.unfinished() == ([] if step == "entomb" else [(shredding[2], stay.guest)])
    keys.before = ""

    inn.shred(*shredding)

    assert types(ledger) == ["GuestRegistered", "StayBegun", "GuestForgotten"]
    assert stay.guest not in keys
    assert keys.unfinished() == []
    assert sorted(rebuild_claims(ledger, keys, KINDS).items()) == list(ledger.claims())
    keys.close()


def test_a_rehearsed_shredding_destroys_nothing(inn: Inn, keys: Keys) -> None:
    stay = a_stay(inn)

    with inn.rehearsal():
        inn.shred(Forget(guest=stay.guest), stay.guest, keys.reference("ref of 12"))

    assert stay.guest in keys
    assert keys.unfinished() == []
