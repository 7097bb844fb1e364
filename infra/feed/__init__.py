"""Where a reader gets recorded facts from: embedded, the ledger itself; distributed, Kafka."""

from infra.feed.ledger import LedgerFeed
from infra.feed.port import Feed, FeedAwayError, Parking, Unreadable, carried, opened

__all__ = ["Feed", "FeedAwayError", "LedgerFeed", "Parking", "Unreadable", "carried", "opened"]
