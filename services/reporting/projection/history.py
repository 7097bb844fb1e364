"""Every fact as one row of history: what, when, known since when, by whom, on what paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from events.dossiers import FacetsCorrected, FactCorrected
from events.envelope import Envelope, Fact

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# In columns of their own, of the library, or too long to be told in a line.
_APART = frozenset(
    {field.name for field in fields(Fact)}
    | {"originator_topic", "person", "facets", "deadlines", "standing"}
)


class Told(NamedTuple):
    """A row of history. `particulars` are the fact's own public fields, as JSON."""

    position: int
    stream: bytes
    person: bytes | None
    unit: bytes | None
    version: int
    type: str
    on_day: int
    recorded: int
    actor: str
    acting_for: str | None
    document: str | None
    rule_set: str | None
    causation: str | None
    correlation: str | None
    particulars: str | None


class HistoryTables(Protocol):
    """What the view keeps of a ledger in which nothing counts."""

    def tell(self, history: Sequence[Told]) -> None:
        """Append rows of history."""
        ...


class HistoryProjection:
    """Keeps the history of a ledger, and nothing else."""

    def __init__(self, tables: HistoryTables) -> None:
        self._tables = tables

    def forget(self) -> None:
        """Drop what is held in memory: nothing."""

    def project(self, batch: Sequence[Envelope]) -> None:
        """Append the next facts, in order."""
        self._tables.tell([told(envelope) for envelope in batch])


def told(envelope: Envelope) -> Told:
    """Return the row of history of a recorded fact."""
    fact = envelope.fact
    unit = getattr(fact, "unit", None) or getattr(fact, "centre", None)
    person = getattr(fact, "person", None)
    return Told(
        envelope.position,
        fact.originator_id.bytes,
        person.bytes if person else None,
        unit.bytes if isinstance(unit, UUID) else None,
        fact.originator_version,
        type(fact).TOPIC,
        fact.on.toordinal(),
        microseconds(envelope.recorded),
        fact.actor,
        fact.acting_for,
        fact.document,
        fact.rule_set,
        fact.causation,
        fact.correlation,
        _particulars(fact),
    )


def microseconds(moment: datetime) -> int:
    """Return a moment as UTC microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment(microseconds_: int) -> datetime:
    """Return UTC microseconds since 1970 as a moment."""
    return EPOCH + microseconds_ * MICROSECOND


def _particulars(fact: Fact) -> str | None:
    has = vars(fact)
    own = {
        name: value
        for name, default in _own(type(fact))
        if (value := has[name]) is not default and value != default
    }
    match fact:
        case FactCorrected():
            for now in fact.standing:
                if now.of == fact.of:
                    own |= {"now_on": now.on, "now_unit": now.unit}
        case FacetsCorrected():
            own["facets"] = fact.facets
        case _:
            pass
    return _written(own).decode() if own else None


_written = msgspec.json.Encoder().encode


@cache
def _own(kind: type[Fact]) -> tuple[tuple[str, object], ...]:
    return tuple(
        (field.name, field.default)
        for field in fields(kind)
        if field.name not in _APART and field.name not in kind.sealed
    )
