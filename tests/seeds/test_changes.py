"""What becomes known later: the past stays as it was known, the present is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from events.period import parse_period
from services import demo as five
from services.imports.run import import_files
from services.installation import Installation
from services.reporting.view import Question
from services.terminal.amending import Paper, other_day, other_facet, other_unit, retraction
from services.terminal.cases import case_of
from tests.installed import Site, Sites
from tests.seeds.conftest import asking

PAPER = Paper(reason="ghi nhầm", document="QĐ 7")
ARTICLE = ("PD", "2022", "2022-08-26")


@dataclass(slots=True)
class Later:
    """The demo after its own moment of loading, and what was known then."""

    ketnap: Installation
    loaded: datetime

    def figures(self, *question: str) -> dict[str, Any]:
        self.ketnap.catch_up()
        return asking(self.ketnap)(*question)

    def known_before(self, *question: str) -> dict[str, Any]:
        return asking(self.ketnap)(*question, known_at=self.loaded)

    def moved(self, *question: str, figure: str = "admitted") -> list[tuple[str, str, int]]:
        """Return the facts that moved a figure since: the day, the unit, and by how much."""
        unit, period, as_of = question
        asked = Question(
            unit_code=unit,
            period=parse_period(period),
            as_of=date.fromisoformat(as_of),
        )
        facts = self.ketnap.view.facts(asked, figure, against=self.loaded)
        return [(fact["on"], fact["unit"], fact["n"]) for fact in facts]


@pytest.fixture
def later(sites: Sites, five_organisations: Site, tmp_path: Path) -> Iterator[Later]:
    with sites.copy(five_organisations, tmp_path / "demo") as site, site.open() as ketnap:
        yield Later(ketnap, max(ledger.head().recorded for ledger in ketnap.ledgers.values()))


def unanswered(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what tells when it was given."""
    return answer | {"known_at": None, "positions": None}


def admitted(later: Later, case: str) -> date:
    standing = later.ketnap.dossiers.standing(case_of(later.ketnap, case))
    return next(fact.on for fact in standing.values() if fact.fact == "ceremony")


def test_the_demos_late_entry_correction_and_retraction_move_exactly_three_facts(
    later: Later,
) -> None:
    afterwards = five.afterwards()
    asked = afterwards["question"]
    question = (asked["unit"], asked["period"], asked["as_of"].isoformat())
    article, before = later.figures(*ARTICLE), later.figures(*question)

    import_files(later.ketnap, [five.FOLDER / afterwards["late"]["file"]], commit=True)
    for change in afterwards["correct"]:
        case = case_of(later.ketnap, change["case"])
        later.ketnap.dossiers.perform(
            other_day(later.ketnap, case, change["fact"], change["on"], PAPER)
        )
    for change in afterwards["retract"]:
        case = case_of(later.ketnap, change["case"])
        later.ketnap.dossiers.perform(retraction(later.ketnap, case, change["fact"], PAPER))

    now = later.figures(*question)
    assert (before["admitted"], now["admitted"]) == (55, 54)
    assert unanswered(later.known_before(*question)) == unanswered(before)
    for figure in ("admitted", "ratio", "remaining", "units", "by_unit", "target", "facets"):
        assert later.figures(*ARTICLE)[figure] == article[figure]
    assert later.moved(*question) == [
        ("2022-09-14", "PD-09", -1),
        ("2022-09-21", "PD-27", -1),
        ("2022-09-23", "PD-21", 1),
    ]
    assert later.moved(*ARTICLE) == []


def test_a_late_entry_counts_from_now_on_and_not_before(later: Later, tmp_path: Path) -> None:
    before = later.figures(*ARTICLE)
    late = tmp_path / "late.csv"
    late.write_text("unit_code,person_ref,sex,ceremony_on\nPD-01,LATE-1,female,2022-08-25\n")

    import_files(later.ketnap, [late], commit=True)

    now = later.figures(*ARTICLE)
    assert (before["admitted"], now["admitted"]) == (52, 53)
    assert now["ratio"]["percent"] == "35,1%"
    assert unanswered(later.known_before(*ARTICLE)) == unanswered(before)
    assert later.moved(*ARTICLE) == [("2022-08-25", "PD-01", 1)]
    assert later.moved(*ARTICLE, figure="facets.sex.female") == [("2022-08-25", "PD-01", 1)]


