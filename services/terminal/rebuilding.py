"""The commands about views and their readers: rebuild, compare, have go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from infra.runner import ReaderStoppedError, State
from services.installation import LEDGERS, Installation
from services.replay import VIEWS, Replayed, ViewKeptError, known_by
from services.replay import replay as rebuild
from services.resuming import resume as have_go_on
from services.terminal import asked
from services.terminal.cases import by
from services.terminal.edge import Stopped
from services.terminal.options import Data, Json, KnownAt, Lang, opened, screen_for
from services.terminal.screen import Screen
from services.terminal.usage import FINDING

_TABLES = ("view", "table", "rows", "missing", "extra")
_FIGURES = ("unit", "period", "figure", "live", "rebuilt")
_READERS = ("reader", "ledger", "position", "head", "behind", "parked", "since", "why")


def replay(  # noqa: PLR0913, PLR0917 - a command's options
    views: Annotated[list[str] | None, typer.Argument(metavar="[VIEW]...")] = None,
    to_position: Annotated[list[str] | None, typer.Option(metavar="LEDGER:N")] = None,
    known_at: KnownAt = None,
    compare: Annotated[bool, typer.Option("--compare")] = False,  # noqa: FBT002 - a flag
    swap: Annotated[bool, typer.Option("--swap")] = False,  # noqa: FBT002 - a flag
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    screen = screen_for(lang)
    chosen = _views(views or VIEWS, screen.lang)
    if to_position and known_at:
        raise asked.misuse(screen.lang, "position-or-moment", "--known-at")
    said = dict(_position(text, screen.lang) for text in to_position or ())
    moment = asked.moment(known_at, screen.lang, "--known-at") if known_at else None
    with (
        opened(data, screen, current=False) as ketnap,
        screen.progress("progress.replay") as step,
    ):
        to = known_by(ketnap.ledgers, moment) if moment else _reached(said, ketnap, screen.lang)
        _catch_up(ketnap, step)
        try:
            told = rebuild(
                ketnap,
                chosen,
                to=to,
                comparing=compare or not swap,
                swapping=swap,
                progress=step,
            )
        except ViewKeptError as kept:
            raise Stopped("replay.kept", view=str(kept)) from kept
    _show(told, screen, as_json=as_json)
    earlier = bool(to)
    if earlier:
        screen.note("replay.earlier", positions=_positions(told))
    elif told.tables:
        screen.note("replay.different" if told.differs else "replay.same", tables=len(told.tables))
    if swap:
        screen.note("replay.swapped", views=told.swapped)
        if earlier:
            screen.note("replay.goes-on")
    elif told.differs:
        screen.note("replay.kept-as-it-was")
    if told.differs and not earlier:
        raise SystemExit(FINDING)


def _show(told: Replayed, screen: Screen, *, as_json: bool) -> None:
    rows = [row.told() for row in told.tables]
    figures = [figure.told() for figure in told.figures]
    if as_json:
        screen.json(
            {
                "tables": rows,
                "figures": figures,
                "positions": told.positions,
                "swapped": told.swapped,
            }
        )
        return
    if rows:
        screen.table(_TABLES, [[row[name] for name in _TABLES] for row in rows])
    if figures:
        screen.table(_FIGURES, [[row[name] for name in _FIGURES] for row in figures])


def _catch_up(ketnap: Installation, step: Callable[..., None]) -> None:
    """Have views as new as they can be: one that stands still is compared as far as it is."""
    if ketnap.misfits():
        return
    try:
        ketnap.catch_up(step)
    except ReaderStoppedError:
        return


def _views(views: list[str] | tuple[str, ...], lang: str) -> tuple[str, ...]:
    for view in views:
        if view not in VIEWS:
            raise asked.misuse(lang, "bad-choice", "VIEW", text=view, choices=VIEWS)
    return tuple(dict.fromkeys(views))


def _position(text: str, lang: str) -> tuple[str, int]:
    ledger, _, position = text.partition(":")
    if ledger not in LEDGERS or not (position.isascii() and position.isdigit()):
        raise asked.misuse(lang, "bad-position", "--to-position", text=text, choices=LEDGERS)
    return ledger, int(position)


def _reached(said: Mapping[str, int], ketnap: Installation, lang: str) -> Mapping[str, int]:
    for ledger, position in said.items():
        head = ketnap.ledgers[ledger].head().position
        if position > head:
            text = f"{ledger}:{position}"
            raise asked.misuse(
                lang, "position-beyond", "--to-position", text=text, head=f"{ledger}:{head}"
            )
    return said


def _positions(told: Replayed) -> str:
    return ", ".join(f"{reader} {position}" for reader, position in told.positions.items())


def list_(data: Data = None, lang: Lang = None, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    screen = screen_for(lang)
    with opened(data, screen, current=False) as ketnap:
        rows = [_told(state) for state in ketnap.states()]
    if as_json:
        screen.json(rows)
    else:
        screen.table(_READERS, [[row[name] for name in _READERS] for row in rows])
    parked = [str(row["reader"]) for row in rows if row["parked"] is not None]
    if parked:
        screen.note("reader.parked", readers=parked)
        raise SystemExit(FINDING)


def _told(state: State) -> dict[str, Any]:
    parked = state.parked
    return {
        "reader": state.reader,
        "ledger": state.ledger,
        "position": state.position,
        "head": state.head,
        "behind": max(0, state.head - state.position),
        "parked": parked and parked.position,
        "type": parked and parked.type,
        "since": parked and parked.since,
        "why": parked and parked.reason,
    }


def resume(  # noqa: PLR0913, PLR0917 - a command's options
    name: Annotated[str, typer.Argument(metavar="NAME")],
    skip: Annotated[int | None, typer.Option("--skip", metavar="P", min=1)] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT")] = None,
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    screen = screen_for(lang)
    why = reason.strip() if reason else None
    if skip is not None and not why:
        raise asked.misuse(screen.lang, "reason-missing", "--reason")
    with opened(data, screen, current=False) as ketnap:
        parked = have_go_on(ketnap, name, asked.today(), by(), skipping=skip, reason=why)
    if as_json:
        skipped = skip is not None
        screen.json({"reader": name, "position": parked.position, "skipped": skipped})
    else:
        key = "reader.tries-again" if skip is None else "reader.skipped"
        screen.tell(key, reader=name, position=str(parked.position), type=parked.type)


VERBS: dict[str, Callable[..., None]] = {"list": list_, "resume": resume}
