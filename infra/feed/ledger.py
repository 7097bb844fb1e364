"""The feed that reads the ledger itself."""

from __future__ import annotations

from collections.abc import Sequence

from infra.ledger.port import Ledger, Row


class LedgerFeed:
    """Reads the ledger of a service that is in this process, or whose database is in reach."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def ledger(self) -> str:
        """Return the name of the ledger."""
        return self._ledger.name

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Return up to `limit` records after a position, in order."""
        return self._ledger.read(after, limit)

    def head(self) -> int:
        """Return the last position."""
        return self._ledger.head().position

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is a record after a position."""
        return self._ledger.wait(after, timeout_seconds)
