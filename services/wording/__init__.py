"""Every sentence that a user reads: by key, in Vietnamese or English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel.numbers import format_decimal

from events.calendar import CIVIL
from events.refusal import Refusal
from events.rulebook import rulebook

LANGUAGES = ("vi", "en")
_REFUSALS = ("refusals", "rows", "machinery", "access")
"""The sections that word refusals: of services, files, ledger and keys, and of the edge."""
_CODES = {
    **dict.fromkeys(("fact", "act", "missing", "first", "then", "needed_by"), "fact"),
    "figure": "figure",
    "indicator": "indicator",
    "target": "target-kind",
    "left_kind": "fact",
    "known_facts": "fact",
}
"""The facts of sentences that are codes, and the section of the terminal's words for them."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_FOLDER = Path(__file__).parent


class UnknownWordsError(LookupError):
    """No sentence stands under that key: a defect of ours, never of the user."""


class _Localised(Formatter):
    """Days, numbers and codes as they are said in a language, unless a format is given."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the base
        value = super().get_value(key, args, kwargs)
        codes = _CODES.get(str(key))
        return coded(codes, value, self._lang) if codes else value

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as the base
        return format(value, format_spec) if format_spec else written(value, self._lang)


def written(value: object, lang: str = "vi") -> str:  # noqa: PLR0911 - one line a type
    """Write a value for a reader: `26/08/2022`, `7.335`, `có`, `a, b`."""
    match value:
        case None:
            return "—"
        case bool():
            return say("terminal.yes" if value else "terminal.no", lang)
        case int() | float():
            return format_decimal(value, locale=lang)
        case datetime():
            return value.astimezone(CIVIL).strftime(say("terminal.moment-format", lang))
        case date.min:
            return say("terminal.first-day", lang)
        case date():
            return value.strftime(say("terminal.day-format", lang))
        case str():
            day = _day(value)
            return written(day, lang) if day else value
        case Mapping():
            return ", ".join(f"{name}: {written(part, lang)}" for name, part in value.items())
        case tuple() | list() | set() | frozenset():
            return ", ".join(written(part, lang) for part in value)
        case _:
            return str(value)


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def say(key: str, lang: str = "vi", /, **facts: Any) -> str:  # noqa: ANN401 - whatever a text names
    """Return the sentence under `<section>.<key>`, with its facts filled in.

    Raises UnknownWordsError when there is no such sentence.
    """
    try:
        words = sentences(lang)[key]
    except KeyError:
        raise UnknownWordsError(f"{lang}/{key}") from None
    return _Localised(lang).vformat(words, (), _Told(facts))


def coded(section: str, code: object, lang: str) -> object:
    """Return how a code of the public formats is said; one of an open list says itself.

    Several are said with their codes, for one of them is to be typed.
    """
    if isinstance(code, list):
        return [f"{one} ({coded(section, one, lang)})" for one in code]
    key = f"terminal.{section}.{code}"
    return say(key, lang) if isinstance(code, str) and known(key, lang) else code


def known(key: str, lang: str = "vi") -> bool:
    """Tell whether there is a sentence under that key."""
    return key in sentences(lang)


def refusal_words(refusal: Refusal, lang: str = "vi") -> str:
    """Return why a command or a row was refused, and what would free it."""
    return refused_words(refusal.code, refusal.clause, refusal.facts, lang)


def refused_words(code: str, clause: str | None, facts: Mapping[str, Any], lang: str = "vi") -> str:
    """Return why something was refused: the code of the reason, its rule, what its words name."""
    rule = rulebook().clauses.get(clause or "")
    named: dict[str, Any] = {"document": rule.document.number} if rule else {}
    section = next(
        (section for section in _REFUSALS if known(f"{section}.{code}", lang)), _REFUSALS[0]
    )
    return say(f"{section}.{code}", lang, **named | dict(facts))


def law(clause: str) -> dict[str, str]:
    """Return what a clause says and what frees who is held by it, as its source has them."""
    known = rulebook().clauses.get(clause)
    return {"detail": known.text_vi, "frees": known.frees_vi} if known else {}


@cache
def sentences(lang: str) -> dict[str, str]:
    """Return every sentence of a language by its key."""
    return {
        f"{file.stem}.{key}": words
        for file in sorted((_FOLDER / lang).glob("*.toml"))
        for key, words in _flat(tomllib.loads(file.read_text(encoding="utf-8")))
    }


def placeholders(words: str) -> set[str]:
    """Return the names of the facts that a sentence needs."""
    return {name for _, name, _, _ in Formatter().parse(words) if name}


class _Told(dict[str, Any]):
    """A fact that nobody gave is shown as unknown: a sentence never breaks at the edge."""

    def __missing__(self, name: str) -> None:
        return None


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    return [
        pair
        for key, value in table.items()
        for pair in (
            _flat(value, f"{prefix}{key}.")
            if isinstance(value, Mapping)
            else [(f"{prefix}{key}", str(value))]
        )
    ]
