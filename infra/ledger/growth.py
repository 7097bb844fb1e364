"""How far a ledger has grown, as far as one process knows, and who waits for more."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition
from time import monotonic

SWEEP_SECONDS = 0.5
"""So often who waits looks for himself: a wake-up may be lost, and costs nothing but this."""


class Growth:
    """Wakes who waits when it is told of a new position, or finds one by looking."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look = look
        self._grown = Condition()
        self._told: list[Callable[[], None]] = []
        self._seen = 0
        self._closed = False

    def to(self, position: int) -> None:
        """Take note that the ledger holds a position."""
        with self._grown:
            if position > self._seen:
                self._seen = position
                self._grown.notify_all()
        for tell in self._told:
            tell()

    def tell(self, grown: Callable[[], None]) -> None:
        """Have something called each time that the ledger may have grown."""
        self._told.append(grown)

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is an event after a position. Raises what looking raises."""
        deadline = monotonic() + timeout_seconds
        while self._seen <= after:
            self.to(self._look())  # another process may have written
            with self._grown:
                left_seconds = deadline - monotonic()
                if self._seen <= after and left_seconds <= 0:
                    return False
                if self._seen <= after and not self._closed:
                    self._grown.wait(min(left_seconds, SWEEP_SECONDS))
        return True

    def close(self) -> None:
        """Wake all who wait, so that they look and are told that the ledger is closed."""
        with self._grown:
            self._closed = True
            self._grown.notify_all()
