"""A ledger in one SQLite file."""

from infra.ledger.sqlite.ledger import SqliteLedger

__all__ = ["SqliteLedger"]