def test_a_corrected_day_counts_on_the_right_day(later: Later) -> None:
    before = later.figures(*ARTICLE)
    was = admitted(later, "SYN-PD-0001")
    case = case_of(later.ketnap, "SYN-PD-0001")

    later.ketnap.dossiers.perform(
        other_day(later.ketnap, case, "ceremony", date(2022, 8, 29), PAPER)
    )

    assert later.figures(*ARTICLE)["admitted"] == 51
    assert later.figures("PD", "2022", "2022-08-29")["admitted"] == 52
    assert unanswered(later.known_before(*ARTICLE)) == unanswered(before)
    assert later.moved(*ARTICLE) == [(was.isoformat(), "PD-01", -1)]
    assert later.moved("PD", "2022", "2022-08-29") == []


def test_a_corrected_unit_moves_the_person_and_not_the_total(later: Later) -> None:
    before = later.figures(*ARTICLE)
    was = admitted(later, "SYN-PD-0001").isoformat()
    without = before["units"]["without_ceremony"][0]
    case = case_of(later.ketnap, "SYN-PD-0001")

    later.ketnap.dossiers.perform(other_unit(later.ketnap, case, "ceremony", without, PAPER))

    now = later.figures(*ARTICLE)
    assert now["admitted"] == 52
    assert without not in now["units"]["without_ceremony"]
    assert unanswered(later.known_before(*ARTICLE)) == unanswered(before)
    assert later.moved(*ARTICLE) == []
    assert later.moved(*ARTICLE, figure="by_unit.PD-01.admitted") == [(was, "PD-01", -1)]
    assert later.moved(*ARTICLE, figure=f"by_unit.{without}.admitted") == [(was, without, 1)]


def test_a_corrected_facet_moves_the_facet_and_nothing_else(later: Later) -> None:
    question = ("CG", "2020-2022", "2022-12-31")
    before = later.figures(*question)
    was = admitted(later, "SYN-CG-0001").isoformat()
    case = case_of(later.ketnap, "SYN-CG-0001")
    (unit,) = {
        fact["unit"]
        for fact in later.ketnap.view.facts(
            Question(unit_code="CG", period=parse_period("2020-2022"), as_of=date(2022, 12, 31))
        )
        if fact["case"] == str(case)
    }
    sex: str = later.ketnap.dossiers.repository.get(case).facets.sex
    other = {"female": "male", "male": "female"}[sex]

    later.ketnap.dossiers.perform(other_facet(later.ketnap, case, "ceremony", "sex", other, PAPER))

    now = later.figures(*question)
    assert now["facets"]["sex"][other] == before["facets"]["sex"][other] + 1
    assert now["facets"]["sex"][sex] == before["facets"]["sex"][sex] - 1
    assert now["facets"] | {"sex": None} == before["facets"] | {"sex": None}
    assert unanswered(now) | {"facets": None} == unanswered(before) | {"facets": None}
    assert unanswered(later.known_before(*question)) == unanswered(before)
    assert later.moved(*question, figure=f"facets.sex.{other}") == [(was, unit, 1)]
    assert later.moved(*question, figure=f"facets.sex.{sex}") == [(was, unit, -1)]


def test_a_retracted_fact_never_happened_as_known_now(later: Later) -> None:
    before = later.figures(*ARTICLE)
    was = admitted(later, "SYN-PD-0001").isoformat()
    case = case_of(later.ketnap, "SYN-PD-0001")

    later.ketnap.dossiers.perform(retraction(later.ketnap, case, "ceremony", PAPER))

    now = later.figures(*ARTICLE)
    assert (now["admitted"], now["remaining"]) == (51, 100)
    assert now["funnel"]["admitted"] == 51
    assert now["funnel"]["decided"] == before["funnel"]["decided"]
    assert unanswered(later.known_before(*ARTICLE)) == unanswered(before)
    assert later.moved(*ARTICLE) == [(was, "PD-01", -1)]
