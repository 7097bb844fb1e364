"""Where a refusal or a broken folder becomes a sentence and an exit code, never a traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import PersistenceError

from events.refusal import Refusal
from events.registry import UnknownTypeError
from events.rulebook import rulebook
from infra.settings import BadSettingError
from services.terminal.screen import Screen
from services.wording import UnknownWordsError, refusal_words, say

FINDING = 1
MISUSE = 2


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
    except Stopped as stopped:
        screen.note(stopped.key, **stopped.facts)
        raise SystemExit(stopped.code) from None
    except Refusal as refusal:
        show_refusal(refusal, screen)
        raise SystemExit(FINDING) from None
    except UnknownTypeError as unknown:
        screen.note("broken.unknown-type", types=str(unknown.args[0]))
        raise SystemExit(FINDING) from None
    except BadSettingError as bad:
        screen.note("broken.setting", setting=str(bad))
        raise SystemExit(MISUSE) from None
    except BlockingIOError:
        screen.note("broken.locked")
        raise SystemExit(FINDING) from None
    except OSError as error:
        screen.note("broken.file", file=error.filename or "", why=error.strerror or str(error))
        raise SystemExit(FINDING) from None
    except (sqlite3.Error, PersistenceError) as error:
        key = "broken.busy" if "locked" in str(error) else "broken.database"
        screen.note(key, why=str(error))
        raise SystemExit(FINDING) from None
    except KeyboardInterrupt:
        screen.note("interrupted")
        raise SystemExit(130) from None


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
