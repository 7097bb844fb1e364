"""`ketnap migrate`: schemas, keys and topics are made here and nowhere else; again is harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg
from aiokafka.errors import KafkaError

from infra import sealing, topics
from infra.access import tables as accounts
from infra.adapters import Province
from infra.database import Away, NotMigrated, PostgresSchema
from infra.database.migrating import migrate
from infra.feed import FeedAwayError
from infra.ledger.postgres import STEPS
from infra.runner import TABLES
from infra.sealing import Keys
from infra.settings import Settings
from services.installation import LAYOUTS, LEDGERS


@dataclass(frozen=True, slots=True)
class Made:
    """Something that a province needs, and what of it was missing until now."""

    kind: str
    """`ledger`, `keys`, `accounts`, `view` or `topic`."""
    name: str
    state: str
    """`there`, `made`, or `outdated` where only `contract` may go on."""
    steps: tuple[str, ...] = ()


def made(said: Settings, *, contract: bool = False) -> Iterator[Made]:
    """Make whatever is missing, one thing after the other, several processes at once or not.

    Without `contract`, nothing is taken away that older processes still use. Raises Away,
    FeedAwayError, MasterKeyError, TopicError and MissingSettingError.
    """
    province = Province(said)
    try:
        for name in LEDGERS:
            steps = migrate(said.dsn("ledgers"), name, STEPS, contract=contract)
            yield Made("ledger", name, "made" if steps else "there", tuple(steps))
    except psycopg.OperationalError as error:
        raise Away(str(error)) from error
    yield _keys(said)
    yield _schema("accounts", PostgresSchema(said.dsn("access"), "access"), accounts.SCHEMA)
    for name, layout in LAYOUTS.items():
        place = province.place(name)
        if contract and place.is_outdated(layout.stamp):
            place.discard()  # its projector builds it anew
        yield _schema("view", place, TABLES + layout.schema, layout.stamp)
    yield from _topics(said.bootstrap)


def _topics(bootstrap: str) -> Iterator[Made]:
    promised = topics.promised()
    try:
        new = set(asyncio.run(topics.make(bootstrap, promised)))
    except (KafkaError, TimeoutError, OSError) as error:
        raise FeedAwayError(f"{bootstrap}: {type(error).__name__}") from error
    for topic in promised:
        yield Made("topic", topic.name, "made" if topic.name in new else "there")


def _keys(said: Settings) -> Made:
    """Make the schema of keys, and the master key where no key was ever wrapped under one."""
    place = PostgresSchema(said.dsn("keys"), "keys")
    found = _schema("keys", place, sealing.SCHEMA)
    if said.master_key_file is None and not said.key_file.exists():
        with closing(place.open(sealing.SCHEMA)) as db:
            is_new = db.execute("select 1 from master").fetchone() is None
        if is_new:
            sealing.make_master_key(said.key_file)
    Keys(place, said.key_file).close()  # from now on, only this key fits
    return found


def _schema(kind: str, place: PostgresSchema, schema: str, layout: int = 0) -> Made:
    was_there = _is_there(place, schema, layout)
    try:
        place.make(schema, layout)
    except NotMigrated:
        return Made(kind, place.schema, "outdated")
    return Made(kind, place.schema, "there" if was_there else "made")


def _is_there(place: PostgresSchema, schema: str, layout: int) -> bool:
    try:
        place.open(schema, layout).close()
    except NotMigrated:
        return False
    return True
