"""Where a refusal or a broken folder becomes a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import PersistenceError

from events.codec import UndecodableError
from events.refusal import Refusal
from events.registry import UnknownTypeError
from events.rulebook import rulebook
from infra.sealing import BoxTamperedError
from infra.settings import BadSettingError
from services.terminal.screen import Screen
from services.wording import UnknownWordsError, refusal_words, say

FINDING = 1
MISUSE = 2
INTERRUPTED = 130


class Stopped(Exception):
    """A command ends here: the key of its sentence, with its facts."""

    def __init__(self, key: str, *, code: int = FINDING, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.code = code
        self.facts = facts


@contextmanager
def edge(screen: Screen) -> Iterator[None]:
    """Turn what a user can cause into words and an exit code; let our own defects through."""
    try:
        yield
    except BrokenPipeError:
        # Whoever read the answer has seen enough; the interpreter must not try to flush it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        screen.note("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except _CAUSED as error:
        raise SystemExit(_told(error, screen)) from None


_CAUSED = (
    Stopped,
    Refusal,
    UnknownTypeError,
    UndecodableError,
    BoxTamperedError,
    BadSettingError,
    OSError,
    sqlite3.Error,
    PersistenceError,
)


def _told(error: BaseException, screen: Screen) -> int:
    """Say what happened, and return the exit code."""
    match error:
        case Stopped():
            screen.note(error.key, **error.facts)
            return error.code
        case Refusal():
            show_refusal(error, screen)
        case UnknownTypeError():
            screen.note("broken.unknown-type", types=error)
        case UndecodableError() | BoxTamperedError():
            screen.note("broken.tampered", why=error)
        case BadSettingError():
            screen.note("broken.setting", setting=error)
            return MISUSE
        case OSError():
            screen.note("broken.file", file=error.filename, why=error.strerror or error)
        case _:
            screen.note("broken.busy" if "locked" in str(error) else "broken.database", why=error)
    return FINDING


def show_refusal(refusal: Refusal, screen: Screen) -> None:
    """Print why nothing was done, what would free it, and the rule with its document."""
    screen.err.print(_reason(refusal, screen.lang), style="red", soft_wrap=True)
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
