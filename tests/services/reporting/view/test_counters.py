"""What is summed up for a unit is a fold over the facts of those below it, in every span."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.dossiers import Facets
from infra.database import Database, SqliteFile
from services.reporting.projection.facets import values
from services.reporting.projection.lines import COUNTED
from services.reporting.view import ReportingView
from services.reporting.view.tables import KNOWN_FOR_EVER, LAYOUT, SCHEMA
from tests.services.reporting.office import Office, open_office, postgres
from tests.services.reporting.view.test_databases import follow, told

Sheets = dict[tuple[int, int], dict[str, int]]


@pytest.fixture(params=[1, 7])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    with open_office(tmp_path, batch_events=request.param) as opened:
        yield opened


def kept(db: Database) -> tuple[Sheets, dict[tuple[int, int, int], int]]:
    """Return the sheets and the shares of a view, as they stand in its tables."""
    sheets = {
        (unit, span): json.loads(sums)
        for unit, span, sums in db.execute("select unit, span, sums from counters")
    }
    shares = db.execute("select unit, span, child, n from shares")
    return sheets, {(unit, span, child): n for unit, span, child, n in shares}


def folded(db: Database) -> tuple[Sheets, dict[tuple[int, int, int], int]]:
    """Fold them from facts and branches, one by one, without any SQL that sums."""
    facets = dict(db.execute("select number, facets from facets").fetchall())
    above: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for ancestor, child, unit, since, until, known_to in db.execute(
        "select ancestor, child, unit, since, until, known_to from tree"
    ).fetchall():
        if known_to == KNOWN_FOR_EVER and child != ancestor:
            above[unit].append((ancestor, child, since, until))
    sheets: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    shares: Counter[tuple[int, int, int]] = Counter()
    for unit, kind, on_day, n, tree_on, value, number in db.execute(
        "select unit, kind, on_day, n, tree_on, value, facets from facts_dossiers"
    ).fetchall():
        for ancestor, child, since, until in above[unit]:
            if kind not in COUNTED or not since <= tree_on < until:
                continue
            day = date.fromordinal(on_day)
            for span in (on_day, 5_000_000 + day.year * 12 + day.month - 1, 6_000_000 + day.year):
                sheets[ancestor, span][f"{kind}||{value}"] += n
                if kind == "admitted":
                    shares[ancestor, span, child] += n
                    known = msgspec.json.decode(facets[number], type=Facets)
                    for facet, of in values(known):
                        sheets[ancestor, span][f"admitted|{facet}|{of}"] += n
    nonzero = {
        sheet: {name: n for name, n in sums.items() if n}
        for sheet, sums in sheets.items()
        if any(sums.values())
    }
    return nonzero, {share: n for share, n in shares.items() if n}


@pytest.mark.parametrize("seed", range(5))
def test_what_is_summed_up_is_a_fold_over_the_facts(
    seed: int, office: Office, tmp_path: Path
) -> None:
    told(office, seed)
    office.catch_up()

    with closing(SqliteFile(tmp_path / "reporting.db").open(SCHEMA, LAYOUT)) as db:
        found = kept(db)
        assert found == folded(db)
        assert found[0]


def test_what_is_summed_up_on_postgres_is_a_fold_over_the_facts(
    office: Office, database: str
) -> None:
    told(office, 5)
    for name in ("live", "rebuilt"):
        place = postgres(database, name)
        with closing(ReportingView(place, rebuilding=name == "rebuilt")) as view:
            follow(view, office, batch_events=7)

        with closing(place.open(SCHEMA, LAYOUT)) as db:
            found = kept(db)
            assert found == folded(db)
            assert found[0]
