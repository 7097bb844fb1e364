"""Answers of the services, with the sentences that they leave to whoever shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.wording import UnknownWordsError, coded, known, refused_words, say

CODED = {"subject_kind": "verification.subject_kind", "ground": "verification.ground"}
"""The fields of events that hold a code, and where its words stand; open lists have others too."""
FINDING_FIELDS = ("kind", "unit", "expected", "actual", "difference")
ROUND_FIELDS = (
    "round",
    "listed",
    "admitted",
    "in_progress",
    "not_started",
    "withdrawn",
    "refused",
    "deceased",
)
"""What is told of a round; what follows `listed` adds up to it."""
TARGET_FIELDS = (
    "kind",
    "period",
    "category",
    "minimum",
    "maximum",
    "deadline",
    "admitted",
    "state",
)


def worded(answer: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return the answer with the text of each finding, and of it only what is promised."""
    findings = [
        {name: finding.get(name) for name in FINDING_FIELDS}
        | {"text": say(f"findings.{finding.get('words', finding['kind'])}", lang, **finding)}
        for finding in answer["findings"]
    ]
    return {**answer, "findings": findings}


def say_event(row: Mapping[str, Any], lang: str) -> str:
    """Return the sentence of an event; its type where it has none."""
    key = f"facts.{row['type'].partition('.')[2]}"
    if not known(key, lang):
        return str(row["type"])
    facets = {
        str(coded("facet", name, lang)): coded("facet-value", value, lang)
        for name, value in row.get("facets", {}).items()
        if value is not None
    }
    return say(key, lang, **{**spoken(row, lang), "target": row.get("kind"), "facets": facets})


def promised(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer without what only tables tell: the kind of a target's deadline."""
    targets = [{name: row[name] for name in TARGET_FIELDS} for row in answer["targets"]]
    return {**answer, "targets": targets}


def spoken(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return an event with words for its codes, the reason of a refusal among them."""
    words = {
        name: say(f"{place}.{row[name]}", lang)
        for name, place in CODED.items()
        if known(f"{place}.{row.get(name)}", lang)
    }
    if "refusal" in row:
        facts = {told["name"]: told["value"] for told in row.get("facts", ())}
        words["refusal"] = why_refused(row["refusal"], row.get("rule"), facts, lang)
    return {**row, **words}


def why_refused(code: str, clause: str | None, facts: Mapping[str, Any], lang: str) -> str:
    """Return why the rules refused what a policy asked for; the code where it has no words.

    It was recorded, maybe by a release that knew other reasons.
    """
    try:
        return refused_words(code, clause, facts, lang)
    except UnknownWordsError:
        return code
