"""A reaction: recorded facts of one ledger in, commands of a service out, each done once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from events.envelope import By, Envelope
from events.refusal import Refusal
from infra import trace
from infra.feed import Feed, FeedAwayError, Parking, Unreadable, opened
from infra.ledger.application import Commands, Contended
from infra.ledger.outcomes import NoteRefusal, TryAgain, told
from infra.ledger.port import ReaderMovedError, Save
from infra.runner import AWAY, BATCH_EVENTS, Parked, Reader, Standstills, State, decoded

_CIVIL_TIME = timedelta(hours=7)

Policy = Callable[[Envelope], Any | None]
"""Turns a recorded fact into a command, or into nothing. It is pure."""


class NothingToDo(Refusal):
    """The policy asks for nothing any more: the fact is worked differently by now."""


class Reactor(Reader):
    """Has a service do what a policy asks for, from where it stood.

    The position is saved in the ledger of the service, with what the command records, so
    neither is there without the other. The key of the command is that of the fact, so a
    fact that comes again finds its command done. What the rules refuse is recorded as
    refused, and the reader goes on; what cannot be decoded, or meets a defect, stops it. With
    `standstills` every process sees that, and any of them may have it go on.
    """

    def __init__(  # noqa: PLR0913 - what it stands between
        self,
        name: str,
        feed: Feed,
        service: Commands,
        policy: Policy,
        *,
        batch_events: int = BATCH_EVENTS,
        standstills: Standstills | None = None,
    ) -> None:
        super().__init__(name, feed, batch_events)
        self._service = service
        self._policy = policy
        self._passed = 0
        self._standstills = standstills
        self._stood = standstills is not None and standstills.of(name) is not None

    @property
    def position(self) -> int:
        """Return the last position that was reacted to."""
        return max(self._saved, self._passed)

    @property
    def state(self) -> State:
        """Return where the reader stands, by what every process can see."""
        parked = self._standstills.of(self.name) if self._standstills else self._parked
        return replace(super().state, parked=parked)

    @property
    def parked(self) -> Parked | None:
        """Return the record before which the reader stands still."""
        return self._parked

    @property
    def _saved(self) -> int:
        return self._service.ledger.reader(self.name)

    def step(self) -> bool:
        """React to the next batch, and save how far; tell whether the reader moved."""
        moved = self.advance()
        self.settle()
        return moved

    def advance(self) -> bool:
        """React to the next batch; tell whether the reader moved.

        A position that asked for nothing is kept in memory until it is saved with the next
        command or by `settle`: who is handed facts one by one need not commit for each.
        """
        if self._parked and not self._may_go_on():
            return False
        saved = self._saved
        at = max(saved, self._passed)
        try:
            rows = self._feed.read(at, self._batch_events)
        except Unreadable as record:
            self._park(record.position, record.type, record.reason)
            return False
        batch, unreadable = decoded(self._feed.ledger, at, rows)
        try:
            self._take(saved, batch)
        except (ReaderMovedError, Contended):
            return self.position != at  # another process reacts too, and nothing is done twice
        if unreadable and not self._parked:
            row, error = unreadable
            self._park(row.position, row.type, _reason(error))
        moved = self.position != at
        if moved and not self._parked:
            self._went_on()
        return moved

    def _may_go_on(self) -> bool:
        """Tell whether somebody had the reader go on, or another process took the record."""
        behind = self._parked is None or self.position < self._parked.position
        if behind and (self._standstills is None or self._standstills.of(self.name)):
            return False
        self._parked = None
        return True

    def _went_on(self) -> None:
        if self._standstills and self._stood:
            self._standstills.lift(self.name)
            self._stood = False

    def settle(self) -> None:
        """Save how far the reader came where nothing was asked for."""
        with suppress(ReaderMovedError):  # another process reacts too
            self._move(self._passed)

    def try_again(self, task: UUID, on: date, by: By, *, key: str | None = None) -> tuple[int, ...]:
        """Do what was refused, and settle it, in one save. Raises Refusal and FeedAwayError."""
        envelope = self._again(int(self._service.task(task).cause.rpartition("/")[2]))
        command = self._policy(envelope)
        if command is None:
            raise NothingToDo(cause=envelope.cause)
        again = TryAgain(on=on, task=task, command=command, by=by)
        return self._service.perform(again, key=key, not_before=envelope.recorded)

    def _again(self, position: int) -> Envelope:
        """Return a fact that was reacted to. Raises FeedAwayError."""
        try:
            rows = self._feed.read(position - 1, 1)
        except Unreadable as record:
            raise FeedAwayError(record.reason) from record
        if not rows:  # a broker that lost its tail is given it again
            raise FeedAwayError(f"{self._feed.ledger}:{position} is not there")
        return opened(self._feed.ledger, rows[0])

    def _take(self, saved: int, batch: Sequence[Envelope]) -> None:
        """React to a batch, by the position that is saved."""
        for envelope in batch:
            try:
                command = self._policy(envelope)
                if command is not None:
                    self._perform(saved, envelope, command)
                    saved = envelope.position
            except (ReaderMovedError, Contended, *AWAY):
                raise
            except Exception as defect:  # noqa: BLE001 - whatever it is, it stops this reader
                self._park(envelope.position, type(envelope.fact).TOPIC, _reason(defect))
                return
            self._passed = envelope.position

    def _perform(self, saved: int, envelope: Envelope, command: Any) -> None:  # noqa: ANN401
        with trace.following(envelope.trace):
            self._perform_once(saved, envelope, command)

    def _perform_once(self, saved: int, envelope: Envelope, command: Any) -> None:  # noqa: ANN401
        key = f"{envelope.cause}/{self.name}"
        reader = (self.name, saved, envelope.position)
        recorded = envelope.recorded
        if self._service.ledger.command(key) is None:
            try:
                self._service.perform(command, key=key, not_before=recorded, reader=reader)
            except Contended:
                raise
            except Refusal as refusal:
                if self._service.ledger.command(key) is None:
                    refused = self._refused(envelope, command, refusal)
                    self._service.perform(refused, key=key, not_before=recorded, reader=reader)
        # Done before under a position that was lost: the command stands, the reader follows.
        self._move(envelope.position)

    def _refused(self, envelope: Envelope, command: Any, refusal: Refusal) -> NoteRefusal:  # noqa: ANN401
        return NoteRefusal(
            on=(envelope.recorded + _CIVIL_TIME).date(),
            cause=envelope.cause,
            policy=self.name,
            refusal=refusal.code,
            rule=refusal.clause,
            about=self._service.about(command),
            facts=told(refusal),
            by=By.following(envelope),
        )

    def _move(self, new: int) -> None:
        if new > (old := self._saved):
            [saved] = self._service.ledger.append([Save(reader=(self.name, old, new))])
            if saved.refusal is not None:
                raise saved.refusal

    def _park(self, position: int, kind: str, reason: str) -> None:
        if isinstance(self._feed, Parking):
            self._feed.park(self.name, position, kind, reason)
        self._parked = Parked(position, kind, reason)
        self.on_parked(self._parked)
        if self._standstills:
            self._standstills.note(self.name, self._parked)
            self._stood = True


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
