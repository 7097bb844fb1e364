"""What the library asks of a recorder, said in terms of a ledger."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    NotSupportedError,
    ProgrammingError,
    StoredEvent,
    Subscription,
)

from infra.ledger.port import Ledger, Save, SealedEvent
from infra.ledger.rows import END, stream_of

NOTHING = Save(events=[])
Rows = Sequence[Sequence[Any]]


def now() -> datetime:
    return datetime.now(UTC)


def check(saves: Sequence[Save]) -> None:
    """Refuse in the caller's own thread what no ledger can hold."""
    for save in saves:
        for event in save.events:
            if not isinstance(event.originator_id, UUID) or not 0 < event.originator_version <= END:
                raise ProgrammingError(f"not a place in a stream: {event.originator_id}")


def _sealed(event: StoredEvent) -> SealedEvent:
    if isinstance(event, SealedEvent):
        return event
    return SealedEvent(event.originator_id, event.originator_version, event.topic, event.state)


class LibraryLedger(Ledger):
    """A ledger that the library can save to; an adapter adds how it is kept."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        **kwargs: Any,  # noqa: ANN401 - the library's signature
    ) -> Sequence[int]:
        """Append one save, whose other fields are the keywords; raise its refusal."""
        kwargs.pop("tracking", None)
        save = Save(events=[_sealed(event) for event in stored_events], **kwargs)
        if save == NOTHING:
            return ()
        [saved] = self.append([save])
        if saved.refusal is not None:
            raise saved.refusal
        return saved.positions

    @abstractmethod
    def _of_stream(self, bounds: tuple[bytes, int, int], most: int | None, *, desc: bool) -> Rows:
        """Return version, type, state, box and trace of a stream's events, in order.

        The bounds are the stream, the version after which it begins and the last one.
        """

    @abstractmethod
    def _between(self, first: int, last: int, kinds: list[str], most: int) -> Rows:
        """Return stream, version, type, state and position, of some types or of all, in order."""

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[SealedEvent]:
        first, last = -1 if gt is None else gt, END if lte is None else lte
        rows = self._of_stream((stream_of(originator_id), first, last), limit, desc=desc)
        return [SealedEvent(originator_id, *row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        first = (start or 0) + (not inclusive_of_start)
        rows = self._between(first, END if stop is None else stop, list(topics), limit)
        return [Notification(UUID(bytes=stream), *rest) for stream, *rest in rows]

    def max_notification_id(self) -> int | None:
        return self.head().position or None

    def subscribe(
        self,
        gt: int | None = None,  # noqa: ARG002 - the library's signature
        topics: Sequence[str] = (),  # noqa: ARG002 - as above
    ) -> Subscription[ApplicationRecorder]:
        raise NotSupportedError("a ledger is read with `read` and `wait`")
