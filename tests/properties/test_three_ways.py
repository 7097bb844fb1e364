"""Maintained counters, the sum over facts, and a fold of the raw ledgers agree on every figure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from events.period import parse_period
from infra.database import SqliteFile
from infra.feed import LedgerFeed
from infra.ledger.port import Row
from infra.runner import Runner
from services.embedded import Embedded
from services.imports.run import import_files
from services.installation import LEDGERS
from services.reporting.view.figures import Question
from services.reporting.view.knowledge import UnitNotYetKnown, UnknownUnit
from services.reporting.view.reporting_view import ReportingView
from tests.properties.known import Entry, Known, entries
from tests.properties.oracle import Figures
from tests.properties.unrest import Clock, Unrest
from tests.province import Province
from tests.services.reporting.office import postgres

PAIRS, PAIRS_ON_POSTGRES = 100, 20
"""Of a day as of which, and a moment at which it was known, for each world."""
QUESTIONS = 3
PERIODS = (
    *("2017", "2018-H1", "2019", "2020", "2021", "2022", "2023"),
    *("2020-H1", "2021-H2", "2022-Q1", "2022-Q3", "2021-06", "2022-10"),
    *("2019-2022", "2020-2021", "2020-2022", "2020-2025", "2021-2022"),
    *("2021-03-15/2021-10-31", "2022-02-10/2022-08-26", "2020-05-05/2020-05-05"),
)
UNANSWERED = ("period", "as_of", "known_at", "positions", "findings")
"""What the oracle does not tell, or tells apart."""
ELSEWHERE = ("unknown-part", "count-exceeds-base", "count-overlap")
"""Findings that have tests of their own."""

Json = dict[str, Any]
History = dict[str, list[Entry]]


class FeedUpTo(LedgerFeed):
    """A ledger as it was when it ended at a position."""

    limit = 0

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return super().read(after, max(0, min(limit, self.limit - after)))


@dataclass
class World:
    """The ledgers of a data folder, a view that follows them slowly, and the view of now."""

    history: History
    feeds: dict[str, FeedUpTo]
    runners: list[Runner]
    slow: ReportingView
    now: ReportingView
    pairs: int = PAIRS

    def follow(self, positions: dict[str, int]) -> None:
        """Bring the slow view to a position of each ledger."""
        for runner in self.runners:
            ledger = runner.state.ledger
            self.feeds[ledger].limit = positions[ledger]
            runner.catch_up(positions[ledger])


@pytest.fixture(scope="module")
def stirred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a province that was imported in parts and stirred between."""
    folder = tmp_path_factory.mktemp("stirred")
    first, *parts = _parts(Province(people=420, seed=3).write(folder / "files", 3))
    with Embedded.open(folder / "data", clock=Clock()) as ketnap:
        unrest = Unrest(ketnap, random.Random("stirred"))
        for files in (first, *parts):
            reports = import_files(ketnap, files, commit=True, accept_good=True)
            assert sum(report.changed for report in reports) > 80
            unrest.stir(260)
            ketnap.catch_up()
    missing = {name for name, often in unrest.done.items() if " " not in name and often < 5}
    assert missing == set(), unrest.done
    return folder / "data"


def _parts(files: list[Path]) -> list[list[Path]]:
    return [files[:-2], *([path] for path in files[-2:])]


POSTGRES = pytest.param("stirred, on Postgres", marks=pytest.mark.stack)


@pytest.fixture(params=["demo", "stirred", POSTGRES])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    name, _, elsewhere = request.param.partition(", ")
    folder: Path = request.getfixturevalue(name)
    with ExitStack() as opened:
        ketnap = opened.enter_context(Embedded.open(folder))
        slow = ReportingView(
            postgres(request.getfixturevalue("database"))
            if elsewhere
            else SqliteFile(tmp_path / "reporting.db")
        )
        opened.callback(slow.close)
        feeds = {name: FeedUpTo(ledger) for name, ledger in ketnap.ledgers.items()}
        history = {name: list(entries(folder / "ledgers" / f"{name}.db")) for name in LEDGERS}
        pairs = PAIRS_ON_POSTGRES if elsewhere else PAIRS
        yield World(history, feeds, slow.runners(feeds), slow, ketnap.view, pairs)


