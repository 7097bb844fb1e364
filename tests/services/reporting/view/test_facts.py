"""The facts behind a figure, what moved it since a moment, and history."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest

from events.dossiers import PersonRegistered
from services.reporting.view import UnknownUnit
from services.reporting.view.listing import UnknownFigure
from tests.services.reporting.office import SPACE, Office, day

HUYEN = "district_committee"
XA = "grassroots_committee"


def told(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def facts(office: Office, figure: str, **how: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as of the view
    return office.view.facts(office.question("H", "2022", "2022-08-26"), figure, **how)


def test_a_fact_tells_its_case_day_unit_moment_and_position(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    case = office.case("A", sex="female").did("ceremony", "2022-03-03", occasion="3/2")

    (row,) = facts(office, "admitted")

    assert row["case"] == str(case.stream)
    assert told([row], "fact", "on", "unit", "position", "n", "sex", "occasion") == [
        ("ceremony", "2022-03-03", "A", "dossiers:4", 1, "female", "3/2")
    ]
    assert row["recorded"] == office.recorded.isoformat()


def test_counts_stand_behind_a_figure_with_their_number(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.admit("H", "2022-03-03")
    office.count("H", "admitted", "2022-Q1", 5)

    rows = facts(office, "funnel.admitted")

    assert told(rows, "fact", "n", "position") == [
        ("ceremony", 1, "dossiers:3"),
        ("count", 5, "reporting:1"),
    ]
    assert rows[1]["case"] is None


def test_a_name_that_no_figure_has_is_refused_with_the_names_there_are(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)

    for figure in (
        "no",
        "funnel.no",
        "facets.no.yes",
        "rounds.I.no",
        "by_unit.X",
        "left",
        "units.no",
        "lines",
        "child",
        "by_unit.A.no",
    ):
        with pytest.raises(UnknownFigure) as refused:
            facts(office, figure)

    assert "funnel.received" in refused.value.facts["known"]


def test_a_corrected_day_moved_the_figure_at_the_position_of_the_correction(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H").did("ceremony", "2022-03-03")
    before = office.recorded
    case.correct("ceremony", on="2021-12-31")

    assert told(facts(office, "admitted", against=before), "on", "n", "position") == [
        ("2022-03-03", -1, "dossiers:4")
    ]


def test_a_correction_that_leaves_the_figure_as_it_was_moved_nothing(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H", sex="female").did("ceremony", "2022-03-03")
    before = office.recorded
    case.correct("ceremony", on="2022-03-04").correct_facets(sex="male")

    assert facts(office, "admitted", against=before) == []
    assert told(facts(office, "facets.sex.male", against=before), "on", "n") == [("2022-03-04", 1)]
    assert told(facts(office, "facets.sex.female", against=before), "n") == [(-1,)]


def test_late_entry_correction_and_retraction_are_exactly_what_moved_the_figure(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    office.admit("A", "2022-01-01", times=10)
    retracted = office.case("A").did("ceremony", "2022-02-02")
    moved = office.case("A").did("ceremony", "2022-02-03")
    before = office.recorded
    late = office.case("B").did("ceremony", "2022-01-15")
    retracted.retract("ceremony")
    moved.correct("ceremony", unit="B")

    rows = facts(office, "admitted", against=before)
    below = facts(office, "by_unit.B.admitted", against=before)

    assert told(rows, "case", "n") == [(str(late.stream), 1), (str(retracted.stream), -1)]
    assert told(below, "case", "n") == [(str(late.stream), 1), (str(moved.stream), 1)]


def test_a_move_of_a_unit_that_was_learned_late_moved_its_facts(office: Office) -> None:
    for code in ("H", "K"):
        office.unit(code, kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.admit("A", "2022-03-03", times=2)
    before = office.recorded
    office.move("A", to="K", on="2022-01-01")

    moved = told(facts(office, "admitted", against=before), "n", "position", "recorded")

    assert moved == [(-1, "dossiers:8", office.recorded.isoformat())] * 2


def test_an_amended_deadline_names_itself_as_what_moved_the_facts(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2022", 100, deadline="2022-06-30")
    office.admit("H", "2022-07-07")
    before = office.recorded
    office.target("H", "2022", 100, deadline="2022-07-31")

    assert told(facts(office, "ratio.numerator", against=before), "n", "position") == [
        (1, "reporting:2")
    ]


def test_a_ceremony_that_was_not_yet_leaves_its_candidate_in_progress_by_its_correction(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H", referral_round="I")
    case.journey(nominated="2022-01-01", applied="2022-02-01", ceremony="2022-03-03")
    before = office.recorded
    case.correct("ceremony", on="2022-12-03")

    moved = facts(office, "rounds.I.in_progress", against=before)

    assert told(moved, "n", "fact", "position") == [(1, "applied", "dossiers:6")]


def test_what_a_round_is_made_of_are_acts(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    case = office.case("H", referral_round="I")
    case.journey(nominated="2022-01-01", ceremony="2022-03-03")

    assert told(facts(office, "rounds.I.listed"), "fact") == [("nominated",)]
    assert told(facts(office, "rounds.I.admitted"), "fact") == [("ceremony",)]


def test_an_unknown_part_of_a_figure_is_told_as_unknown(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    office.count("A", "members", "2022-01", 100)
    office.open_class("1", "H", "2022-01-01", 70)
    office.open_class("2", "H", "2022-02-01", None)

    assert told(facts(office, "members"), "unit", "n") == [("A", 100), ("B", None)]
    assert told(facts(office, "classes.learners"), "n") == [(70,), (None,)]
    assert told(facts(office, "remaining"), "fact", "unit", "n") == [("target", "H", None)]
    assert told(facts(office, "findings.unknown-part"), "n") == [(-1,)] * 4


def test_what_does_not_fit_in_an_allocation_is_its_targets(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.target("H", "2022", 151)
    office.target("A", "2022", 100)

    rows = facts(office, "findings.allocation-residual")

    assert told(rows, "unit", "n") == [("A", 100), ("H", -151)]


def test_people_beside_a_count_stand_behind_its_overlap(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.count("H", "admitted", "2022-Q1", 9)
    office.count("A", "admitted", "2022-12", 4)
    case = office.case("A").did("ceremony", "2022-03-03")

    (row,) = facts(office, "findings.count-overlap")

    assert told([row], "case", "fact", "n") == [(str(case.stream), "ceremony", 1)]
    assert told(facts(office, "findings.count-not-yet-effective"), "unit", "n") == [("A", -4)]


def test_more_certificates_than_learners_are_listed_against_them(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.open_class("1", "H", "2022-01-01", 70)
    office.complete_class("1", "H", "2022-03-01", 71)

    assert told(facts(office, "findings.count-exceeds-base"), "n") == [(71,), (-70,)]


def test_what_came_after_a_deadline_stands_behind_its_finding(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.target("H", "2022", 5, deadline="2022-03-03")
    office.admit("H", "2022-03-03")
    office.admit("H", "2022-03-04", times=2)

    rows = facts(office, "findings.after-deadline")

    assert told(rows, "on", "n") == [("2022-03-04", 1)] * 2


def test_what_a_child_has_left_is_its_target_less_its_people(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.target("A", "2022", 5)
    office.admit("A", "2022-03-03", times=2)

    assert told(facts(office, "by_unit.A.remaining"), "fact", "n") == [
        ("target", 5),
        ("ceremony", -1),
        ("ceremony", -1),
    ]
    assert len(facts(office, "by_unit.A.ratio.numerator")) == 2


def test_a_corrected_count_and_an_amended_target_moved_what_is_reckoned_from_them(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    office.count("H", "received", "2022-Q1", 36)
    office.target("H", "2022", 100)
    before = office.recorded
    office.count("H", "received", "2022-Q1", 35)
    office.target("H", "2022", 110)

    assert told(facts(office, "funnel.received", against=before), "n") == [(-1,)]
    assert told(facts(office, "remaining", against=before), "fact", "n") == [("target", 10)]


def test_history_tells_a_case_with_its_person_in_the_order_it_became_known(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    person = uuid5(SPACE, "somebody")
    office.tell(PersonRegistered, person, day("2022-01-01"))
    case = office.case("H", person=person).journey(nominated="2022-02-01", withdrawn="2022-03-01")
    again = office.case("H", person=person).did("nominated", "2022-04-01")
    case.correct("nominated", on="2022-01-31")
    office.catch_up()

    of_case = office.view.history(case=case.stream)
    of_person = office.view.history(case=person)

    assert [row["type"].partition(".")[2] for row in of_case] == [
        "PersonRegistered",
        "CandidacyOpened",
        "CandidateNominated",
        "CandidacyWithdrawn",
        "FactCorrected",
    ]
    assert told(of_case[-1:], "fact", "now_on", "now_unit", "position") == [
        ("nominated", "2022-01-31", "H", "dossiers:8")
    ]
    assert str(again.stream) in {row["case"] for row in of_person}
    assert len(of_person) == 7


def test_history_tells_a_unit_from_every_ledger(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA, name="Đảng ủy A")
    office.target("A", "2022", 5)
    office.open_class("1", "A", "2022-01-01", 70)
    office.admit("A", "2022-03-03")
    office.catch_up()

    rows = office.view.history(unit="A")

    assert told(rows, "type", "unit") == [
        ("dossiers.UnitRegistered", None),
        ("reporting.TargetIssued", "A"),
        ("training.ClassOpened", "A"),
        ("dossiers.CandidacyOpened", "A"),
        ("dossiers.CeremonyHeld", "A"),
    ]
    assert told(rows[:1], "code", "name", "parent") == [("A", "Đảng ủy A", "H")]
    with pytest.raises(UnknownUnit):
        office.view.history(unit="X")


def test_a_unit_can_be_asked_for_by_its_code_on_a_day(office: Office) -> None:
    office.unit("H", kind=HUYEN, since="2022-01-01")
    office.catch_up()

    assert office.view.unit_id("H", date(2022, 1, 1)) == office.units["H"]
    assert isinstance(office.view.unit_id("H", date(2022, 1, 1)), UUID)
    with pytest.raises(UnknownUnit):
        office.view.unit_id("H", date(2021, 12, 31))
