"""Sixteen writers, four of them in conflict, and a reader at their heels."""

from itertools import cycle
from threading import Event, Thread
from uuid import UUID

import pytest

from infra.ledger.port import Ledger, Row, VersionTakenError
from tests.ports.places import Place, chain_digest, one, refusal_of

WRITERS = 16
RIVALS = 4
SAVES = 200
PRIZE = UUID(int=99)


class Tail:
    """Reads what comes until it is told that nothing more will."""

    def __init__(self, ledger: Ledger) -> None:
        self.rows: list[Row] = []
        self._ledger = ledger
        self._over = Event()
        self._thread = Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        last = 0
        while True:
            over = self._over.is_set()
            self._ledger.wait(last, 0 if over else 0.05)
            rows = self._ledger.read(last, 7)
            if over and not rows:
                return
            self.rows += rows
            last = rows[-1].position if rows else last

    def finish(self) -> list[Row]:
        self._over.set()
        self._thread.join()
        return self.rows


class Writer:
    """Saves in a stream of its own; a rival fights for each version of the prize."""

    def __init__(self, number: int, ledger: Ledger) -> None:
        self.won = self.lost = 0
        self._rival = number < RIVALS
        self._stream = PRIZE if self._rival else UUID(int=number)
        self._ledger = ledger
        self.thread = Thread(target=self._write)

    def _write(self) -> None:
        for version in range(1, SAVES + 1):
            refusal = refusal_of(self._ledger, one(self._stream, version))
            assert refusal is None or isinstance(refusal, VersionTakenError)
            self.won += refusal is None
            self.lost += refusal is not None


@pytest.mark.parametrize("handles", [1, 3])
def test_every_position_is_seen_once_and_in_order(place: Place, handles: int) -> None:
    tail = Tail(place.open())
    ledgers = cycle([place.open() for _ in range(handles)])
    writers = [
        Writer(number, ledger) for number, ledger in zip(range(WRITERS), ledgers, strict=False)
    ]
    for writer in writers:
        writer.thread.start()
    for writer in writers:
        writer.thread.join()
    seen = tail.finish()

    rivals, others = writers[:RIVALS], writers[RIVALS:]
    assert [(writer.won, writer.lost) for writer in others] == [(SAVES, 0)] * len(others)
    assert sum(writer.won for writer in rivals) == SAVES
    assert sum(writer.lost for writer in rivals) == SAVES * (RIVALS - 1)

    total = SAVES * (len(others) + 1)
    assert [row.position for row in seen] == list(range(1, total + 1))
    for stream in {row.stream for row in seen}:
        assert [row.version for row in seen if row.stream == stream] == list(range(1, SAVES + 1))
    ledger = place.open()
    assert ledger.head().digest == chain_digest(ledger)
    assert ledger.verify().positions == total
