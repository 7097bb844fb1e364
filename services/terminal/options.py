"""The options that commands share; their help stands in `services/wording` under their name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from infra.adapters import Province
from infra.database import Away, NotMigrated
from infra.feed import FeedAwayError
from infra.runner import ReaderStoppedError
from infra.sealing import MasterKeyError
from infra.settings import Settings, settings
from infra.topics import TopicError
from services.embedded import Embedded
from services.installation import Installation, ViewMisfitError, ViewsBehindError
from services.terminal.edge import Stopped
from services.terminal.screen import Screen
from services.terminal.usage import MISUSE
from services.wording import LANGUAGES


class Language(StrEnum):
    """A language of texts."""

    vi = "vi"
    en = "en"


Data = Annotated[Path | None, typer.Option("--data", metavar="DIR")]
Lang = Annotated[Language | None, typer.Option("--lang")]
Json = Annotated[bool, typer.Option("--json")]
Unit = Annotated[str, typer.Option("--unit", metavar="CODE")]
Period = Annotated[str | None, typer.Option("--period", metavar="PERIOD")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DAY")]
KnownAt = Annotated[str | None, typer.Option("--known-at", metavar="MOMENT")]


def screen_for(lang: Language | None) -> Screen:
    """Return a screen in the language asked for, or in that of the environment."""
    asked = lang or settings().lang
    return Screen(asked if asked in LANGUAGES else LANGUAGES[0])


def data_folder(given: Path | None) -> Path:
    """Return the data folder: the option, else the environment, else `var`."""
    return given or settings().data


def place(given: Path | None) -> Settings:
    """Return where everything lies: in the folder of the option, or where the settings say."""
    said = settings()
    return said if given is None else replace(said, data=given, dsns={})


def installation(said: Settings) -> Installation:
    """Return the installation that the settings choose."""
    if said.is_distributed:
        return Installation(Province(said))
    return Embedded(said.data, master_key_file=said.master_key_file)


@contextmanager
def opened(
    given: Path | None,
    screen: Screen,
    *,
    create: bool = False,
    current: bool = True,
) -> Iterator[Installation]:
    """Open the installation, its views current. Only what writes creates a folder."""
    said = place(given)
    folder = said.data
    if folder.exists() and not folder.is_dir():
        raise Stopped("no-folder", code=MISUSE, folder=folder)
    if not said.is_distributed and not create and not (folder / "ledgers").is_dir():
        raise Stopped("no-data", code=MISUSE, folder=folder)
    with broken(folder), installation(said) as ketnap:
        if ketnap.discarded:
            screen.note("views-rebuilt", views=ketnap.discarded)
        if current:
            with screen.progress("progress.views") as step:
                ketnap.catch_up(step)
        yield ketnap


@contextmanager
def broken(folder: Path) -> Iterator[None]:
    """Say what is wrong with an installation, and what to do about it."""
    try:
        yield
    except ViewsBehindError as behind:
        raise Stopped("broken.behind", folder=behind) from behind
    except ViewMisfitError as misfit:
        raise Stopped("broken.misfit", readers=str(misfit), folder=folder / "views") from misfit
    except ReaderStoppedError as stopped:
        parked = stopped.parked
        raise Stopped(
            "broken.parked",
            reader=stopped.reader,
            position=str(parked.position),
            type=parked.type,
            reason=parked.reason,
        ) from stopped
    except MasterKeyError as wrong:
        raise Stopped("broken.master-key", why=wrong) from wrong
    except NotMigrated as absent:
        raise Stopped("broken.not-migrated", schema=absent.schema) from absent
    except TopicError as wrong:
        raise Stopped("broken.topics", why=wrong) from wrong
    except FeedAwayError as away:
        raise Stopped("broken.broker", why=away) from away
    except Away as away:
        raise Stopped("broken.away", why=away) from away
