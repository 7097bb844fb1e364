"""Counters, the sum over facts, and the facts listed agree on every figure of any history."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from events.period import parse_period
from infra.database import SqliteFile
from services.reporting.view import Question, ReportingView
from tests.services.reporting.office import ACTS, Case, Office, open_office

FIRST = date(2021, 12, 1)
UNITS = ("P", "H", "K", "A", "B", "C")
PERIODS = ("2021", "2022", "2022-H1", "2022-Q2", "2022-03", "2021-2022", "2022-01-15/2022-03-10")
DAYS = st.integers(0, 200).map(lambda days: (FIRST + timedelta(days)).isoformat())
ENDS = {"struck_off", "resigned", "deceased", "withdrawn", "refused"}


class Story:
    """A history that nobody would decide, told act by act: views must bear any."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office = office
        self.chance = Random(seed)
        self.cases: list[Case] = []
        self.counted: set[tuple[str, str, str]] = set()
        office.unit("P", kind="provincial_committee")
        for code in ("H", "K"):
            office.unit(code, "P", kind="district_committee")
        for code, parent in (("A", "H"), ("B", "K"), ("C", "A")):
            office.unit(code, parent, kind="grassroots_committee")

    def day(self) -> str:
        return (FIRST + timedelta(self.chance.randrange(200))).isoformat()

    def happen(self) -> None:
        """Let one more thing be recorded."""
        weights = {self._act: 12, self._open: 6, self._correct: 4, self._unit: 2, self._figure: 2}
        (self.chance.choices(list(weights), list(weights.values())))[0]()

    def _open(self) -> None:
        chance = self.chance
        again = self.cases and chance.random() < 0.2
        self.cases.append(
            self.office.case(
                chance.choice(UNITS),
                person=chance.choice(self.cases).person if again else None,
                sex=chance.choice(["female", "male", None]),
                youth_union=chance.choice([True, False, None]),
                source_group=chance.choice(["worker", None]),
                occupation=chance.choice(["worker", "nurse", None]),
                referral_round=chance.choice(["I", "II", None]),
            )
        )
        self.cases[-1].did(chance.choice(["nominated", "applied"]), self.day())

    def _act(self) -> None:
        if self.cases:
            case = self.chance.choice(self.cases)
            fact = self.chance.choice(sorted(ACTS))
            if fact not in ENDS or not any(act[0] in ENDS for act in case.acts.values()):
                found = ("overrun",) * self.chance.randrange(3)
                case.did(fact, self.day(), unit=self.chance.choice(UNITS), findings=found)

    def _correct(self) -> None:
        cases = [case for case in self.cases if case.acts]
        if not cases:
            return
        case, chance = self.chance.choice(cases), self.chance
        fact = chance.choice(list(case.acts.values()))[0]
        match chance.randrange(5):
            case 0:
                case.correct(fact, on=self.day())
            case 1:
                case.correct(fact, unit=chance.choice(UNITS))
            case 2:
                case.correct_facets(
                    youth_union=chance.choice([True, False]),
                    referral_round=chance.choice(["I", "II"]),
                )
            case 3:
                case.correct_unit(chance.choice(UNITS))
            case _:
                case.retract(fact)

    def _unit(self) -> None:
        match self.chance.randrange(4):
            case 0:
                self.office.dissolve(self.chance.choice(["A", "B"]), self.day())
            case 1:
                self.office.move("C", self.chance.choice(["A", "B", "H"]), self.day())
            case _:
                to = self.chance.choice(["H", "K", "P"])
                self.office.move(self.chance.choice(["A", "B"]), to, self.day())

    def _figure(self) -> None:
        unit, period = self.chance.choice(UNITS), self.chance.choice(PERIODS)
        if self.chance.random() < 0.5:
            indicator = self.chance.choice(["admitted", "received", "resigned", "members"])
            self.office.count(unit, indicator, period, self.chance.randrange(9))
        else:
            category = self.chance.choice([None, None, "worker", "female"])
            self.office.target(
                unit, period, self.chance.randrange(9), category=category, deadline=self.day()
            )


def told(seed: int, happenings: int, folder: Path, batch_events: int = 500) -> Iterator[Office]:
    with open_office(folder, batch_events) as office:
        story = Story(office, seed)
        for _ in range(happenings):
            story.happen()
        office.catch_up()
        yield office


