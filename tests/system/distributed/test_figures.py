"""The same files, imported into a folder and into a province, make the same figures to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

from events.period import parse_period
from infra.sealing import Keys
from services.embedded import Embedded
from services.imports.run import import_files
from services.installation import Installation
from services.reporting.view import Question
from tests.system.distributed.province import Province, files

PERIODS = ("2022", "2022-H1", "2020-2025")


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with Embedded.open(tmp_path_factory.mktemp("near")) as ketnap:
        reports = import_files(ketnap, files(), commit=True)
        assert all(report.written for report in reports)
        yield ketnap


@pytest.fixture(scope="module")
def far(province: Province) -> Iterator[Installation]:
    with province.opened() as ketnap:
        ketnap.catch_up()
        yield ketnap


def told(ketnap: Installation, unit: str, period: str, as_of: date) -> bytes:
    """Return every figure of a unit, positions aside: the ledgers interleave differently."""
    question = Question(unit_code=unit, period=parse_period(period), as_of=as_of)
    figures = ketnap.view.figures(question)
    del figures["positions"]
    return msgspec.json.encode(figures)


def codes(ketnap: Installation) -> list[str]:
    return sorted({life.code for life in ketnap.units.tree.lives.values()})


def test_both_know_the_same_units(near: Embedded, far: Installation) -> None:
    assert len(codes(near)) > 200
    assert set(codes(near)) <= set(codes(far))


@pytest.mark.parametrize("period", PERIODS)
def test_every_figure_of_every_unit_is_the_same(
    near: Embedded, far: Installation, period: str
) -> None:
    as_of = parse_period(period).last
    compared = 0
    for code in codes(near):
        if near.units.tree.by_code(code, as_of) is None:
            continue
        assert told(far, code, period, as_of) == told(near, code, period, as_of), code
        compared += 1
    assert compared > 200


def test_the_facts_behind_a_figure_are_the_same(near: Embedded, far: Installation) -> None:
    question = Question(unit_code="CG", period=parse_period("2022"), as_of=date(2022, 12, 31))

    def counted(ketnap: Installation) -> list[tuple[object, ...]]:
        facts = ketnap.view.facts(question)
        return sorted((fact["fact"], fact["on"], fact["unit"], fact["n"]) for fact in facts)

    assert counted(near)
    assert counted(far) == counted(near)


def test_every_chain_holds(far: Installation) -> None:
    for ledger in far.ledgers.values():
        verdict = ledger.verify()
        assert verdict.wrong is None
        assert verdict.positions == ledger.head().position
    assert isinstance(far.keys, Keys)
    assert far.keys.verify_reads() is None
