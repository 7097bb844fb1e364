"""What tests ask of an aggregate: which facts it recorded since they last asked."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from eventsourcing.domain import BaseAggregate

_OUTSIDE = {
    "originator_id",
    "originator_version",
    "originator_topic",
    "timestamp",
    "actor",
    "acting_for",
    "rule_set",
    "document",
    "causation",
    "correlation",
}


def facts(aggregate: BaseAggregate[Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the facts recorded since last asked, by name, with their own fields but defaults."""
    return [
        (
            type(fact).__name__,
            {
                each.name: getattr(fact, each.name)
                for each in fields(fact)  # type: ignore[arg-type]
                if each.name not in _OUTSIDE
                and (each.default is MISSING or getattr(fact, each.name) != each.default)
            },
        )
        for fact in aggregate.collect_events()
    ]


def names(aggregate: BaseAggregate[Any]) -> list[str]:
    """Return the names of the facts recorded since last asked."""
    return [name for name, _ in facts(aggregate)]
