"""Figures of a unit with fifty children: from the views, and by grouping people when asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from events.period import parse_period
from infra.database import SqliteFile
from services.reporting.view import Question, ReportingView
from tests.bench.crowd import CHILDREN, COLUMNS, Crowd, Stream, table_of
from tests.bench.paired import Compared, Measured, interleave, timed

QUESTION = Question(unit_code="H", period=parse_period("2022"), as_of=date(2022, 8, 26))
FACETS = (
    "sex",
    "youth_union",
    "ethnic_minority",
    "religious",
    "occupation",
    "source_group",
    "referred",
    "age",
)
ASKED = 200
BELOW = (
    "with recursive below(code) as (select 'H' union all"
    " select u.code from units u join below b on u.parent = b.code)"
)


def filled(path: Path, people: int, progress: Callable[[str], None]) -> ReportingView:
    """Return a view of so many people."""
    view = ReportingView(SqliteFile(path), rebuilding=True)
    crowd = Crowd(people)
    total = 1 + CHILDREN + sum(1 + len(acts) for _, _, _, acts in crowd.journeys())
    feeds = {
        "dossiers": Stream("dossiers", crowd.facts(), total),
        "training": Stream("training", iter(()), 0),
        "verification": Stream("verification", iter(()), 0),
        "reporting": Stream("reporting", iter(()), 0),
    }
    for runner in view.runners(feeds):
        runner.catch_up(
            feeds[runner.state.ledger].head(),
            lambda at: progress(f"{people} people: event {at}/{total}"),
        )
    view.close()
    return ReportingView(SqliteFile(path))


def grouped(db: sqlite3.Connection) -> dict[str, Any]:
    """Answer the same question by grouping people."""
    span = (QUESTION.period.first.isoformat(), QUESTION.as_of.isoformat())
    by_unit = dict(
        db.execute(
            f"{BELOW} select c.unit, count(*) from below b join candidacies c on c.unit = b.code"  # noqa: S608 - our own text
            " where c.admitted_on between ? and ? group by c.unit",
            span,
        ).fetchall()
    )
    facets = {
        facet: dict(
            db.execute(
                f"{BELOW} select c.{facet}, count(*) from below b"  # noqa: S608 - our own text
                " join candidacies c on c.unit = b.code"
                f" where c.admitted_on between ? and ? group by c.{facet}",
                span,
            ).fetchall()
        )
        for facet in FACETS
    }
    funnel = {
        step: db.execute(
            f"{BELOW} select count(*) from below b join candidacies c on c.unit = b.code"  # noqa: S608 - our own text
            f" where c.{step}_on between ? and ?",
            span,
        ).fetchone()[0]
        for step in COLUMNS
        if step != "applied"
    }
    return {
        "admitted": sum(by_unit.values()),
        "by_unit": by_unit,
        "facets": facets,
        "funnel": funnel,
    }


def asked(view: ReportingView, times: int) -> Measured:
    """Ask the view so many times."""

    def work() -> int:
        for _ in range(times):
            view.figures(QUESTION, "counters")  # named, it is reckoned each time
        return times

    return timed(work)


def ask_both(
    folder: Path, few: int, many: int, *, pairs: int, progress: Callable[[str], None]
) -> tuple[Compared, Compared]:
    """Compare the views with grouping at request time, and many people with few."""
    with (
        closing(filled(folder / "few.db", few, progress)) as small,
        closing(filled(folder / "many.db", many, progress)) as large,
        closing(table_of(Crowd(many), folder / "grouped.db")) as db,
    ):
        _must_agree(large.figures(QUESTION), grouped(db))

        def group() -> Measured:
            return timed(lambda: len([grouped(db) for _ in range(3)]))

        views = Compared(
            name=f"figures of a unit with {CHILDREN} children at {many} people",
            ours_is="from the views",
            other_is="grouping candidacies at request time",
            aim=20,
        )
        interleave(views, lambda: asked(large, ASKED), group, pairs=pairs, progress=progress)
        growth = Compared(
            name=f"cost of figures from {few} to {many} people",
            ours_is=f"at {few} people",
            other_is=f"at {many} people",
            aim=1.2,
            aim_is="at most",
        )
        interleave(
            growth,
            lambda: asked(small, ASKED),
            lambda: asked(large, ASKED),
            pairs=pairs,
            progress=progress,
        )
    return views, growth


def _must_agree(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    by_unit = {row["unit"]: row["admitted"] for row in ours["by_unit"] if row["admitted"]}
    if (ours["admitted"], by_unit) != (theirs["admitted"], theirs["by_unit"]):
        raise AssertionError(ours["admitted"], theirs["admitted"])
    for step, n in theirs["funnel"].items():
        if ours["funnel"][step] != n:
            raise AssertionError(step, ours["funnel"][step], n)
    if ours["facets"]["sex"] != theirs["facets"]["sex"]:
        raise AssertionError(ours["facets"]["sex"], theirs["facets"]["sex"])
