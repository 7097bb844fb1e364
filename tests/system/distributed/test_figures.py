"""The demo, in a folder and in a province, makes the same figures to the byte, of the same facts.

The province is filled by a command and projected by its roles, from Kafka.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.period import parse_period
from infra.sealing import Keys
from services import demo as material
from services.embedded import Embedded
from services.installation import Installation
from services.reporting.view import Question
from services.wording.telling import worded
from tests.system.distributed.province import Province, Serving, ketnap

PERIODS = ("2020", "2020-09-01/2020-12-31", "2021", "2022", "2022-H1", "2020-2025", "2026")
"""Every kind of period for which the demo sets targets or admits anybody."""
OF_ONE_LEDGER = {"position", "case", "recorded"}
"""What differs although facts are the same: where and when they were recorded, of which stream."""


@pytest.fixture(scope="module")
def near(demo: Path) -> Iterator[Embedded]:
    with Embedded.open(demo) as ketnap:
        yield ketnap


@pytest.fixture(scope="module")
def far(serving: Serving) -> Iterator[Installation]:
    with serving.province.opened() as ketnap:
        ketnap.catch_up()
        yield ketnap


def told(ketnap: Installation, question: Question) -> bytes:
    """Return every figure of a unit, positions aside."""
    figures = ketnap.view.figures(question)
    del figures["positions"]
    return msgspec.json.encode(figures)


def facts(ketnap: Installation, question: Question, figure: str) -> list[str]:
    """Return the facts that a figure counts, in any order, positions aside."""
    return sorted(
        json.dumps(
            {name: said for name, said in fact.items() if name not in OF_ONE_LEDGER}, default=str
        )
        for fact in ketnap.view.facts(question, figure)
    )


def codes(ketnap: Installation) -> list[str]:
    found = {life.code for life in ketnap.units.tree.lives.values()}
    return sorted(found)


def asked(ketnap: Installation, period: str) -> Iterator[Question]:
    """Yield a question about every unit that there was at the end of a period."""
    as_of = parse_period(period).last
    for code in codes(ketnap):
        if ketnap.units.tree.by_code(code, as_of):
            yield Question(unit_code=code, period=parse_period(period), as_of=as_of)


def test_both_know_the_same_units(near: Embedded, far: Installation) -> None:
    assert len(codes(near)) > 150
    assert codes(near) == codes(far)


@pytest.mark.parametrize("period", PERIODS)
def test_every_figure_of_every_unit_is_the_same(
    near: Embedded, far: Installation, period: str
) -> None:
    questions = list(asked(near, period))
    assert len(questions) > 150
    for question in questions:
        assert told(far, question) == told(near, question), question.unit_code


@pytest.mark.parametrize("period", ["2021", "2022"])
def test_the_same_facts_stand_behind_what_every_unit_admitted(
    near: Embedded, far: Installation, period: str
) -> None:
    found = 0
    for question in asked(near, period):
        for figure in ("admitted", "funnel.nominated"):
            expected = facts(near, question, figure)
            assert facts(far, question, figure) == expected, (question.unit_code, figure)
            found += len(expected)
    assert found > 100


@pytest.mark.parametrize("question", material.questions())
def test_the_figures_that_articles_print_come_out(
    far: Installation, question: Mapping[str, Any]
) -> None:
    answer = far.view.figures(
        Question(
            unit_code=question["unit"],
            period=parse_period(question["period"]),
            as_of=question["as_of"],
            places=question.get("places", 1),
        )
    )
    compared = list(material.compared(question, worded(answer, "vi")))
    assert compared
    assert [figure for figure in compared if not figure.equal] == []


def test_a_command_prints_the_same_bytes_in_both(
    demo: Path, far: Installation, province: Province, tmp_path: Path
) -> None:
    folder = shutil.copytree(demo, tmp_path / "data")
    question = ("figures", "--unit", "PD", "--period", "2022", "--as-of", "2022-08-26", "--json")
    outside = {name: text for name, text in os.environ.items() if not name.startswith("KETNAP_")}
    near = subprocess.run(
        ketnap(*question, "--data", folder, "--lang", "en"),
        env=outside,
        capture_output=True,
        text=True,
        check=True,
    )

    printed = province.run(*question)

    positions = json.loads(near.stdout)["positions"]
    expected = near.stdout
    for name, at in json.loads(printed.stdout)["positions"].items():
        expected = expected.replace(f'"{name}": {positions[name]}', f'"{name}": {at}')
    assert printed.stdout == expected


def test_every_chain_holds(far: Installation) -> None:
    for ledger in far.ledgers.values():
        verdict = ledger.verify()
        assert verdict.wrong is None
        assert verdict.positions == ledger.head().position
    assert isinstance(far.keys, Keys)
    assert far.keys.verify_reads() is None
