"""`ketnap demo`: the organisations, loaded once, their figures beside the articles', accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.text import Text

from events.period import parse_period
from services import demo as material
from services.imports.run import import_files
from services.installation import Installation
from services.reporting.view import Question
from services.terminal.accounts import accounts_of, place_of
from services.terminal.amending import Paper, other_day, retraction
from services.terminal.cases import actor, case_of
from services.terminal.edge import Stopped
from services.terminal.options import Data, Json, Lang, opened, screen_for
from services.terminal.screen import Screen
from services.terminal.usage import FINDING
from services.terminal.writes import show_reports
from services.wording.telling import worded

LOADING = "demo.loading"
LOADED = "demo.loaded"
"""Holds the moment before which nothing of the afterwards was known."""
OPENED = "demo.accounts"
"""Is there once the demo's accounts were opened, so that one closed since stays closed."""


def demo(data: Data = None, lang: Lang = None, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    screen = screen_for(lang)
    with opened(data, screen, create=True) as ketnap:
        loaded = ketnap.folder / LOADED
        if not loaded.exists():
            _load(ketnap, screen)
        moment = loaded.read_text("utf-8")
        opened_now = [] if as_json else _accounts(ketnap)
        compared = [
            (question, list(material.compared(question, _answer(ketnap, question, screen))))
            for question in material.questions()
        ]
    figures = [figure for _, found in compared for figure in found]
    wrong = sum(not figure.equal for figure in figures)
    if as_json:
        screen.json([figure.told(question) for question, found in compared for figure in found])
    else:
        for question, found in compared:
            _show(question, found, screen)
        printed = sum(figure.mark == "published" for figure in figures)
        screen.tell(
            "demo.wrong" if wrong else "demo.equal",
            total=len(figures),
            wrong=wrong,
            printed=printed,
            ours=len(figures) - printed,
        )
        later = material.afterwards()["question"]
        screen.tell(
            "demo.next",
            unit=later["unit"],
            period=later["period"],
            as_of=later["as_of"].isoformat(),
            moment=moment,
        )
        _show_accounts(opened_now, screen)
    if wrong:
        raise SystemExit(FINDING)


def _load(ketnap: Installation, screen: Screen) -> None:
    """Load the files and then what becomes known later; begun again, it completes itself."""
    begun = ketnap.folder / LOADING
    if not begun.exists() and any(ledger.head().position for ledger in ketnap.ledgers.values()):
        raise Stopped("demo.other-data", folder=ketnap.folder)
    begun.touch(mode=0o600)
    screen.note("demo.loading", folder=ketnap.folder)
    _import(ketnap, material.files(), screen)
    if not begun.read_text("utf-8"):
        begun.write_text(ketnap.ledgers["dossiers"].head().recorded.isoformat(), "utf-8")
    later = material.afterwards()
    _import(ketnap, [material.FOLDER / later["late"]["file"]], screen)
    for change in later["correct"]:
        case = case_of(ketnap, change["case"])
        ketnap.dossiers.perform(
            other_day(ketnap, case, change["fact"], change["on"], _paper(change))
        )
    for change in later["retract"]:
        case = case_of(ketnap, change["case"])
        if any(f.fact == change["fact"] for f in ketnap.dossiers.standing(case).values()):
            ketnap.dossiers.perform(retraction(ketnap, case, change["fact"], _paper(change)))
    ketnap.catch_up()
    begun.rename(ketnap.folder / LOADED)


def _accounts(ketnap: Installation) -> list[tuple[str, ...]]:
    """Open the demo's accounts, once in the life of a folder; return them with their passwords."""
    told: list[tuple[str, ...]] = []
    with accounts_of(ketnap) as access:
        done = ketnap.folder / OPENED
        if done.exists():
            return []
        for each in material.accounts():
            if access.account(each["name"]):  # opened before this was interrupted
                continue
            unit = place_of(ketnap, access, each["unit"], each["role"])
            account, password = access.open_account(each["name"])
            access.grant(account.name, unit, each["role"], first=date.min, by=actor())
            then, role = ketnap.units.tree.unit(unit, access.today()), each["role"]
            named = access.roles.roles[role].name
            told.append((account.name, password, named, then.name if then else each["unit"]))
        done.touch(mode=0o600)
    return told


def _show_accounts(accounts: Sequence[tuple[str, ...]], screen: Screen) -> None:
    screen.line("")
    screen.tell("demo.accounts" if accounts else "demo.accounts-renew")
    if accounts:
        screen.table(("account", "password", "role", "unit-name"), accounts)


def _paper(change: Mapping[str, Any]) -> Paper:
    return Paper(reason=change["reason"], document=change["document"])


def _import(ketnap: Installation, files: Sequence[Path], screen: Screen) -> None:
    with screen.progress("progress.import") as step:
        reports = import_files(
            ketnap, files, commit=True, actor=actor(), lang=screen.lang, progress=step
        )
    if not all(report.is_good for report in reports):
        show_reports(reports, screen, commit=True)
        raise SystemExit(FINDING)


def _answer(ketnap: Installation, question: Mapping[str, Any], screen: Screen) -> dict[str, Any]:
    asked = Question(
        unit_code=question["unit"],
        period=parse_period(question["period"]),
        as_of=question["as_of"],
        places=question.get("places", 1),
    )
    return worded(ketnap.view.figures(asked), screen.lang)


def _show(question: Mapping[str, Any], figures: Sequence[material.Printed], screen: Screen) -> None:
    title = screen.words(
        "demo.title",
        organisation=question["organisation"],
        unit=question["unit"],
        period=question["period"],
        as_of=question["as_of"],
    )
    screen.line(title, style="bold")
    screen.table(
        ("", "figure", "printed", "ours", "mark", "same"),
        [
            (
                figure.id,
                screen.words_or(f"printed.{figure.path}", figure.path),
                figure.printed or "",
                figure.found,
                screen.words(f"mark.{figure.mark}"),
                Text("✓", "green") if figure.equal else Text("✗", "bold red"),
            )
            for figure in figures
        ],
    )
    screen.line("")
