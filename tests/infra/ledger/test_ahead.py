"""What commands are about is read ahead for all of them, and never believed for too long."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import pytest

from infra.ledger.ahead import About
from infra.ledger.port import SealedEvent
from infra.ledger.sqlite import SqliteLedger
from infra.ledger.together import Under, taken
from tests.infra.ledger.inn import DAY, Inn, Note, a_stay, types


class Asked(SqliteLedger):
    """A ledger that remembers what it was asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "inn")
        self.asked: list[object] = []

    def command(self, key: str) -> tuple[bytes, tuple[int, ...]] | None:
        self.asked.append(key)
        return super().command(key)

    def commands(self, keys: Collection[str]) -> dict[str, tuple[bytes, tuple[int, ...]]]:
        self.asked.append(set(keys))
        done = [(key, super(Asked, self).command(key)) for key in keys]
        return {key: answered for key, answered in done if answered}

    def select_events(self, originator_id: UUID | str, **bounds: object) -> list[SealedEvent]:
        self.asked.append(originator_id)
        return super().select_events(originator_id, **bounds)  # type: ignore[arg-type]  # passed on

    def streams(self, ids: Collection[UUID]) -> dict[UUID, list[SealedEvent]]:
        self.asked.append(set(ids))
        return {each: super(Asked, self).select_events(each) for each in ids}


@pytest.fixture
def ledger(tmp_path: Path) -> Asked:
    return Asked(tmp_path / "inn.db")


def note(inn: Inn, stay: UUID, key: str) -> Under[object]:
    doing = inn.doing(Note(stay=stay, remark=key), key=key)
    return Under(doing, About(stay, key))


def test_commands_that_are_taken_together_ask_the_ledger_once_for_all(
    inn: Inn, ledger: Asked
) -> None:
    stays = [a_stay(inn, room).stay for room in ("12", "14")]
    ledger.asked.clear()

    taken(ledger, [note(inn, stay, f"note {stay}") for stay in stays], inn.ahead)

    keys = {f"note {stay}" for stay in stays}
    assert [each for each in ledger.asked if each] == [keys, set(stays)]
    assert types(ledger)[-2:] == ["DayNoted"] * 2


def test_a_command_that_is_overtaken_reads_anew(inn: Inn, ledger: Asked) -> None:
    stay = a_stay(inn).stay

    taken(ledger, [note(inn, stay, "first"), note(inn, stay, "second")], inn.ahead)

    assert inn.repository.get(stay).days == [(DAY, "first"), (DAY, "second")]


def test_a_command_that_was_done_while_its_key_was_read_is_done_once(
    inn: Inn, ledger: Asked
) -> None:
    stay = a_stay(inn).stay

    ends = taken(ledger, [note(inn, stay, "once"), note(inn, stay, "once")], inn.ahead)

    assert [end.positions for end in ends] == [(3,), (3,)]  # type: ignore[attr-defined]
    assert types(ledger).count("DayNoted") == 1