def moments(history: History, pairs: int, chance: random.Random) -> list[int]:
    """Return moments in microseconds, each as likely in any ledger as in another."""
    ledgers = [rows for rows in history.values() if rows]
    drawn = [chance.choice(chance.choice(ledgers)).recorded for _ in range(pairs * 9 // 10)]
    last = max(rows[-1].recorded for rows in ledgers)
    return sorted([*drawn, *[last] * (pairs - len(drawn))])


def question(known: Known, chance: random.Random) -> Question:
    """Ask anything of a unit that is known, the high ones oftener, or of one that has a target."""
    codes = sorted({unit.code for unit in known.units.values()}, key=lambda c: (len(c), c))
    place = min(int(chance.expovariate(0.15)), len(codes) - 1)
    code, period = chance.choice((codes[place], chance.choice(codes))), chance.choice(PERIODS)
    if known.targets and chance.random() < 0.4:
        _, _, row = chance.choice(chance.choice(list(known.targets.values())))
        code, period = known.units[row["unit"]].code, chance.choice((row["period"], period))
    return Question(
        unit_code=code,
        period=parse_period(period),
        as_of=chance.choice(
            (date(2022, 8, 26), date(2019, 1, 1) + timedelta(days=chance.randrange(1826)))
        ),
        places=chance.randint(0, 2),
    )


def known_at(asked: Question, moment: int) -> Question:
    when = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment)
    return Question(
        unit_code=asked.unit_code,
        period=asked.period,
        as_of=asked.as_of,
        places=asked.places,
        known_at=when,
    )


def reckoned(known: Known, asked: Question) -> Json | None:
    unit = known.unit(asked.unit_code, asked.as_of)
    if unit is None:
        return None
    period = asked.period
    figures = Figures(known, unit, period.first, period.last, asked.as_of, asked.places)
    return figures.answer() | {"found": figures.findings()}


def answered(
    view: ReportingView,
    asked: Question,
    source: Literal["counters", "facts"] | None = None,
) -> Json | None:
    try:
        answer = view.figures(asked, source=source)
    except (UnknownUnit, UnitNotYetKnown):
        return None
    found = [
        (finding["kind"], finding["expected"], finding["actual"])
        for finding in answer["findings"]
        if finding["kind"] not in ELSEWHERE
    ]
    told = {name: value for name, value in answer.items() if name not in UNANSWERED}
    return told | {"found": sorted(found, key=str)}


def test_three_ways_to_reckon_agree_at_any_day_as_known_at_any_moment(world: World) -> None:
    chance = random.Random("three ways")
    known, asked = Known(), []
    waiting = {name: iter(rows) for name, rows in world.history.items()}
    positions = dict.fromkeys(LEDGERS, 0)

    for moment in moments(world.history, world.pairs, chance):
        for ledger, rows in world.history.items():
            while positions[ledger] < len(rows) and rows[positions[ledger]].recorded <= moment:
                known.fold(ledger, next(waiting[ledger]))
                positions[ledger] += 1
        world.follow(positions)
        if not known.units:
            continue
        for ask in [question(known, chance) for _ in range(QUESTIONS)]:
            oracle = reckoned(known, ask)
            assert answered(world.slow, ask, "counters") == oracle, ask
            assert answered(world.slow, ask, "facts") == oracle, ask
            asked.append((known_at(ask, moment), oracle))

    assert positions == {name: len(rows) for name, rows in world.history.items()}
    for ask, oracle in asked:
        assert answered(world.now, ask) == oracle, ask
    assert sum(oracle is not None for _, oracle in asked) > len(asked) * 3 // 4
