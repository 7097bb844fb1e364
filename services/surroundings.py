"""What a province stands on: settings, databases and broker, each looked at by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from aiokafka.errors import KafkaError

from infra import sealing, topics
from infra.access import tables as accounts
from infra.database import Away, NotMigrated, PostgresSchema
from infra.database.migrating import OtherHistory, missing
from infra.feed import FeedAwayError
from infra.feed.kafka import KafkaFeed
from infra.ledger.postgres import STEPS
from infra.runner import TABLES
from infra.settings import DATABASES, DSNS, MissingSettingError, Settings
from services.installation import LAYOUTS, LEDGERS

CONNECT_SECONDS = 3
CLOCKS_DIFFER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: fine, or with the key of what to do about it."""

    name: str
    state: str
    """`ok`, `warning` or `wrong`."""
    found: str
    advice: str | None = None
    """The key of the advice in `services/wording`."""
    facts: dict[str, object] = field(default_factory=dict)


def surroundings(said: Settings) -> Iterator[Check]:
    """Look at every database, at the broker and at the topics."""
    answering = []
    for database in DATABASES:
        found = list(_database(said, database))
        yield from found
        if all(check.state != "wrong" for check in found):
            answering.append(database)
    yield from _broker(said, ledgers="ledgers" in answering)


def _database(said: Settings, name: str) -> Iterator[Check]:
    try:
        dsn = said.dsn(name)
    except MissingSettingError as absent:
        yield _absent(absent)
        return
    try:
        with closing(psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS)) as database:
            before = datetime.now(UTC)
            [there] = database.execute("select clock_timestamp()").fetchone() or (before,)
            apart = max(before - there, there - datetime.now(UTC))
    except psycopg.Error as error:
        why = str(error).strip().splitlines()
        yield Check(
            "database", "wrong", f"{name}: {why[0] if why else ''}", "away", {"what": DSNS[name]}
        )
        return
    lacking = [schema for schema, is_lacking in _schemas(said, name) if is_lacking()]
    if lacking:
        yield Check("database", "wrong", f"{name}: {', '.join(lacking)}", "not-migrated")
    else:
        yield Check("database", "ok", name)
    if apart > CLOCKS_DIFFER:
        found = f"{apart.total_seconds():.1f} s"
        yield Check("clock", "warning", found, "clock", {"what": name})


def _schemas(said: Settings, database: str) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield the schemas of a database, each with what tells whether it lacks something."""
    dsn = said.dsn(database)

    def lacks_steps(ledger: str) -> Callable[[], bool]:
        return lambda: _lacks(lambda: missing(dsn, ledger, STEPS))

    def is_unlike(name: str, schema: str, stamp: int) -> Callable[[], bool]:
        def unlike() -> list[str]:
            PostgresSchema(dsn, name).open(schema, stamp).close()
            return []

        return lambda: _lacks(unlike)

    match database:
        case "ledgers":
            yield from ((name, lacks_steps(name)) for name in LEDGERS)
        case "views":
            for name, layout in LAYOUTS.items():
                yield name, is_unlike(name, TABLES + layout.schema, layout.stamp)
        case "keys":
            yield "keys", is_unlike("keys", sealing.SCHEMA, 0)
        case _:
            yield "access", is_unlike("access", accounts.SCHEMA, 0)


def _lacks(ask: Callable[[], list[str]]) -> bool:
    try:
        return bool(ask())
    except (NotMigrated, OtherHistory, Away, psycopg.Error):
        return True


def _broker(said: Settings, *, ledgers: bool) -> Iterator[Check]:
    try:
        bootstrap = said.bootstrap
        wrong = asyncio.run(topics.missing(bootstrap, topics.promised()))
    except MissingSettingError as absent:
        yield _absent(absent)
        return
    except (KafkaError, TimeoutError, OSError) as error:
        found = f"{said.kafka}: {type(error).__name__}"
        yield Check("broker", "wrong", found, "away", {"what": "KETNAP_KAFKA"})
        return
    yield Check("broker", "ok", bootstrap)
    for each in wrong:
        yield Check("topic", "wrong", each, "topics")
    if not wrong and ledgers:
        for name in LEDGERS:
            yield _relay(said, name)


def _relay(said: Settings, ledger: str) -> Check:
    """Tell how far the topic of a ledger is behind it."""
    with closing(KafkaFeed(said.bootstrap, ledger)) as feed:
        try:
            on_topic = feed.head()
        except FeedAwayError as error:
            return Check("broker", "wrong", str(error), "away", {"what": "KETNAP_KAFKA"})
    with closing(psycopg.connect(said.dsn("ledgers"), connect_timeout=CONNECT_SECONDS)) as database:
        [head] = database.execute(f"select position from {ledger}.head").fetchone() or (0,)  # noqa: S608 - one of our own ledgers
    where = f"{ledger}.events {on_topic}/{head}"
    if on_topic < head:
        return Check("topic", "warning", where, "relay", {"ledger": ledger})
    return Check("topic", "ok", where)


def _absent(error: MissingSettingError) -> Check:
    return Check(
        "setting", "wrong", error.variable, "missing-variable", {"variable": error.variable}
    )
