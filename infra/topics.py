"""The topics that Kafka holds, as `contracts/asyncapi.yaml` promises them, and their making."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from infra.logs import Plain

PARTITIONS: Mapping[str, int] = {
    "dossiers": 0,
    "training": 0,
    "verification": 0,
    "reporting": 0,
}
"""The partition of each ledger in the topic of its service. A partition is never given to
another ledger: `<service>/<province>` is the next one of that topic."""
FOR_EVER: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}
"""How a topic keeps its records: all of them, each as it came."""
REPLICAS = 3
"""Of each partition, as far as there are brokers."""
PATIENCE_SECONDS = 30.0
PROMISES = Path(__file__).parents[1] / "contracts" / "asyncapi.yaml"


class TopicError(Plain):
    """The topics are not as they are promised: the message says what to do."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, as it is promised."""

    name: str
    partitions: int = 1
    configuration: Mapping[str, str] = field(default_factory=lambda: FOR_EVER)


def of_ledger(ledger: str) -> tuple[str, int]:
    """Return the topic and the partition that carry a ledger. Raises TopicError."""
    if ledger not in PARTITIONS:
        raise TopicError(f"ledger {ledger} has no partition: give it one in infra/topics.py")
    return f"{ledger.partition('/')[0]}.events", PARTITIONS[ledger]


def of_reader(reader: str) -> str:
    """Return the topic of what a reader could not take."""
    return f"{reader}.parked"


def of_service(service: str) -> Topic:
    """Return the topic of a service's ledgers, with a partition for each."""
    own = [at for ledger, at in PARTITIONS.items() if ledger.partition("/")[0] == service]
    return Topic(f"{service}.events", max(own) + 1)


def must_be_there(topic: str, topics: Collection[str]) -> None:
    """Raise TopicError where a topic is none of those that the broker has."""
    if topic not in topics:
        raise TopicError(_missing(topic))


def _missing(topic: str) -> str:
    return f"topic {topic} is missing: run `ketnap migrate`"


def promised(path: Path = PROMISES) -> list[Topic]:
    """Return the topics of the AsyncAPI document, which is JSON and therefore YAML."""
    channels: dict[str, Any] = msgspec.json.decode(path.read_bytes())["channels"]
    return [
        Topic(
            channel["address"],
            kafka["partitions"],
            {
                name: ",".join(value) if isinstance(value, list) else str(value)
                for name, value in kafka["topicConfiguration"].items()
            },
        )
        for channel in channels.values()
        for kafka in [channel["bindings"]["kafka"]]
    ]


async def make(bootstrap: str, topics: Sequence[Topic], *, replicas: int = REPLICAS) -> list[str]:
    """Make the topics that are missing and return their names; two may do it at once.

    Raises TopicError where one is there that is not as promised: it is not changed, for that
    is a decision about records that exist. Raises TimeoutError and aiokafka's errors.
    """
    async with _admin(bootstrap) as admin:
        there = set(await admin.list_topics())
        brokers = len((await admin.describe_cluster())["brokers"])
        new = [topic for topic in topics if topic.name not in there]
        made = await _create(admin, new, min(replicas, brokers))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await _settled(admin, topics)
        if wrong := await _differences(admin, topics):
            raise TopicError("; ".join(wrong))
    return made


async def missing(bootstrap: str, topics: Sequence[Topic]) -> list[str]:
    """Return what keeps the topics from being as promised, in words; nothing is changed."""
    async with _admin(bootstrap) as admin:
        there = set(await admin.list_topics())
        absent = [topic.name for topic in topics if topic.name not in there]
        present = [topic for topic in topics if topic.name in there]
        wrong = await _differences(admin, present)
    return [_missing(name) for name in absent] + wrong


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], replicas: int) -> list[str]:
    if not topics:
        return []
    answer = await admin.create_topics(
        [
            NewTopic(
                topic.name, topic.partitions, replicas, topic_configs=dict(topic.configuration)
            )
            for topic in topics
        ],
    )
    made = []
    for name, code, *words in answer.topic_errors:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            continue  # another `ketnap migrate` was faster
        if code:
            raise TopicError(f"topic {name} cannot be made: {error.__name__} {words[:1]}")
        made.append(name)
    return made


async def _settled(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    """Wait until every partition has a leader: a broker says *made* a little before."""
    while topics:
        described = await admin.describe_topics([topic.name for topic in topics])
        if all(
            topic["error_code"] == 0
            and topic["partitions"]
            and all(partition["leader"] >= 0 for partition in topic["partitions"])
            for topic in described
        ):
            return
        await asyncio.sleep(0.05)


async def _differences(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> list[str]:
    if not topics:
        return []
    described = {
        each["topic"]: len(each["partitions"])
        for each in await admin.describe_topics([topic.name for topic in topics])
    }
    configured = await _configurations(admin, topics)
    wrong = []
    for topic in topics:
        if described[topic.name] != topic.partitions:
            wrong.append(
                f"topic {topic.name} has {described[topic.name]} partitions and should have"
                f" {topic.partitions}",
            )
        wrong += [
            f"topic {topic.name} has {name}={there} and should have {value}:"
            f" kafka-configs.sh --alter --topic {topic.name} --add-config {name}={value}"
            for name, value in topic.configuration.items()
            if (there := configured[topic.name].get(name)) != value
        ]
    return wrong


async def _configurations(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic]
) -> dict[str, dict[str, str]]:
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    )
    found = {}
    for answer in answers:
        for code, words, _, name, entries in answer.resources:
            if code:
                raise TopicError(f"topic {name}: {for_code(code).__name__} {words}")
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
