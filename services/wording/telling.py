"""Answers of the services, with the sentences that they leave to whoever shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.wording import known, say

FINDING_FIELDS = ("kind", "unit", "expected", "actual", "difference")


def worded(answer: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return the answer with the text of each finding, and of it only what is promised."""
    findings = [
        {name: finding.get(name) for name in FINDING_FIELDS}
        | {"text": say(f"findings.{finding['kind']}", lang, **finding)}
        for finding in answer["findings"]
    ]
    return {**answer, "findings": findings}


def say_event(row: Mapping[str, Any], lang: str) -> str:
    """Return the sentence of an event; its type where it has none."""
    key = f"facts.{row['type'].partition('.')[2]}"
    return say(key, lang, **row) if known(key, lang) else str(row["type"])
