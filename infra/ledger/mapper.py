"""Facts to stored events and back: personal fields go into the box, the rest into the state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eventsourcing.domain import BaseAggregate, DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import get_topic

from events import codec
from events.envelope import Fact, FirstFact
from events.registry import UnknownTypeError
from infra import trace
from infra.ledger.port import SealedEvent
from infra.sealing import Keys

_NO_MOMENT = datetime.fromtimestamp(0, UTC)
"""An aggregate knows the day of a fact; when the ledger learned it is not its affair."""


class SealingMapper(Mapper[UUID]):
    """Maps the facts that the given aggregates adopt; any other type is unknown.

    A fact that begins a stream does not store the class of its aggregate: only one of
    the aggregates adopts it.
    """

    def __init__(self, keys: Keys, aggregates: Iterable[type[BaseAggregate[UUID]]]) -> None:
        super().__init__(JSONTranscoder())
        self._keys = keys
        self._types: dict[str, tuple[codec.Form, dict[str, Any]]] = {}
        for aggregate in aggregates:
            for member in vars(aggregate).values():
                if isinstance(member, type) and issubclass(member, Fact) and _is_named(member):
                    first = issubclass(member, FirstFact)
                    self._types[member.TOPIC] = (
                        codec.form(member),
                        {"timestamp": _NO_MOMENT}
                        | ({"originator_topic": get_topic(aggregate)} if first else {}),
                    )

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> SealedEvent:
        """Seal the personal fields. Raises KeyDestroyed, UnknownTypeError."""
        if not isinstance(domain_event, Fact) or domain_event.TOPIC not in self._types:
            raise UnknownTypeError(f"{type(domain_event).__qualname__} is adopted by no aggregate")
        stream, version = domain_event.originator_id, domain_event.originator_version
        state, sealed = codec.encode(domain_event)
        return SealedEvent(
            originator_id=stream,
            originator_version=version,
            topic=domain_event.TOPIC,
            state=state,
            sealed=self._keys.box(domain_event.subject, stream, version, sealed)
            if sealed
            else None,
            trace=trace.current(),
        )

    def subject(self, event: SealedEvent) -> UUID:
        """Return whose key seals what an event says. Raises UnknownTypeError."""
        form, outside = self._form(event)
        return form.decode(event.state, None, outside).subject

    def to_domain_event(self, stored_event: StoredEvent) -> Fact:
        """Return the fact that its aggregate adopted; sealed fields are None without the key."""
        form, outside = self._form(stored_event)
        stream, version = stored_event.originator_id, stored_event.originator_version
        box = stored_event.sealed if isinstance(stored_event, SealedEvent) else None
        fact = form.decode(stored_event.state, None, outside)
        if box is None or not isinstance(stream, UUID):
            return fact
        opened = self._keys.open(fact.subject, stream, version, box)
        return form.decode(stored_event.state, opened, outside) if opened else fact

    def _form(self, event: StoredEvent) -> tuple[codec.Form, dict[str, Any]]:
        """Return the form of an event, and what it says that stands outside of its state."""
        try:
            form, outside = self._types[event.topic]
        except KeyError:
            raise UnknownTypeError(event.topic) from None
        stream, version = event.originator_id, event.originator_version
        return form, {"originator_id": stream, "originator_version": version} | outside


def _is_named(fact: type[Fact]) -> bool:
    return hasattr(fact, "TOPIC")
