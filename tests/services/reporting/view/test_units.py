"""A unit's figure, its children, and what it is as known at a moment."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from events.registry import LEDGERS
from services.reporting.view import UnitNotOnThatDay, UnitNotYetKnown, UnknownUnit
from tests.services.reporting.office import Office

HUYEN = "district_committee"
XA = "grassroots_committee"


def test_an_answer_has_exactly_the_parts_of_the_public_formats(office: Office) -> None:
    office.unit("H", kind=HUYEN)

    told = office.figures("H", "2022", "2022-08-26")

    assert " ".join(told) == (
        "unit name period as_of known_at positions target admitted ratio remaining units by_unit"
        " targets facets rounds left funnel classes members findings"
    )
    assert told["positions"] == dict.fromkeys(LEDGERS, 0) | {"dossiers": 1}
    assert (told["known_at"], told["target"], told["members"]) == (None, None, None)


def test_known_at_and_the_positions_reached_are_told_when_asked_for(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    moment = office.recorded
    office.admit("H", "2022-03-03")

    told = office.figures("H", "2022", "2022-08-26", known_at=moment)

    assert told["known_at"] == moment.isoformat()
    assert told["positions"] == dict.fromkeys(LEDGERS, 0) | {"dossiers": 1}
    assert told["admitted"] == 0


def test_a_figure_is_the_units_own_people_and_those_of_every_unit_below(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("X", "H", kind=XA)
    office.unit("C", "X")
    office.admit("H", "2022-01-01", times=1)
    office.admit("X", "2022-06-30", times=2)
    office.admit("C", "2022-12-31", times=4)

    told = office.figures("H", "2022", "2022-12-31")

    assert told["admitted"] == 7
    assert [(row["unit"], row["admitted"]) for row in told["by_unit"]] == [("X", 6)]
    assert office.figures("X", "2022", "2022-12-31")["admitted"] == 6
    assert office.figures("C", "2022", "2022-12-31")["admitted"] == 4


def test_each_fact_goes_through_the_ancestors_of_its_own_day(office: Office) -> None:
    for code in ("H", "K"):
        office.unit(code, kind=HUYEN)
    office.unit("X", "H", kind=XA)
    office.unit("C", "X")
    office.admit("C", "2022-06-30", times=3)
    office.admit("C", "2022-07-01", times=5)
    office.move("X", to="K", on="2022-07-01")

    assert office.figures("H", "2022", "2022-12-31")["admitted"] == 3
    assert office.figures("K", "2022", "2022-12-31")["admitted"] == 5
    assert office.figures("X", "2022", "2022-12-31")["admitted"] == 8


def test_a_move_learned_late_moves_what_was_counted_before(office: Office) -> None:
    for code in ("H", "K"):
        office.unit(code, kind=HUYEN)
    office.unit("X", "H", kind=XA)
    office.admit("X", "2022-03-01", sex="female")
    before = office.recorded
    office.move("X", to="K", on="2022-01-01")

    assert office.figures("H", "2022", "2022-12-31")["admitted"] == 0
    assert office.figures("K", "2022", "2022-12-31")["facets"]["sex"] == {"female": 1, "male": 0}
    assert office.figures("H", "2022", "2022-12-31", known_at=before)["admitted"] == 1


def test_merged_units_count_for_their_own_days_and_the_new_one_for_its(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B"):
        office.unit(code, "H", kind=XA)
    office.unit("C", "H", kind=XA, since="2022-07-01")
    office.unit("cell", "A")
    office.admit("A", "2022-05-01")
    office.admit("B", "2022-05-02")
    office.admit("C", "2022-09-01")
    office.admit("cell", "2022-06-30")
    office.admit("cell", "2022-07-01")
    for code in ("A", "B"):
        office.dissolve(code, "2022-06-30", successors=(office.units["C"],))
    office.move("cell", to="C", on="2022-07-01")

    told = office.figures("H", "2022", "2022-12-31")

    assert told["admitted"] == 5
    assert [(row["unit"], row["admitted"]) for row in told["by_unit"]] == [
        ("A", 2),
        ("B", 1),
        ("C", 2),
    ]


def test_what_hangs_on_a_unit_that_is_no_more_is_a_root(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("X", "H", kind=XA)
    office.unit("C", "X")
    office.dissolve("X", "2022-06-30")
    office.admit("C", "2022-08-01")
    office.catch_up()

    assert office.figures("H", "2022", "2022-12-31")["admitted"] == 0
    assert [root["unit"] for root in office.view.roots(date(2022, 8, 1))] == ["C", "H"]
    assert [root["unit"] for root in office.view.roots(date(2022, 6, 30))] == ["H"]


def test_a_last_day_said_again_corrects_the_first(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("X", "H", kind=XA)
    office.unit("C", "X")
    office.dissolve("X", "2022-06-30")
    office.admit("C", "2022-07-15")
    office.dissolve("X", "2022-07-31", corrects=True)

    assert office.figures("H", "2022", "2022-12-31")["admitted"] == 1


def test_rows_are_the_party_organisations_that_were_children_in_the_period(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.unit("B", "H", kind=XA, since="2022-08-27")
    office.unit("D", "H", kind="mass_organisation")
    office.unit("T", "H", kind="training_centre")
    office.unit("E", "A", kind=XA)
    office.move("E", to="H", on="2022-02-01")
    office.move("E", to="A", on="2022-03-01")
    office.unit("F", "H", kind=XA)
    office.move("F", to="A", on="2022-01-01")

    told = office.figures("H", "2022", "2022-08-26")

    assert [row["unit"] for row in told["by_unit"]] == ["A", "E"]
    assert told["units"] == {"total": 2, "with_ceremony": 0, "without_ceremony": ["A", "E"]}


@pytest.mark.parametrize("trace", ["none", "fact", "count", "target", "earlier fact"])
def test_a_unit_that_is_no_more_has_a_row_when_it_left_a_trace(office: Office, trace: str) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    match trace:
        case "fact":
            office.case("A").did("applied", "2022-02-01")
        case "count":
            office.count("A", "received", "2022-Q1", 3)
        case "target":
            office.target("A", "2022", 5, kind="registered")
        case "earlier fact":
            office.admit("A", "2021-12-31")
        case _:
            pass
    office.dissolve("A", "2022-06-30")

    told = office.figures("H", "2022", "2022-08-26")

    traced = trace in {"fact", "count", "target"}
    assert [row["unit"] for row in told["by_unit"]] == (["A"] if traced else [])
    assert office.figures("H", "2022", "2022-06-30")["units"]["total"] == 1


def test_a_row_counts_only_what_reached_the_unit_through_that_child(office: Office) -> None:
    for code in ("H", "K"):
        office.unit(code, kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.admit("A", "2022-03-01", times=2)
    office.admit("A", "2022-09-01", times=4)
    office.move("A", to="K", on="2022-07-01")

    told = office.figures("H", "2022", "2022-12-31")

    assert [(row["unit"], row["admitted"]) for row in told["by_unit"]] == [("A", 2)]


def test_what_hangs_on_the_unit_itself_is_in_no_row(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.admit("H", "2022-03-01")

    told = office.figures("H", "2022", "2022-12-31")

    assert told["admitted"] == 1
    assert told["by_unit"][0]["admitted"] == 0
    assert told["units"]["with_ceremony"] == 0


def test_a_ceremony_may_be_a_person_or_a_count(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    for code in ("A", "B", "C"):
        office.unit(code, "H", kind=XA)
    office.admit("A", "2022-03-01")
    office.count("B", "admitted", "2022-Q1", 2)

    told = office.figures("H", "2022", "2022-12-31")

    assert told["units"] == {"total": 3, "with_ceremony": 2, "without_ceremony": ["C"]}


def test_a_renamed_unit_bears_the_name_of_the_day(office: Office) -> None:
    office.unit("H", kind=HUYEN, name="Trung tâm Bồi dưỡng")
    office.rename("H", "Trung tâm Chính trị", "2022-07-01")

    assert office.figures("H", "2022", "2022-06-30")["name"] == "Trung tâm Bồi dưỡng"
    assert office.figures("H", "2022", "2022-07-01")["name"] == "Trung tâm Chính trị"


def test_a_code_is_of_the_unit_that_bears_it_on_the_day_as_of_which(office: Office) -> None:
    office.unit("H", kind=HUYEN, name="the first")
    office.dissolve("H", "2021-12-31")
    office.unit("H", kind=HUYEN, name="the second", since="2022-01-01")

    assert office.figures("H", "2021", "2021-12-31")["name"] == "the first"
    assert office.figures("H", "2021", "2022-01-01")["name"] == "the second"
    with pytest.raises(UnknownUnit):
        office.figures("X", "2021", "2022-01-01")


def test_a_unit_that_was_not_yet_known_is_an_error_that_names_the_moment(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    before = office.recorded
    office.unit("K", kind=HUYEN)

    with pytest.raises(UnitNotYetKnown) as refused:
        office.figures("K", "2022", "2022-08-26", known_at=before)

    assert refused.value.code == "unit-not-yet-known"
    assert refused.value.facts["known_from"] == before + timedelta(seconds=1)


def test_a_unit_asked_for_on_a_day_without_it_is_an_error_that_names_its_days(
    office: Office,
) -> None:
    office.unit("H", kind=HUYEN, since="2015-01-01")
    office.dissolve("H", "2021-12-31")

    with pytest.raises(UnitNotOnThatDay) as refused:
        office.figures("H", "2022", "2022-08-26")

    assert refused.value.code == "unit-not-on-that-day"
    assert refused.value.facts["first"] == date(2015, 1, 1)
    assert refused.value.facts["last"] == date(2021, 12, 31)
