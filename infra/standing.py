"""Where the readers of a view stand, as its own tables say, whichever process moves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from threading import Lock

from infra.database import Database
from infra.ledger.port import Ledger
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


class Following:
    """How far a service has come along its own ledger and those that its policies follow.

    A policy has come to a position when the view shows what it recorded there: the policy's
    own position, in the ledger, is ahead of the view.
    """

    def __init__(self, ledger: Ledger, policies: Iterable[str], standing: Standing) -> None:
        self._ledger = ledger
        self._policies = {name.rpartition(".")[2]: name for name in policies}
        self._standing = standing
        self._asking = Lock()
        self._shown: Mapping[str, int] = dict.fromkeys(self._policies, 0)
        self._next: tuple[Mapping[str, int], int] | None = None

    def positions(self) -> Mapping[str, int]:
        """Return the positions that the view shows, by ledger."""
        with self._asking:
            if self._next is None:
                at = {ledger: self._ledger.reader(name) for ledger, name in self._policies.items()}
                # Asked after the policies: what they recorded lies before this.
                self._next = at, self._ledger.head().position
            own = self._standing.slowest(self._ledger.name)
            reacted, head = self._next
            if own[self._ledger.name] >= head:
                self._shown, self._next = reacted, None
            return {**own, **self._shown}
