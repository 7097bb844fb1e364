"""Where the readers of a view stand, as its own tables say, whichever process moves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from infra.database import Database
from infra.runner import Parked, Standstills

Snapshot = Callable[[], AbstractContextManager[Database]]


class Standing:
    """Asks a view for its readers; as many threads as there are may ask at once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def positions(self) -> dict[str, int]:
        """Return the last position that each reader has taken."""
        with self._snapshot() as db:
            return dict(db.execute("select name, position from readers").fetchall())

    def parked(self, reader: str) -> Parked | None:
        """Return the record before which a reader stands still."""
        with self._snapshot() as db:
            return Standstills(db).of(reader)

    def slowest(self, ledger: str) -> Mapping[str, int]:
        """Return how far a view of one ledger has come, by its slowest reader."""
        return {ledger: min(self.positions().values(), default=0)}
