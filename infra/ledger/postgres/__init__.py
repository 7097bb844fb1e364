"""A ledger in one schema of Postgres."""

from infra.ledger.postgres.ledger import PostgresLedger
from infra.ledger.postgres.schema import STEPS

__all__ = ["STEPS", "PostgresLedger"]