def names(answer: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield every figure of an answer that facts stand behind, by its name."""
    yield "admitted", answer["admitted"]
    for section in ("funnel", "left"):
        yield from ((f"{section}.{part}", n) for part, n in answer[section].items())
    for facet, values in answer["facets"].items():
        yield from ((f"facets.{facet}.{value}", n) for value, n in values.items())
    for round_ in answer["rounds"]:
        parts = {part: n for part, n in round_.items() if part != "round"}
        yield from ((f"rounds.{round_['round']}.{part}", n) for part, n in parts.items())
    for row in answer["by_unit"]:
        yield f"by_unit.{row['unit']}.admitted", row["admitted"]
        if row["ratio"]:
            yield f"by_unit.{row['unit']}.ratio.numerator", row["ratio"]["numerator"]
            yield f"by_unit.{row['unit']}.ratio.denominator", row["ratio"]["denominator"]
            yield f"by_unit.{row['unit']}.remaining", row["remaining"]
    yield "units.total", answer["units"]["total"]
    yield "units.with_ceremony", answer["units"]["with_ceremony"]
    yield "units.without_ceremony", len(answer["units"]["without_ceremony"])
    yield "targets", len(answer["targets"])
    for row in answer["targets"]:
        category = f".{row['category']}" if row["category"] else ""
        name = f"targets.{row['kind']}.{row['period']}{category}"
        yield f"{name}.minimum", row["minimum"]
        yield f"{name}.admitted", row["admitted"]
    yield from _operands(answer)


def _operands(answer: dict[str, Any]) -> Iterator[tuple[str, int]]:
    if answer["ratio"]:
        yield "ratio.numerator", answer["ratio"]["numerator"]
        yield "ratio.denominator", answer["ratio"]["denominator"]
        yield "remaining", answer["remaining"]
    if answer["members"]:
        yield "members", answer["members"]["count"]
    found: Counter[str] = Counter()
    for finding in answer["findings"]:
        counted = finding["expected"] is None or finding["expected"] == 0
        found[finding["kind"]] += finding["actual" if counted else "difference"]
    yield from ((f"findings.{kind}", n) for kind, n in found.items())


def moments(office: Office) -> list[datetime]:
    rows = office.ledgers["dossiers"].rows
    return [rows[len(rows) * part // 4].recorded for part in (1, 2, 3)]


QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@QUICK
@given(
    seed=st.integers(0, 2**32),
    happenings=st.integers(0, 60),
    unit=st.sampled_from(UNITS),
    period=st.sampled_from(PERIODS),
    as_of=DAYS,
)
def test_counters_facts_and_listings_agree_on_any_history(
    seed: int, happenings: int, unit: str, period: str, as_of: str
) -> None:
    with TemporaryDirectory() as folder:
        for office in told(seed, happenings, Path(folder)):
            # Both sources answer for now; a unit may be no more.
            known = [code for code in UNITS if code in {unit, "P"}]
            for code in known:
                on = "2021-12-01" if code in {"A", "B"} else as_of
                answer = office.figures(code, period, on)
                question = office.question(code, period, on)
                for name, figure in names(answer):
                    rows = office.view.facts(question, name)
                    assert (name, sum(row["n"] or 0 for row in rows)) == (name, figure)
                    if name.startswith(("facets", "rounds", "funnel.nominated", "left.deceased")):
                        assert len(rows) == figure


@QUICK
@given(seed=st.integers(0, 2**32), period=st.sampled_from(PERIODS), as_of=DAYS)
@example(seed=20551159, period="2022", as_of="2022-05-03").via("began again elsewhere, earlier")
def test_what_moved_a_figure_since_a_moment_adds_up_to_the_difference(
    seed: int, period: str, as_of: str
) -> None:
    with TemporaryDirectory() as folder:
        for office in told(seed, 60, Path(folder)):
            for moment in moments(office):
                now = office.figures("P", period, as_of)
                then = dict(names(office.figures("P", period, as_of, known_at=moment)))
                question = office.question("P", period, as_of)
                for name, figure in names(now):
                    if name in then and not name.startswith("units"):
                        rows = office.view.facts(question, name, against=moment)
                        assert (name, sum(row["n"] for row in rows)) == (name, figure - then[name])
                        assert all(row["n"] for row in rows)
                        for row in rows:
                            assert (name, row["recorded"] > moment.isoformat()) == (name, True)


@pytest.mark.parametrize("seed", range(4))
def test_the_tables_are_the_same_however_the_facts_come_in_batches(
    seed: int, tmp_path: Path
) -> None:
    tables: list[dict[str, list[str]]] = []
    for batch_events in (1, 7, 500):
        folder = tmp_path / str(batch_events)
        tables += [tables_of(folder / "reporting.db") for _ in told(seed, 80, folder, batch_events)]

    assert tables[0] == tables[1] == tables[2]


@pytest.mark.parametrize("seed", range(4))
def test_a_rebuilt_view_is_the_live_one_row_for_row(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "rebuilt.db"
    for office in told(seed, 80, tmp_path):
        with closing(ReportingView(SqliteFile(path), rebuilding=True)) as rebuilt:
            for runner in rebuilt.runners(office.ledgers):
                runner.catch_up(runner.state.head)

        assert tables_of(path) == tables_of(tmp_path / "reporting.db")
        question = office.question("P", "2022", "2022-05-01")
        with closing(ReportingView(SqliteFile(path))) as opened:
            assert opened.figures(question) == office.view.figures(question)


def tables_of(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("select name from sqlite_schema where type = 'table'")
        return {
            name: sorted(map(repr, db.execute(f"select * from {name}")))  # noqa: S608 - from the schema
            for (name,) in found.fetchall()
        }


@pytest.mark.parametrize("seed", range(3))
def test_as_known_at_a_moment_is_as_it_was_told_at_that_moment(seed: int, tmp_path: Path) -> None:
    with open_office(tmp_path) as office:
        story = Story(office, seed)
        asked = [(unit, period) for unit in ("P", "H", "K", "C") for period in PERIODS]
        answers: dict[datetime, list[dict[str, Any]]] = {}
        for _ in range(5):
            for _ in range(15):
                story.happen()
            answers[office.recorded] = [
                office.figures(unit, period, "2022-05-01") for unit, period in asked
            ]

        for moment, then in answers.items():
            for (unit, period), answer in zip(asked, then, strict=True):
                question = Question(
                    unit_code=unit,
                    period=parse_period(period),
                    as_of=date(2022, 5, 1),
                    known_at=moment,
                )
                again = office.view.figures(question)
                assert again | {"known_at": None} == answer
