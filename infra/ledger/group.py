"""Commands of one call: together in one commit, or rehearsed, so that nothing is saved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Protocol
from uuid import UUID

from eventsourcing.domain import BaseAggregate, DomainEventProtocol
from eventsourcing.persistence import AggregateRecorder, EventStore, Mapper

from events.envelope import Fact
from infra.ledger.ahead import NOTHING_READ, Ahead
from infra.ledger.claims import changes
from infra.ledger.port import ClaimTakenError, Ledger

_WHOLE = (None, None, None, False)
"""How a stream is asked for from its first event to its last."""


class Pending(Protocol):
    """What was decided on this thread and is not in the ledger."""

    def facts(self, stream: UUID) -> Sequence[Fact]:
        """Return the facts of a stream that only we know."""
        ...

    def holder(self, claim: str) -> UUID | None:
        """Return who holds a claim when what was decided is counted in."""
        ...


class Rehearsal:
    """Later commands see what earlier ones decided; the ledger never does."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._facts: dict[UUID, list[Fact]] = {}
        self._claims: dict[str, UUID | None] = {}

    def facts(self, stream: UUID) -> Sequence[Fact]:
        return self._facts.get(stream, ())

    def holder(self, claim: str) -> UUID | None:
        return self._claims[claim] if claim in self._claims else self._ledger.holder(claim)

    def add(self, facts: Sequence[Fact]) -> None:
        """Count facts in as if they were saved. Raises ClaimTakenError, as the ledger would."""
        takes, releases = changes(facts, self.holder)
        for claim, stream in takes:
            if claim not in releases and (other := self.holder(claim)) not in {None, stream}:
                raise ClaimTakenError(claim, other)
        self._claims |= dict.fromkeys(releases) | dict(takes)
        for fact in facts:
            self._facts.setdefault(fact.originator_id, []).append(fact)


class Group:
    """Decided commands that wait for one commit.

    A command that reads what another of the group decided first has the group saved:
    were they saved together, the ledger could refuse the one and take the other.
    """

    def __init__(
        self, ledger: Ledger, save: Callable[[list[tuple[int, list[Fact]]]], None]
    ) -> None:
        self._ledger = ledger
        self._save = save
        self._waiting: list[tuple[int, list[Fact]]] = []
        self._streams: set[UUID] = set()
        self._claims: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def facts(self, stream: UUID) -> Sequence[Fact]:
        if stream in self._streams:
            self.flush()
        return ()

    def holder(self, claim: str) -> UUID | None:
        if claim in self._claims:
            self.flush()
        return self._ledger.holder(claim)

    def add(self, number: int, facts: list[Fact]) -> None:
        """Let the facts of a command, by its number in the call, wait."""
        self._waiting.append((number, facts))
        self._streams.update(fact.originator_id for fact in facts)
        self._claims.update(chain.from_iterable((*f.takes(), *f.releases()) for f in facts))

    def flush(self) -> None:
        """Save what waits."""
        waiting, self._waiting = self._waiting, []
        self._streams.clear()
        self._claims.clear()
        self._save(waiting)


class Here(threading.local):
    """What is pending on this thread, and what it has read already."""

    pending: Pending | None = None

    def __init__(self) -> None:
        self.known: Mapping[UUID, BaseAggregate[UUID]] = {}
        self.ahead = NOTHING_READ

    @contextmanager
    def having(self, ahead: Ahead) -> Iterator[None]:
        """Have what was read ahead found without asking the ledger."""
        self.ahead = ahead
        try:
            yield
        finally:
            self.ahead = NOTHING_READ

    @contextmanager
    def knowing(self, aggregates: Sequence[BaseAggregate[UUID]]) -> Iterator[None]:
        """Have aggregates found without reading them again."""
        self.known = {each.id: each for each in aggregates}
        try:
            yield
        finally:
            self.known = {}


class PendingEvents(EventStore[UUID]):
    """Events as the ledger has them, and what this thread decided since."""

    def __init__(self, mapper: Mapper[UUID], recorder: AggregateRecorder, here: Here) -> None:
        super().__init__(mapper, recorder)
        self._here = here

    def get(
        self,
        originator_id: UUID,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Iterator[DomainEventProtocol[UUID]]:
        pending = self._here.pending
        ours = pending.facts(originator_id) if pending else ()
        if not ours and (gt, lte, limit, desc) == _WHOLE:
            ahead = self._here.ahead.streams.get(originator_id)
            if ahead is not None:
                return map(self.mapper.to_domain_event, ahead)
        stored = super().get(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)
        if not ours:
            return stored
        return chain(
            stored,
            (
                fact
                for fact in ours
                if (gt or 0) < fact.originator_version <= (lte or fact.originator_version)
            ),
        )
