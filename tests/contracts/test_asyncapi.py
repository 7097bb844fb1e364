"""The AsyncAPI document says what is on the topics, and the topics are made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import msgspec
import pytest
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from events import wire
from events.registry import LEDGERS, TYPES
from infra import topics
from infra.feed.parking import ParkedRecord

ROOT = Path(__file__).parents[2] / "contracts"
TEXT = (ROOT / "asyncapi.yaml").read_text("utf-8")
DOCUMENT = json.loads(TEXT)
GOLDEN = sorted(ROOT.glob("golden/*/*.json"))


def retrieve(uri: str) -> Resource[Any]:
    return DRAFT202012.create_resource(json.loads((ROOT / uri).read_text("utf-8")))


def validator(message: str) -> jsonschema.Draft202012Validator:
    """Return what a payload is measured with."""
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/messages/{message}/payload", **DOCUMENT},
        registry=Registry(retrieve=retrieve),  # type: ignore[call-arg]
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def carried(golden: dict[str, Any]) -> dict[str, Any]:
    record = wire.encode(
        golden["type"].partition(".")[0],
        position=7,
        stream=UUID(int=1),
        version=1,
        type_name=golden["type"],
        recorded=datetime(2026, 3, 3, tzinfo=UTC),
        state=golden["state"].encode(),
        sealed_digest=sha256().digest(),
    )
    decoded: dict[str, Any] = json.loads(record)
    return decoded


def test_the_document_is_yaml_as_its_name_says() -> None:
    assert yaml.safe_load(TEXT) == DOCUMENT


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        file, _, way = reference.partition("#")
        node = json.loads((ROOT / file).read_text("utf-8")) if file else DOCUMENT
        for step in filter(None, way.split("/")):
            node = node[step]
        assert node


def test_every_type_is_a_message_of_the_topic_of_its_ledger() -> None:
    for name in TYPES:
        ledger, _, short = name.partition(".")
        messages = DOCUMENT["channels"][f"{ledger}.events"]["messages"]
        assert any(message.startswith(f"{short}.v") for message in messages), name


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_what_a_relay_writes_is_as_promised(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    record = carried(golden)
    promised = validator(f"{golden['type']}.v{golden['class_version']}")

    promised.validate(record)

    for wrong in (
        {**record, "type": "dossiers.Sainted"},
        {**record, "sealedhash": "short"},
        {**record, "data": {}},
        {name: value for name, value in record.items() if name != "recorded"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            promised.validate(wrong)


def test_what_a_reader_parks_is_as_promised() -> None:
    said = ParkedRecord(reader="r", ledger="dossiers", position=3, type="", reason="GapError")
    promised = validator("parked")

    promised.validate(msgspec.to_builtins(said))
    with pytest.raises(jsonschema.ValidationError):
        promised.validate({"reader": "r"})


def test_the_topics_are_those_of_the_services_and_of_what_their_readers_cannot_take() -> None:
    promised = {topic.name: topic for topic in topics.promised()}
    facts = {name for name in promised if name.endswith(".events")}

    assert facts == {f"{ledger}.events" for ledger in LEDGERS}
    assert {"dossiers.units.parked", "verification.policy.dossiers.parked"} <= promised.keys()
    assert all(name.endswith(".parked") for name in promised.keys() - facts)


def test_a_topic_keeps_everything_for_ever_with_a_partition_for_each_ledger() -> None:
    for topic in topics.promised():
        assert topic.configuration == {
            "cleanup.policy": "delete",
            "retention.ms": "-1",
            "retention.bytes": "-1",
        }
        assert topic.partitions == 1
    for ledger in LEDGERS:
        assert topics.of_ledger(ledger) == (f"{ledger}.events", 0)
