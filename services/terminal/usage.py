"""What the parser of the command line finds wrong with it, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import typer
from typer.core import TyperOption

from services.terminal.screen import Screen

FINDING = 1
MISUSE = 2


class Told(NamedTuple):
    """What happened: a code with its facts for programs, words for people."""

    code: str
    text: str
    facts: Mapping[str, object]
    exit_code: int = FINDING


# The parser's own errors have no public classes, but names.
_CODES = {
    "MissingParameter": "missing",
    "NoSuchOption": "no-such-option",
    "BadOptionUsage": "option-alone",
    "BadParameter": "bad-value",
}


def misused(error: typer.TyperException, screen: Screen) -> Told:
    """Return what is wrong, and where more is told; nothing where the help was shown instead."""
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        return Told("no-command", "", {}, MISUSE)
    context: Any = getattr(error, "ctx", None)
    param = getattr(error, "param", None)
    commands = getattr(context and context.command, "commands", None)
    facts: dict[str, object] = {"option": getattr(error, "option_name", None)}
    if param:
        facts = {"option": _name(param), "help": param.help}
    elif commands:
        facts = {"known": list(commands)}
    code = _CODES.get(kind, "no-such-command" if commands else "too-many-words")
    text = screen.words(f"usage.{code}", **facts)
    if context:
        text = f"{text} {screen.words('usage.more', command=context.command_path)}"
    return Told(code, text, facts, MISUSE)


def _name(param: Any) -> str:  # noqa: ANN401 - an option or an argument
    return str(param.opts[0] if isinstance(param, TyperOption) else param.metavar)
