"""What is answered does not depend on the database: whole answers, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from events.dossiers import Facets
from events.period import parse_period
from infra.database import Database, Place, SqliteFile
from infra.runner import TABLES
from services.reporting.view import Question, ReportingView
from services.reporting.view.tables import LAYOUT, SCHEMA, DossiersTables, open_tables
from services.reporting.view.watching import Watch
from tests.services.reporting.office import Office, open_office, postgres
from tests.services.reporting.view.test_equality import Story, moments, names

TODAY = date(2022, 5, 1)
ASKED = [
    Question(unit_code=unit, period=parse_period(period), as_of=TODAY)
    for unit, period in (("P", "2022"), ("H", "2022-01-15/2022-03-10"), ("C", "2022-Q2"))
]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path, batch_events=7) as opened:
        yield opened


def told(office: Office, seed: int) -> Story:
    story = Story(office, seed)
    office.open_class("L1", "H", "2022-02-01", enrolled=30)
    office.complete_class("L1", "H", "2022-03-01", certified=28)
    for _ in range(80):
        story.happen()
    return story


def follow(view: ReportingView, office: Office, batch_events: int | None = None) -> None:
    for runner in view.runners(office.ledgers, batch_events=batch_events):
        runner.catch_up(runner.state.head)


def answers(view: ReportingView, story: Story) -> Iterator[tuple[str, bytes]]:
    """Yield every answer of a view, by what was asked."""
    for question in ASKED:
        about = f"{question.unit_code} {question.period.text}"
        figures = view.figures(question)
        yield about, msgspec.json.encode(figures)
        yield f"{about} from facts", msgspec.json.encode(view.figures(question, source="facts"))
        yield f"{about} overview", msgspec.json.encode(view.overview(question))
        yield f"{about} targets", msgspec.json.encode(view.targets(question))
        for name, _ in names(figures):
            yield f"{about} {name}", msgspec.json.encode(view.listed(question, name))
        for moment in moments(story.office)[1:]:
            then = _as_known(question, moment)
            yield f"{about} at {moment}", msgspec.json.encode(view.figures(then))
            yield f"{about} since {moment}", msgspec.json.encode(_moved(view, question, moment))
    for unit in ("P", "H", "K", "A", "B", "C"):
        yield f"history of {unit}", msgspec.json.encode(view.history(unit=unit))
    for case in story.cases:
        yield f"history of {case.stream}", msgspec.json.encode(view.history(case=case.stream))
        yield f"history of {case.person}", msgspec.json.encode(view.history(case=case.person))
    first = str(story.cases[0].stream)
    for beginning in ("", first[:1], first[:10], first, f"{first}0", "x", "%"):
        yield f"cases {beginning}", msgspec.json.encode(view.cases(beginning))
    yield "counts", msgspec.json.encode([_plain(count) for count in view.counts()])
    yield "roots", msgspec.json.encode(view.roots(TODAY))
    yield "refused", msgspec.json.encode(view.refused())


def _as_known(question: Question, moment: datetime) -> Question:
    return Question(**{**_fields(question), "known_at": moment})


def _fields(question: Question) -> dict[str, Any]:
    return {name: getattr(question, name) for name in question.__slots__}


def _moved(view: ReportingView, question: Question, moment: datetime) -> list[Any]:
    return [
        view.listed(question, name, moment)
        for name in ("admitted", "funnel.applied", "by_unit.H.admitted", "units.total")
        if not name.startswith("by_unit") or question.unit_code == "P"
    ]


def _plain(count: Any) -> list[Any]:  # noqa: ANN401 - whatever a count is made of
    return [count.unit, count.indicator, asdict(count.period)]


def rows(db: Database) -> Mapping[str, list[str]]:
    """Return every row of every table."""
    made = [line for line in (TABLES + SCHEMA).split("create table if not exists ") if "(" in line]
    return {
        name: sorted(map(repr, db.execute(f"select * from {name}").fetchall()))  # noqa: S608 - from the schema
        for name in sorted(line.partition("(")[0] for line in made)
    }


def rows_of(place: Place) -> Mapping[str, list[str]]:
    with closing(place.open(SCHEMA, LAYOUT)) as db:
        return rows(db)


@pytest.mark.parametrize("seed", range(2))
def test_both_databases_give_the_same_answers_from_the_same_rows(
    seed: int, office: Office, tmp_path: Path, database: str
) -> None:
    story = told(office, seed)
    office.catch_up()
    place = postgres(database)
    with closing(ReportingView(place)) as view:
        follow(view, office)

        assert rows_of(place) == rows_of(SqliteFile(tmp_path / "reporting.db"))
        for (asked, ours), (_, theirs) in zip(
            answers(office.view, story), answers(view, story), strict=True
        ):
            assert (asked, ours.decode()) == (asked, theirs.decode())


def test_a_view_rebuilt_on_postgres_is_the_live_one_row_for_row(
    office: Office, tmp_path: Path, database: str
) -> None:
    told(office, 7)
    office.catch_up()
    place = postgres(database, "rebuilt")
    with closing(ReportingView(place, rebuilding=True)) as view:
        follow(view, office)

    assert rows_of(place) == rows_of(SqliteFile(tmp_path / "reporting.db"))


def test_numbers_of_a_batch_that_was_broken_off_are_given_again(
    tmp_path: Path, database: str
) -> None:
    told: list[tuple[int, list[int]]] = []
    for place in (SqliteFile(tmp_path / "view.db"), postgres(database)):
        with closing(open_tables(place)) as db:
            tables = DossiersTables(db)
            with suppress(KeyboardInterrupt), db.writing():
                tables.number(UUID(int=1))
                tables.facets_numbers([Facets(sex="female"), Facets(sex="male")])
                raise KeyboardInterrupt
            with db.writing():
                unit = tables.number(UUID(int=2))
                told.append((unit, list(tables.facets_numbers([Facets()]).values())))

    assert told == [(1, [1]), (1, [1])]


def test_both_databases_tell_of_the_same_units_that_moved(office: Office, database: str) -> None:
    story = told(office, 11)
    office.catch_up()
    with closing(ReportingView(postgres(database))) as view:
        follow(view, office)
        watches: list[Watch] = [office.view.watch(), view.watch()]
        for _ in range(12):
            story.happen()
            office.catch_up()
            follow(view, office)
            ours, theirs = (watch.changes(TODAY) for watch in watches)
            assert sorted(map(repr, ours)) == sorted(map(repr, theirs))
            assert ours
