"""The crowd's facts on a ledger in Postgres and on its topic, and a topic that is emptied."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from events import codec
from events.envelope import Fact
from infra.ledger.port import Save, SealedEvent
from infra.ledger.postgres import PostgresLedger

EVENTS_A_SAVE = 1000


def stored(fact: Fact) -> SealedEvent:
    """Return a fact as a ledger takes it."""
    state, _ = codec.encode(fact)
    return SealedEvent(fact.originator_id, fact.originator_version, fact.TOPIC, state)


def fill(dsn: str, ledger: str, facts: Iterator[Fact], progress: Callable[[str], None]) -> int:
    """Record facts; return how many there are."""
    with closing(PostgresLedger(dsn, ledger)) as opened:
        while events := [stored(fact) for fact in islice(facts, EVENTS_A_SAVE)]:
            [saved] = opened.append([Save(events=events)])
            if saved.refusal:
                raise saved.refusal
            progress(f"recorded: {saved.positions[-1]}")
        return opened.head().position


def empty(bootstrap: str, partitions: Sequence[TopicPartition]) -> None:
    """Delete all that is on topics; what comes next is the first that a reader finds."""

    async def work() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            await admin.delete_records(
                {each: RecordsToDelete(before_offset=-1) for each in partitions}
            )
        finally:
            await admin.close()

    asyncio.run(work())
