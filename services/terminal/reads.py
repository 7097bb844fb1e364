"""The commands that read: figures, what stands behind them, and the history of a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from services.installation import Installation
from services.reporting.view import Question
from services.resuming import UnknownReader
from services.terminal import asked
from services.terminal.cases import case_of, names_of
from services.terminal.figures import show_figures
from services.terminal.options import (
    AsOf,
    Data,
    Json,
    KnownAt,
    Lang,
    Period,
    Unit,
    opened,
    screen_for,
)
from services.terminal.screen import Screen
from services.wording.telling import promised, say_event, worded

MOST_PLACES = 6


def figures(  # noqa: PLR0913, PLR0917 - a command's options
    unit: Annotated[str | None, typer.Option("--unit", metavar="CODE")] = None,
    period: Period = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    places: Annotated[int, typer.Option("--places", min=0, max=MOST_PLACES)] = 1,
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    screen = screen_for(lang)
    unit = asked.unit(unit, screen.lang)
    if unit is None:
        _roots(data, screen, as_json=as_json)
        return
    question = _question(unit, period, as_of, known_at, screen.lang, places)
    with opened(data, screen) as ketnap:
        answer = worded(ketnap.view.figures(question), screen.lang)
    if as_json:
        screen.json(promised(answer))
    else:
        show_figures(answer, screen)


def facts(  # noqa: PLR0913, PLR0917 - a command's options
    unit: Unit,
    period: Period = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    figure: Annotated[str, typer.Option("--figure", metavar="NAME")] = "admitted",
    against: Annotated[str | None, typer.Option("--against", metavar="MOMENT")] = None,
    names: Annotated[bool, typer.Option("--names")] = False,  # noqa: FBT002 - a flag
    purpose: Annotated[str | None, typer.Option("--purpose", metavar="TEXT")] = None,
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    screen = screen_for(lang)
    if names and not (purpose and purpose.strip()):
        raise asked.misuse(screen.lang, "purpose-missing", "--purpose")
    question = _question(unit, period, as_of, known_at, screen.lang)
    since = asked.moment(against, screen.lang, "--against") if against else None
    with opened(data, screen) as ketnap:
        rows = [dict(row) for row in ketnap.view.facts(question, figure=figure, against=since)]
        if names:
            _add_names(ketnap, rows, purpose or "")
    if as_json:
        screen.json(rows)
        return
    _show_facts(rows, screen, names=names)
    unknown = sum(row["n"] is None for row in rows)
    key = "moved" if since else "unknown" if unknown else "total"
    screen.tell(
        f"facts.{key}",
        figure=figure,
        total=sum(row["n"] or 0 for row in rows),
        rows=len(rows),
        since=since,
        unknown=unknown,
    )


def history(  # noqa: PLR0913, PLR0917 - as above
    case: Annotated[str | None, typer.Argument(metavar="CASE")] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="CODE")] = None,
    reader: Annotated[str | None, typer.Option("--reader", metavar="NAME")] = None,
    refused: Annotated[bool, typer.Option("--refused")] = False,  # noqa: FBT002 - a flag
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    screen = screen_for(lang)
    unit = asked.unit(unit, screen.lang)
    if [case, unit, reader, refused or None].count(None) != 3:  # noqa: PLR2004 - of the four, one
        raise asked.misuse(screen.lang, "case-or-unit", "CASE")
    with opened(data, screen) as ketnap:
        if case is not None:
            rows = ketnap.view.history(case=case_of(ketnap, case))
        elif reader is not None:
            rows = ketnap.view.resumptions(_reader(ketnap, reader))
        elif refused:
            rows = ketnap.view.refused()
        else:
            rows = ketnap.view.history(unit=unit)
    if as_json:
        screen.json(rows)
    else:
        show_history(rows, screen)


def _reader(ketnap: Installation, name: str) -> str:
    """Return the name of a reader. Raises UnknownReader."""
    known = [state.reader for state in ketnap.states()]
    if name not in known:
        raise UnknownReader(reader=name, known=tuple(known))
    return name


def show_history(rows: Sequence[Mapping[str, Any]], screen: Screen) -> None:
    """Print events as sentences, each with its day, its moment and its position."""
    screen.table(
        ("on", "event", "recorded", "actor", "document", "position"),
        [
            (
                _day(row["on"]),
                say_event(row, screen.lang),
                _moment(row["recorded"]),
                row["actor"],
                row.get("document") or "",
                row["position"],
            )
            for row in rows
        ],
    )


def _question(  # noqa: PLR0913, PLR0917 - what was typed, as it was typed
    unit: str,
    period: str | None,
    as_of: str | None,
    known_at: str | None,
    lang: str,
    places: int = 1,
) -> Question:
    on = asked.day(as_of, lang, "--as-of") if as_of else asked.today()
    return Question(
        unit_code=asked.unit(unit, lang) or unit,
        period=asked.period(period, on, lang),
        as_of=on,
        known_at=asked.moment(known_at, lang, "--known-at") if known_at else None,
        places=places,
    )


def _roots(data: Data, screen: Screen, *, as_json: bool) -> None:
    on = asked.today()
    with opened(data, screen) as ketnap:
        roots = ketnap.view.roots(on)
    if as_json:
        screen.json(roots)
        return
    if not roots:
        screen.tell("figures.no-roots")
        return
    screen.tell("figures.roots", on=on)
    screen.table(("unit", "name"), [(root["unit"], root["name"]) for root in roots])
    screen.tell("figures.ask", unit=roots[0]["unit"])


def _show_facts(rows: Sequence[Mapping[str, Any]], screen: Screen, *, names: bool) -> None:
    columns = ("n", "on", "fact", *(("name",) if names else ()), "unit", "case", "position")
    shown = [
        [
            "—" if row["n"] is None else f"{row['n']:+d}",
            _day(row["on"]),
            screen.words_or(f"fact.{row['fact']}", row["fact"]),
            *([row.get("name")] if names else []),
            row["unit"],
            str(row["case"] or ""),
            row["position"],
            ", ".join(_facets_said(row, screen)),
        ]
        for row in rows
    ]
    if shown:
        screen.table((*columns, "facets"), shown)


def _facets_said(row: Mapping[str, Any], screen: Screen) -> Iterator[str]:
    """Say the facets by which an officer knows a person apart; JSON has them all."""
    for name in ("sex", "age", "occupation", "source_group", "period"):
        if value := row.get(name):
            yield str(screen.words_or(f"facet-value.{value}", value))


def _add_names(ketnap: Installation, rows: Sequence[dict[str, Any]], purpose: str) -> None:
    names = names_of(ketnap, {row["case"] for row in rows if row.get("case")}, purpose)
    for row in rows:
        row["name"] = names.get(row["case"] or "")


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
