"""Every view is the same, row for row and answer for answer, whatever database keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from events.envelope import Told
from infra.database import Place, PostgresSchema, SqliteFile
from infra.drafts import drafting, sweep
from infra.feed import LedgerFeed
from infra.ledger.outcomes import NoteRefusal, SettleRefusal, outcome_of
from infra.runner import TABLES, open_view
from infra.view import View
from services.comparing import compared
from services.dossiers.view import Boxes, CandidaciesView, UnitsView
from services.embedded import Embedded
from services.installation import LAYOUTS, Installation
from services.training.view import ClassesView
from services.verification.view import CasesView
from tests.system.journey import BY, Journey

AFTERWARDS = datetime(2027, 7, 1, tzinfo=UTC)
FIRST, LAST, TODAY = date(2020, 1, 1), date(2030, 1, 1), date(2026, 2, 1)
POLICY = "test.policy.training"


@pytest.fixture
def journey(tmp_path: Path) -> Iterator[Journey]:
    """Take a case through every service."""
    with Embedded.open(tmp_path / "data", clock=lambda: AFTERWARDS) as ketnap:
        journey = Journey(ketnap)
        journey.nominate()
        journey.open_class()
        journey.close_class()
        journey.issue_certificate()
        journey.apply()
        journey.seal()
        ketnap.catch_up()
        journey.ask("candidate", "H-1")
        journey.ask("father", "X-9")
        journey.reply(1)
        for service in (ketnap.dossiers, ketnap.verification):
            for number in range(1, 3):
                service.perform(refused(journey, f"training/{number}"))
            done = outcome_of("training/1", POLICY)
            service.perform(SettleRefusal(on=TODAY, task=done, by=BY))
        ketnap.catch_up()
        yield journey


def refused(journey: Journey, cause: str) -> NoteRefusal:
    """Return that something was refused to a policy about a candidacy."""
    return NoteRefusal(
        on=TODAY,
        cause=cause,
        policy=POLICY,
        refusal="candidacy-over",
        rule=None,
        about=journey.candidacy,
        facts=(Told(name="fact", value="withdrawn"),),
        by=BY,
    )


@pytest.fixture
def on_postgres(database: str) -> Callable[[str], PostgresSchema]:
    def place(view: str) -> PostgresSchema:
        schema = PostgresSchema(database, view)
        schema.make(TABLES + LAYOUTS[view].schema, LAYOUTS[view].stamp)
        return schema

    return place


def views(ketnap: Installation, view: str, place: Place) -> list[View]:
    match view:
        case "dossiers":
            boxes = Boxes(ketnap.ledgers["dossiers"], ketnap.keys)
            return [UnitsView(place), CandidaciesView(place, boxes)]
        case "training":
            return [ClassesView(place)]
        case _:
            return [CasesView(place)]


def filled(ketnap: Installation, name: str, place: Place, stack: ExitStack) -> list[View]:
    opened = [stack.enter_context(closing(each)) for each in views(ketnap, name, place)]
    ledger = ketnap.ledgers[name]
    for view in opened:
        view.runner(LedgerFeed(ledger)).catch_up(ledger.head().position)
    return opened


def answers(journey: Journey, opened: list[View]) -> list[Any]:
    told: list[Any] = []
    for view in opened:
        match view:
            case UnitsView():
                told += [view.tree.lives, view.misfits(lambda _: 10_000)]
            case CandidaciesView():
                units = [journey.district, journey.cell]
                told += [
                    view.position,
                    view.positions(journey.candidacy),
                    list(view.tasks(units, TODAY)),
                    list(view.tasks(units, TODAY, after=(0, 0, 0, b"", ""))),
                    [view.of_person(found.person) for found in view.search("a", units)],
                    [list(view.search(word, units)) for word in ("nguyen", "ng", "van", "x")],
                ]
            case ClassesView():
                listed = view.classes(FIRST, LAST, most=10)
                told += [listed, [view.class_(row.stream) for row in listed]]
                told.append(view.classes(FIRST, LAST, before=("2026-01-01", b""), most=10))
            case CasesView():
                for closed in (False, True):
                    listed_cases = view.cases(closed=closed, most=10)
                    told += [listed_cases, [view.asked(row.stream) for row in listed_cases]]
                    told.append([view.case(row.candidacy) for row in listed_cases])
                [task] = view.tasks(most=10)
                told += [task, view.tasks(beyond=(TODAY.isoformat(), task.task.bytes), most=10)]
    return told


@pytest.mark.parametrize("name", ["dossiers", "training", "verification"])
def test_a_view_holds_and_answers_the_same_on_postgres(
    journey: Journey, tmp_path: Path, on_postgres: Callable[[str], PostgresSchema], name: str
) -> None:
    with ExitStack() as stack:
        file, schema = SqliteFile(tmp_path / "view.db"), on_postgres(name)
        here = filled(journey.ketnap, name, file, stack)
        there = filled(journey.ketnap, name, schema, stack)

        with here[0].snapshot() as one, there[0].snapshot() as other:
            rows = list(compared(name, LAYOUTS[name].keys, one, other))
        assert sum(row.rows for row in rows) > 1
        assert [row for row in rows if row.differs] == []
        assert answers(journey, there) == answers(journey, here)


def test_a_draft_takes_the_place_of_a_schema_and_leaves_nothing(
    journey: Journey, on_postgres: Callable[[str], PostgresSchema]
) -> None:
    live, layout = on_postgres("training"), LAYOUTS["training"]
    with closing(ClassesView(live)) as reading:
        assert reading.classes(FIRST, LAST, most=10) == []
        with drafting(live, layout) as draft, ExitStack() as stack:
            filled(journey.ketnap, "training", draft.place, stack)
            sweep(live)  # by another one, who may not take what is being built
            draft.swap()

        assert len(reading.classes(FIRST, LAST, most=10)) == 1
    with closing(open_view(live, layout.schema, layout.stamp)) as db:
        found = db.execute("select nspname from pg_namespace where nspname like 'training%'")
        assert found.fetchall() == [("training",)]


def test_a_draft_that_a_killed_process_left_is_swept(
    on_postgres: Callable[[str], PostgresSchema], database: str
) -> None:
    live, layout = on_postgres("training"), LAYOUTS["training"]
    left = PostgresSchema(database, "training_draft_0badcafe")
    left.make(TABLES + layout.schema, layout.stamp)

    sweep(live)

    assert not left.is_outdated(layout.stamp + 1)  # there is none
    assert live.is_outdated(layout.stamp + 1)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_table_of_a_view_has_a_key_by_which_two_are_compared(name: str) -> None:
    assert [table for table, key in LAYOUTS[name].keys.items() if not key] == []
