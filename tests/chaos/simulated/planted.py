"""Bugs that people write, each as a part in place of ours: the schedules must find every one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from events.envelope import Envelope
from events.refusal import Refusal
from infra.feed import opened
from infra.feed.port import Unreadable, carried
from infra.ledger.port import Row, Save, Saved
from infra.ledger.rows import microseconds
from infra.ledger.sqlite import SqliteLedger
from infra.ledger.sqlite.saving import Saving
from infra.reactor import Reactor
from infra.reactor.deliveries import Deliveries
from infra.runner import Parked, Runner
from tests.chaos.simulated import office
from tests.chaos.simulated.bus import SimulatedFeed
from tests.chaos.simulated.processes import (
    Client,
    Parts,
    Relay,
    Request,
    Server,
    SimulatedEnd,
    SimulatedLedger,
)


class PositionFirst(Runner):
    """Saves its position, and then its view."""

    def _commit(self, at: int, batch: Sequence[Envelope]) -> None:
        self._left_at = batch[-1].position
        with self._db.writing():
            self._move(at, self._left_at)
        with self._db.writing():
            self._projection.project(batch)


class OffsetIsTruth(Deliveries):
    """Reacts to what Faust delivers, wherever that is, and to nothing else."""

    def take(self, record: bytes | None) -> None:
        row = carried("hall", record)
        self.reactor._handled(opened("hall", row))  # type: ignore[attr-defined]  # noqa: SLF001

    def sweep(self) -> None:
        self.reactor.settle()

    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - as the one below
        super().__init__(*given)
        self.reactor = Blind(self.reactor.name, self._handed, *given[2:4])


class Blind(Reactor):
    def _handled(self, envelope: Envelope) -> None:
        command = self._policy(envelope)
        if command is not None:
            self._perform(self._saved, envelope, command)
        self._passed = envelope.position


class NoLock(SimulatedLedger):
    """Looks into the ledger before it locks the head, and not again."""

    def append(self, saves: Sequence[Save]) -> list[Saved]:
        looked = Saving(self._writer, microseconds(self._clock()), self._types)
        refusals = [looked._conflict(save) for save in saves]  # noqa: SLF001
        self.process.at(f"after it has looked into {self.name}")
        if any(refusals):
            return [Saved(refusal=refusal) for refusal in refusals]
        with patch.object(Saving, "_conflict", return_value=None):
            saved = SqliteLedger.append(self, saves)
        self.process.at(f"after it has committed to {self.name}")
        return saved


class DedupeByOffset(Runner):
    """Takes a record for new when its offset is, and keeps that in place of the position."""

    def step(self) -> bool:
        if not isinstance(self._feed, SimulatedFeed):
            return super().step()
        values = "insert into readers values ('offset', 0) on conflict (name) do nothing"
        self._db.execute(values)
        [offset] = self._db.execute("select position from readers where name = 'offset'").fetchone()
        records = self._feed.topic.records[offset : offset + 3]
        if not records:
            return False
        self._projection.forget()
        batch = [opened(self.name, carried(self.name, record)) for record in records]
        with self._db.writing():
            self._projection.project(batch)
            moves = "update readers set position = ? where name = ?"
            self._db.execute(moves, (offset + len(batch), "offset"))
            self._db.execute(moves, (batch[-1].position, self.name))
        return True


class AnswersFirst(Server):
    """Answers, and commits when there is time."""

    def start(self) -> None:
        super().start()
        self._later: list[tuple[object, str]] = []

    def answer(self, command: object, key: str) -> tuple[int, ...]:
        if known := self.hall.ledger.command(key):
            return known[1]
        self._later.append((command, key))
        return (self.hall.ledger.head().position + len(self._later),)

    def step(self) -> None:
        while self._later:
            command, key = self._later.pop(0)
            try:
                self.hall.perform(command, key=key)
            except Refusal as refusal:
                self.world.tell(f"{key} was answered and is refused: {refusal.code}")


class TrustsItsMemory(Relay):
    """Remembers what it has sent, and goes on there, whatever is on the topic."""

    remembered = 0

    def start(self) -> None:
        super().start()
        self.sent = max(self.sent, self.remembered)

    def sends(self, last: int) -> None:
        self.remembered = last


class LastOnly(SimulatedEnd):
    """Looks whether the topic ends with what was written last, and no further."""

    async def _see_the_marks(self) -> None:
        self._marks = {}
        await super()._see_the_marks()


class LooksAtTheLast(Relay):
    writes_at = LastOnly


class PassesGaps(SimulatedFeed):
    """Gives what comes, whether or not it is what comes next."""

    def _read(self, position: int, limit: int) -> list[Row]:
        rows: list[Row] = []
        while self._fetched and len(rows) < limit:
            row = self._row(self._fetched.popleft())
            if row is not None and row.position >= position:
                rows.append(row)
                position = row.position + 1
        return rows

    def read(self, after: int, limit: int) -> Sequence[Row]:
        rows = super().read(after, limit)
        if rows:
            self._next = rows[-1].position + 1
        return rows


class SkipsGaps(Runner):
    """Takes whatever lies behind its position for the next."""

    def step(self) -> bool:
        at = self.position
        try:
            rows = [row for row in self._feed.read(at, self._batch_events) if row.position > at]
            batch = [opened(self.name, row) for row in rows]
        except (Unreadable, LookupError):
            return super().step()
        self._projection.forget()
        return self._take(at, batch)


class Keyless(Reactor):
    """Does a command, and then saves that it did."""

    def _perform(self, saved: int, envelope: Envelope, command: Any) -> None:  # noqa: ANN401 - as the real one
        try:
            self._service.perform(command)
        except Refusal as refusal:
            self._service.perform(self._refused(envelope, command, refusal))
        self._move(envelope.position)


class KeylessDeliveries(Deliveries):
    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - as the one below
        super().__init__(*given)
        self.reactor = Keyless(self.reactor.name, self._handed, *given[2:4])


class RenamesRetries(Client):
    """Gives a command a new key when it sends it again."""

    def send(self, request: Request) -> None:
        if request.asked:
            request.key = f"clerk/{request.paper}/{request.asked}"
        super().send(request)


class SkipsPoison(Runner):
    """Passes over what it cannot take."""

    def _park(self, parked: Parked) -> None:
        with self._db.writing():
            self._move(parked.position - 1, parked.position)


class AsksTheClock(office.Register):
    """Writes when it learned of a fact, not when the ledger did."""

    def _line(self, envelope: Envelope) -> None:
        now = datetime.now(UTC).isoformat()
        values = (envelope.position, envelope.fact.TOPIC, str(envelope.fact.on), now)
        self.db.execute("insert into lines values (?, ?, ?, ?)", values)


BUGS: dict[str, Callable[[], Parts]] = {
    "the position is saved before the view": lambda: Parts(runner=PositionFirst),
    "the group's offset is taken for the position": lambda: Parts(deliveries=OffsetIsTruth),
    "the head is not locked when saves are checked": lambda: Parts(ledger=NoLock),
    "what comes again is known by its offset": lambda: Parts(runner=DedupeByOffset),
    "a command is answered before it is committed": lambda: Parts(server=AnswersFirst),
    "a relay trusts its memory of what it published": lambda: Parts(relay=TrustsItsMemory),
    "a relay looks at the last record only": lambda: Parts(relay=LooksAtTheLast),
    "a reader skips a gap": lambda: Parts(feed=PassesGaps, runner=SkipsGaps),
    "a reaction has no key of its own": lambda: Parts(
        deliveries=KeylessDeliveries, reactor=Keyless
    ),
    "a command that is sent again has a new key": lambda: Parts(client=RenamesRetries),
    "what cannot be taken is skipped in silence": lambda: Parts(runner=SkipsPoison),
    "a view asks the clock": lambda: Parts(register=AsksTheClock),
}
