"""Where a refusal or a broken folder becomes a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer
from eventsourcing.persistence import PersistenceError

from events.codec import UndecodableError
from events.refusal import Refusal
from events.registry import UnknownTypeError
from events.rulebook import rulebook
from infra.sealing import BoxTamperedError
from infra.settings import BadSettingError, MissingSettingError
from services.terminal.screen import Screen
from services.terminal.usage import FINDING, MISUSE, Told, misused
from services.wording import UnknownWordsError, refusal_words, say

INTERRUPTED = 130


class Stopped(Exception):
    """A command ends here: the key of its sentence, with its facts."""

    def __init__(self, key: str, *, code: int = FINDING, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.code = code
        self.facts = facts


class Misuse(Exception):
    """A command was typed wrongly: what is wrong with which option, in words."""

    def __init__(self, code: str, words: str, facts: Mapping[str, object]) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.facts = facts


@contextmanager
def edge(screen: Screen, *, as_json: bool = False) -> Iterator[None]:
    """Turn what a user can cause into words and an exit code; let our own defects through.

    Where the answer was asked for as JSON, what happened instead is JSON too, on stderr.
    """
    try:
        yield
    except BrokenPipeError:
        # Whoever read the answer has seen enough; the interpreter must not try to flush it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except (KeyboardInterrupt, typer.Abort):
        screen.note("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except _CAUSED as error:
        told = _told(error, screen)
        if as_json:
            screen.error_json({**told.facts, "code": told.code, "text": told.text})
        elif isinstance(error, Refusal):
            _show_refusal(error, told.text, screen)
        elif told.text:
            screen.err.print(told.text, soft_wrap=True)
        raise SystemExit(told.exit_code) from None


_CAUSED = (
    Stopped,
    Misuse,
    typer.TyperException,
    Refusal,
    UnknownTypeError,
    UndecodableError,
    BoxTamperedError,
    BadSettingError,
    OSError,
    sqlite3.Error,
    PersistenceError,
)


def _told(error: BaseException, screen: Screen) -> Told:  # noqa: PLR0911 - one line a cause
    match error:
        case Stopped(key=key, facts=facts, code=code):
            return Told(key.rpartition(".")[2], screen.words(key, **facts), facts, code)
        case Misuse(code=code, words=words, facts=facts):
            return Told(code, f"{facts['option']}: {words}", facts, MISUSE)
        case typer.TyperException():
            return misused(error, screen)
        case Refusal():
            return Told(error.code, _reason(error, screen.lang), error.facts)
        case UnknownTypeError():
            return _broken("unknown-type", screen, types=str(error))
        case UndecodableError() | BoxTamperedError():
            return _broken("tampered", screen, why=str(error))
        case MissingSettingError():
            told = _broken("missing-setting", screen, variable=error.variable)
            return told._replace(exit_code=MISUSE)
        case BadSettingError():
            return _broken("setting", screen, setting=str(error))._replace(exit_code=MISUSE)
        case OSError():
            return _broken("file", screen, file=error.filename, why=error.strerror or str(error))
        case _:
            code = "busy" if "locked" in str(error) else "database"
            return _broken(code, screen, why=str(error))


def _broken(code: str, screen: Screen, **facts: object) -> Told:
    return Told(code, screen.words(f"broken.{code}", **facts), facts)


def _show_refusal(refusal: Refusal, text: str, screen: Screen) -> None:
    """Print why nothing was done, what would free it, and the rule with its document."""
    screen.err.print(text, style="red", soft_wrap=True)
    if refusal.clause is None:
        return
    clause = rulebook().clause(refusal.clause)
    screen.note(
        "clause",
        text=clause.text_vi,
        article=clause.article,
        number=clause.number,
        issuer=clause.issuer,
        dated=clause.dated,
        mark=clause.mark,
    )
    screen.note("frees", text=clause.frees_vi)


def _reason(refusal: Refusal, lang: str) -> str:
    try:
        return refusal_words(refusal, lang)
    except UnknownWordsError:
        return say("terminal.unworded-refusal", lang, code=refusal.code, facts=str(refusal))
