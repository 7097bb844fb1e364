"""The fields of a form: how each is read, the limits written under it, what was wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from services.portal.client import Problem
from services.portal.moment import read_day
from services.portal.page import Form
from services.portal.written import has_words, words

_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a form asks for."""

    name: str
    kind: str = "text"
    """`text`, `area`, `day`, `number`, `choice` or `yes-no`."""
    label: str = ""
    hint: str = ""
    value: str = ""
    """What stands in it when the form is opened."""
    required: bool = True
    choices: Sequence[tuple[str, str]] = ()
    longest: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form as it is shown: its fields, what was written into them, and what was wrong."""

    fields: Sequence[Field]
    version: str = ""
    """Of what the form changes, as it was read."""
    key: str = field(default_factory=lambda: uuid4().hex)
    """Under which what it asks for is done once, however often it is sent."""
    values: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    """Why it was refused, where that is about no single field."""

    def value(self, of: Field) -> str:
        """Return what stands in a field."""
        return self.values.get(of.name, of.value)

    @property
    def errors(self) -> list[tuple[Field, str]]:
        """Return what was wrong, in the order of the fields."""
        return [(each, self.wrong[each.name]) for each in self.fields if each.name in self.wrong]

    def body(self, form: Form) -> tuple[Sheet, dict[str, Any]]:
        """Read what was sent: the sheet with it, and the body of the command.

        The command is to be sent only if nothing is wrong.
        """
        values = {each.name: form.values.get(each.name, "") for each in self.fields}
        told: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        for each in self.fields:
            text = values[each.name]
            if not text:
                if each.required:
                    wrong[each.name] = words(f"portal_case/wrong.empty-{_manner(each)}")
                continue
            try:
                told[each.name] = _READ.get(each.kind, _text)(each, text)
            except ValueError:
                wrong[each.name] = words(f"portal_case/wrong.{each.kind}")
                continue
        sent = replace(self, values=values, wrong=wrong, key=form.key)
        return replace(sent, version=form.values.get("version", "")), told

    def refused(self, problem: Problem, about: Mapping[str, str]) -> Sheet:
        """Return the sheet with a refusal, beside the field that it is about."""
        names = {each.name for each in self.fields}
        pointed = [
            str(error.get("pointer", "")).removeprefix("#/").split("/")[0]
            for error in problem.more.get("errors", ())
        ]
        named = [name for name in (*pointed, about.get(problem.code, "")) if name in names]
        if not named:
            return replace(self, problem=problem)
        text = problem.title if problem.code in about else words("portal_case/wrong.unreadable")
        return replace(self, problem=problem, wrong={**self.wrong, **dict.fromkeys(named, text)})


def asked(name: str, **more: Any) -> Field:  # noqa: ANN401 - what a field may be
    """Return a field with the words that stand for its name."""
    key = more.pop("words", name)
    more.setdefault("label", words(f"portal_case/field.{key}"))
    if "hint" not in more and has_words(f"portal_case/hint.{key}"):
        more["hint"] = words(f"portal_case/hint.{key}")
    return Field(name=name, **more)


def _manner(of: Field) -> str:
    return "choice" if of.kind in {"choice", "yes-no"} else "text"


def _text(of: Field, text: str) -> str:
    if len(text) > of.longest:
        raise ValueError(text)
    return text


def _day(_: Field, text: str) -> str:
    return read_day(text).isoformat()


def _number(_: Field, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise ValueError(text)
    return int(text)


def _choice(of: Field, text: str) -> str:
    if text not in dict(of.choices):
        raise ValueError(text)
    return text


def _yes_no(of: Field, text: str) -> bool:
    return _choice(of, text) == "yes"


_READ: Mapping[str, Callable[[Field, str], Any]] = {
    "day": _day,
    "number": _number,
    "choice": _choice,
    "yes-no": _yes_no,
}
