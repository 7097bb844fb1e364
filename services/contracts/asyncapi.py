"""The AsyncAPI document: every topic, what is on it, and how the broker keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

import msgspec

from events import wire
from events.registry import LEDGERS
from infra import topics
from infra.feed.parking import ParkedRecord

_BINDING = {"bindingVersion": "0.5.0"}
_ABOUT = """\
Facts of four services, each from its own ledger, in the ledger's order and without gaps in
`position`; and what a reader could not take. A record may come again: it is known by its `id`.
Records are kept for ever. This file is made by `ketnap contracts` from the code, and
`ketnap migrate` makes the topics from it.\
"""


def document(schemas: Iterable[str], readers: Sequence[str]) -> dict[str, Any]:
    """Return the document over the schemas of all versions, named `<ledger>/<Type>.v<n>.json`."""
    of_service: dict[str, list[str]] = {name: [] for name in LEDGERS}
    for schema in sorted(schemas):
        of_service[schema.partition("/")[0]].append(schema)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "ketnap", "version": "1", "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            **{f"{name}.events": _facts(name, own) for name, own in of_service.items()},
            **{topics.of_reader(name): _parked(name) for name in sorted(readers)},
        },
        "operations": {
            **{f"{name}.relay": _operation(f"{name}.events", "send") for name in of_service},
            **{
                f"{name}.park": _operation(topics.of_reader(name), "send")
                for name in sorted(readers)
            },
        },
        "components": {
            "messages": {
                **{_name(schema): _fact(schema) for own in of_service.values() for schema in own},
                "parked": {
                    "name": "parked",
                    "summary": "A reader stands still before a position",
                    "payload": {"$ref": "#/components/schemas/parked"},
                },
            },
            "schemas": {"carried": _schema(wire.Carried), "parked": _schema(ParkedRecord)},
        },
    }


def _facts(service: str, schemas: Sequence[str]) -> dict[str, Any]:
    return {
        "address": f"{service}.events",
        "description": f"Every fact of {service}, in the order of its ledger.",
        "messages": {
            _name(schema).partition(".")[2]: {"$ref": f"#/components/messages/{_name(schema)}"}
            for schema in schemas
        },
        "bindings": _kept(topics.of_service(service)),
    }


def _parked(reader: str) -> dict[str, Any]:
    topic = topics.Topic(topics.of_reader(reader))
    return {
        "address": topic.name,
        "description": f"What {reader} could not take, and why.",
        "messages": {"parked": {"$ref": "#/components/messages/parked"}},
        "bindings": _kept(topic),
    }


def _kept(topic: topics.Topic) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        name: int(value) if value.lstrip("-").isdigit() else [value]
        for name, value in topic.configuration.items()
    }
    kafka = {"partitions": topic.partitions, "topicConfiguration": configuration, **_BINDING}
    return {"kafka": kafka}


def _fact(schema: str) -> dict[str, Any]:
    name, _, version = _name(schema).rpartition(".v")
    return {
        "name": name,
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/carried"},
                {
                    "properties": {
                        "type": {"const": name},
                        "dataschema": {"const": wire.schema_of(name, int(version))},
                        "data": {"$ref": f"schemas/{schema}"},
                    },
                },
            ],
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The 16 bytes of the stream's UUID."},
                **_BINDING,
            },
        },
    }


def _operation(channel: str, action: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _name(schema: str) -> str:
    return schema.removesuffix(".json").replace("/", ".")


def _schema(of: type[msgspec.Struct]) -> Mapping[str, Any]:
    body: dict[str, Any] = msgspec.json.schema(of)["$defs"][of.__name__]
    return {**body, "description": cleandoc(body["description"])}
