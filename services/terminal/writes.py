"""The commands that change what is on record: import, correct, shred; and files to fill in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from infra.sealing import ShreddingUnfinishedError
from services.dossiers.application import (
    CorrectCandidacyUnit,
    CorrectFacet,
    CorrectFact,
    RetractFact,
    ShredPerson,
)
from services.imports.columns import kinds
from services.imports.report import FileReport, words
from services.imports.run import import_files
from services.imports.template import write_template
from services.terminal import asked
from services.terminal.amending import (
    Paper,
    changes,
    other_day,
    other_facet,
    other_unit,
    retraction,
    standing,
)
from services.terminal.cases import actor, by, case_of, person_of
from services.terminal.edge import Stopped
from services.terminal.options import Data, Json, Lang, opened, screen_for
from services.terminal.screen import Screen
from services.terminal.usage import FINDING
from services.wording import coded

Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT")]
Document = Annotated[str | None, typer.Option("--document", metavar="NUMBER")]
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND")]


def import_(  # noqa: PLR0913, PLR0917 - a command's options
    files: Annotated[list[Path], typer.Argument(metavar="FILE…")],
    kind: Kind = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,  # noqa: FBT002 - a flag
    commit: Annotated[bool, typer.Option("--commit")] = False,  # noqa: FBT002 - a flag
    accept_good: Annotated[bool, typer.Option("--accept-good")] = False,  # noqa: FBT002 - a flag
    correct: Annotated[bool, typer.Option("--correct")] = False,  # noqa: FBT002 - a flag
    reason: Reason = None,
    document: Document = None,
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    screen = screen_for(lang)
    if dry_run and commit:
        raise asked.misuse(screen.lang, "both-modes", "--commit")
    if correct and not (reason and document):
        raise asked.misuse(screen.lang, "correct-needs", "--correct")
    if kind is not None:
        _kind(kind, screen, "--kind")
    for file in files:
        if not file.is_file():
            raise asked.misuse(screen.lang, "no-file", "FILE", file=file)
    with opened(data, screen, create=True) as ketnap, screen.progress("progress.import") as step:
        reports = import_files(
            ketnap,
            files,
            kind=kind,
            commit=commit,
            accept_good=accept_good,
            correct=correct,
            reason=reason,
            document=document,
            actor=actor(),
            lang=screen.lang,
            progress=step,
        )
    if as_json:
        screen.json([report.told(screen.lang) for report in reports])
    else:
        show_reports(reports, screen, commit=commit)
    if not all(report.is_good for report in reports):
        raise SystemExit(FINDING)


def show_reports(reports: Sequence[FileReport], screen: Screen, *, commit: bool) -> None:
    """Print what came of each table, and each row that is not good."""
    for report in reports:
        sheet = f" [{report.sheet}]" if report.sheet not in {"", "-"} else ""
        name = f"{report.path}{sheet}"
        if report.refusal is not None:
            screen.err.print(f"{name}: {words(report.refusal, screen.lang)}", style="red")
            continue
        for error in report.errors:
            screen.err.print(error.line(screen.lang), soft_wrap=True)
        if report.errors_file:
            screen.note("import.errors", bad=report.bad, file=report.errors_file)
        key = "written" if report.written else "kept" if commit else "previewed"
        screen.tell(
            f"import.{key}",
            file=name,
            kind=report.kind,
            rows=report.read,
            good=report.good,
            bad=report.bad,
            changed=report.changed,
        )
    if not commit and all(report.is_good for report in reports):
        screen.note("import.now-commit")


def template(
    kind: Annotated[str, typer.Argument(metavar="KIND")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE")] = None,
    lang: Lang = None,
) -> None:
    screen = screen_for(lang)
    path = output or Path(f"{_kind(kind, screen, 'KIND')}.xlsx")
    if path.exists():
        raise asked.misuse(screen.lang, "file-exists", "--output", file=path)
    write_template(kind, path)
    screen.tell("template.written", file=path, kind=kind)


def _kind(kind: str, screen: Screen, option: str) -> str:
    if kind not in kinds():
        raise asked.misuse(screen.lang, "bad-choice", option, text=kind, choices=", ".join(kinds()))
    return kind


def correct(  # noqa: PLR0913, PLR0917 - a command's options
    case: Annotated[str, typer.Argument(metavar="CASE")],
    fact: Annotated[str, typer.Argument(metavar="FACT")],
    on: Annotated[str | None, typer.Option("--on", metavar="DAY")] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="CODE")] = None,
    facet: Annotated[str | None, typer.Option("--facet", metavar="NAME=VALUE")] = None,
    retract: Annotated[bool, typer.Option("--retract")] = False,  # noqa: FBT002 - a flag
    reason: Reason = None,
    document: Document = None,
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    screen = screen_for(lang)
    if sum((on is not None, unit is not None, facet is not None, retract)) != 1:
        raise asked.misuse(screen.lang, "one-change", "--on")
    if not (reason and reason.strip()):
        raise asked.misuse(screen.lang, "reason-missing", "--reason")
    if not (document and document.strip()):
        raise asked.misuse(screen.lang, "document-missing", "--document")
    day = asked.day(on, screen.lang, "--on") if on else None
    name, value = _facet(facet, screen) if facet else ("", None)
    with opened(data, screen) as ketnap:
        candidacy = case_of(ketnap, case)
        paper = Paper(reason=reason.strip(), document=document.strip())
        command: CorrectFact | CorrectCandidacyUnit | CorrectFacet | RetractFact
        if retract:
            command = retraction(ketnap, candidacy, fact, paper)
        elif day is not None:
            command = other_day(ketnap, candidacy, fact, day, paper)
        elif unit is not None:
            command = other_unit(ketnap, candidacy, fact, unit, paper)
        else:
            command = other_facet(ketnap, candidacy, fact, name, value, paper)
        before = standing(ketnap, candidacy)
        positions = ketnap.dossiers.perform(command)
        ketnap.catch_up()
        after = standing(ketnap, candidacy)
        rows = [
            row
            for row in ketnap.view.history(case=candidacy)
            if row["position"] in {f"dossiers:{position}" for position in positions}
        ]
    if as_json:
        screen.json(rows)
    elif rows:
        for what, was, now in changes(before, after):
            screen.tell(
                "correct.changed",
                what=coded("fact", coded("facet", what, screen.lang), screen.lang),
                was=coded("facet-value", was, screen.lang),
                now=coded("facet-value", now, screen.lang),
            )
        screen.tell("correct.recorded", positions=[row["position"] for row in rows])
    else:
        screen.tell("correct.nothing")


def _facet(text: str, screen: Screen) -> tuple[str, str | None]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise asked.misuse(screen.lang, "facet-form", "--facet", text=text)
    return name.strip().replace("-", "_"), value.strip() or None


def shred(  # noqa: PLR0913, PLR0917 - a command's options
    person: Annotated[str, typer.Argument(metavar="PERSON")],
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes")] = False,  # noqa: FBT002 - a flag
    document: Document = None,
    data: Data = None,
    lang: Lang = None,
) -> None:
    screen = screen_for(lang)
    if not (reason and reason.strip()):
        raise asked.misuse(screen.lang, "reason-missing", "--reason")
    if not yes and not _confirmed(screen):
        raise asked.misuse(screen.lang, "confirm-needed", "--yes")
    known = person_of(person)
    with opened(data, screen) as ketnap:
        # The event's own box dies with the key, so the reason stands in the log of reads.
        if subject := known or ketnap.dossiers.person(person):
            ketnap.keys.log_read(actor(), subject, f"shred: {reason.strip()}", ())
        command = ShredPerson(
            on=asked.today(),
            person=known,
            person_ref=None if known else person,
            by=by(document),
        )
        try:
            positions = ketnap.dossiers.shred_person(command)
        except ShreddingUnfinishedError as reading:
            raise Stopped("shred.unfinished") from reading
        ketnap.catch_up()
    at = ", ".join(f"dossiers:{position}" for position in positions)
    screen.tell("shred.done" if positions else "shred.already", positions=at)


def _confirmed(screen: Screen) -> bool:
    return sys.stdin.isatty() and typer.confirm(screen.words("shred.confirm"), err=True)
