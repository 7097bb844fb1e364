"""What a reactor is handed one by one, and what whoever hands it has passed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from events.codec import UndecodableError
from infra.feed import Feed, Parking, carried
from infra.ledger.application import Commands
from infra.ledger.port import Row
from infra.reactor.reactor import Policy, Reactor
from infra.runner import SWEEP_SECONDS, Standstills


class Handed:
    """A feed of what is handed to it, and of another feed where that is not the next."""

    def __init__(self, behind: Feed) -> None:
        self.at_hand: Row | None = None
        self._behind = behind

    @property
    def ledger(self) -> str:
        """Return the name of the ledger."""
        return self._behind.ledger

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Return the record at hand if it comes next, or else what the other feed has."""
        if self.at_hand is not None and self.at_hand.position == after + 1:
            return [self.at_hand]
        return self._behind.read(after, limit)

    def head(self) -> int:
        """Return the last position."""
        return self._behind.head()

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is a record after a position."""
        return self._behind.wait(after, timeout_seconds)

    def park(self, reader: str, position: int, kind: str, reason: str) -> None:
        """Put on record that a reader stands before a position."""
        if isinstance(self._behind, Parking):
            self._behind.park(reader, position, kind, reason)


class Deliveries:
    """Has a reactor take what is delivered, whether it comes again, late, or not at all.

    Only the reactor's own position says what is done. Where a delivery is not the one after
    it, what lies between is fetched from the feed.
    """

    def __init__(
        self,
        name: str,
        feed: Feed,
        service: Commands,
        policy: Policy,
        standstills: Standstills | None = None,
    ) -> None:
        self._handed = Handed(feed)
        self.reactor = Reactor(name, self._handed, service, policy, standstills=standstills)

    def take(self, record: bytes | None) -> None:
        """React to a record, and before it to whatever was passed over.

        A record that is none of this ledger's is left to the feed: it knows whether it stands
        where the next one should be. Raises what `infra.runner.AWAY` names; then nothing is
        lost, and to take it again is right.
        """
        try:
            row = carried(self._handed.ledger, record)
        except UndecodableError:
            self.sweep()
            return
        self._handed.at_hand = row
        while self.reactor.position < row.position and not self.reactor.parked:
            if not self.reactor.advance() and not self.reactor.parked:
                self._handed.wait(self.reactor.position, SWEEP_SECONDS)

    def sweep(self) -> None:
        """React to whatever the feed has, delivered or not, and save how far that is."""
        while self.reactor.advance():
            pass
        self.reactor.settle()


class Progress:
    """Knows since when a reader has had something to do and has not moved."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._position = -1
        self._well = clock()

    def seen(self, position: int, *, idle: bool) -> None:
        """Take note of where the reader stands, and whether it has nothing to do."""
        if idle or position != self._position:
            self._position = position
            self._well = self._clock()

    @property
    def seconds_without(self) -> float:
        """Return for how long nothing moved that should have; it grows, too, if nobody looks."""
        return self._clock() - self._well
