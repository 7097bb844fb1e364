"""What the library asks of a recorder, said in terms of a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    NotSupportedError,
    ProgrammingError,
    StoredEvent,
    Subscription,
)

from infra.ledger.port import Ledger, Save, SealedEvent
from infra.ledger.rows import END

NOTHING = Save(events=[])


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

    def max_notification_id(self) -> int | None:
        return self.head().position or None

    def subscribe(
        self,
        gt: int | None = None,  # noqa: ARG002 - the library's signature
        topics: Sequence[str] = (),  # noqa: ARG002 - as above
    ) -> Subscription[ApplicationRecorder]:
        raise NotSupportedError("a ledger is read with `read` and `wait`")
