"""Units: what may be said of them, and when."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.dossiers.domain import refusals
from services.dossiers.domain.units import Unit
from tests.facts import facts
from tests.services.dossiers.office import BOOK, BY, District

JAN_1, MARCH_1, JULY_1 = date(2022, 1, 1), date(2022, 3, 1), date(2022, 7, 1)


def register(district: District, code: str, on: date, parent: UUID | None = None) -> Unit:
    return Unit.register(
        uuid7(),
        on,
        BY,
        code=code,
        name="Chi bộ Một",
        kind="Chi bộ",
        parent=parent,
        sector=None,
        tree=district.tree,
        book=BOOK,
    )


def test_a_unit_is_registered_under_the_code_of_its_kind(district: District) -> None:
    unit = register(district, "N", JAN_1, district.district)

    assert facts(unit) == [
        (
            "UnitRegistered",
            {
                "on": JAN_1,
                "code": "N",
                "name": "Chi bộ Một",
                "kind": "cell",
                "parent": district.district,
            },
        ),
    ]


def test_a_kind_that_the_list_has_not_is_refused(district: District) -> None:
    with pytest.raises(refusals.UnknownUnitKind):
        district.unit("N", "lodge")


def test_a_code_in_use_is_refused(district: District) -> None:
    with pytest.raises(refusals.UnitCodeTaken):
        register(district, "C1", JAN_1)


def test_a_code_is_free_the_day_after_its_units_last(district: District) -> None:
    district.dissolve("C1", date(2021, 12, 31))

    with pytest.raises(refusals.UnitCodeTaken):
        register(district, "C1", date(2021, 12, 31))
    again = district.learn(register(district, "C1", JAN_1))

    assert district.tree.by_code("C1", date(2021, 12, 31)) == district.cell
    assert district.tree.by_code("C1", JAN_1) == again


def test_an_unknown_parent_is_refused(district: District) -> None:
    with pytest.raises(refusals.UnknownUnit):
        register(district, "N", JAN_1, uuid7())


def test_a_parent_that_has_ended_is_refused(district: District) -> None:
    district.dissolve("X", date(2021, 12, 31))

    with pytest.raises(refusals.ParentDissolved):
        register(district, "N", JAN_1, district.commune)


def test_a_unit_bears_a_new_name_from_its_day(district: District) -> None:
    unit = district.aggregate(district.cell)

    unit.rename(JULY_1, BY, "Chi bộ Hai", BOOK)
    unit.rename(JULY_1, BY, "Chi bộ Hai", BOOK)

    assert facts(unit) == [("UnitRenamed", {"on": JULY_1, "name": "Chi bộ Hai"})]
    assert [unit.life.then(day).name for day in (date(2022, 6, 30), JULY_1)] == [  # type: ignore[union-attr]
        "C1",
        "Chi bộ Hai",
    ]


def test_a_change_that_is_learned_late_leaves_later_ones_as_they_are(district: District) -> None:
    unit = district.aggregate(district.cell)

    unit.rename(JULY_1, BY, "Sau", BOOK)
    unit.rename(MARCH_1, BY, "Trước", BOOK)

    names = [unit.life.then(day).name for day in (JAN_1, MARCH_1, JULY_1)]  # type: ignore[union-attr]
    assert names == ["C1", "Trước", "Sau"]


@pytest.mark.parametrize("day", [date(2019, 12, 31), date(2023, 1, 1)])
def test_nothing_changes_outside_the_days_of_a_unit(district: District, day: date) -> None:
    district.unit("N", "cell", since=date(2020, 1, 1))
    district.dissolve("N", date(2022, 12, 31))
    unit = district.aggregate(district.tree.with_code("N")[0])

    with pytest.raises(refusals.UnitNotValidOnThatDay):
        unit.rename(day, BY, "Khác", BOOK)

    assert facts(unit) == []


def test_a_unit_moves_below_another_parent(district: District) -> None:
    unit = district.aggregate(district.cell)

    unit.move(JULY_1, BY, district.district, district.tree, BOOK)
    district.learn(unit)

    assert district.tree.ancestors(district.cell, date(2022, 6, 30)) == [
        district.commune,
        district.district,
        district.province,
    ]
    assert district.tree.ancestors(district.cell, JULY_1) == [district.district, district.province]


def test_a_unit_cannot_move_below_itself(district: District) -> None:
    unit = district.aggregate(district.district)

    with pytest.raises(refusals.UnitsInACircle):
        unit.move(JULY_1, BY, district.cell, district.tree, BOOK)

    assert facts(unit) == []


def test_a_circle_that_would_close_later_is_refused_too(district: District) -> None:
    other = district.aggregate(district.other)
    other.move(JULY_1, BY, district.cell, district.tree, BOOK)
    district.learn(other)
    cell = district.aggregate(district.cell)
    cell.rename(MARCH_1, BY, "Khác", BOOK)
    district.learn(cell)

    with pytest.raises(refusals.UnitsInACircle):
        cell.move(JAN_1, BY, district.other, district.tree, BOOK)

    assert facts(cell) == []


def test_a_kind_and_a_sector_change_from_a_day(district: District) -> None:
    unit = district.aggregate(district.cell)

    unit.reclassify(JULY_1, BY, "Chi bộ cơ sở", "giáo dục", BOOK)

    assert facts(unit) == [
        ("UnitReclassified", {"on": JULY_1, "kind": "grassroots_cell", "sector": "giáo dục"}),
    ]


def test_what_was_said_of_a_unit_is_corrected_with_a_reason(district: District) -> None:
    unit = district.aggregate(district.cell)

    with pytest.raises(refusals.ReasonMissing):
        correct(unit, district, None)
    assert facts(unit) == []
    correct(unit, district, "ghi nhầm")

    assert [name for name, _ in facts(unit)] == ["UnitCorrected"]
    assert unit.life.spans[0].name == "Chi bộ Đúng"


def correct(unit: Unit, district: District, reason: str | None) -> None:
    unit.correct(
        date.min,
        BY,
        name="Chi bộ Đúng",
        kind="cell",
        parent=district.commune,
        sector=None,
        reason=reason,
        tree=district.tree,
        book=BOOK,
    )


def test_a_unit_ends_with_its_last_day_and_its_successors(district: District) -> None:
    unit = district.aggregate(district.cell)

    unit.dissolve(JULY_1, BY, (district.other,), district.tree, BOOK)

    assert facts(unit) == [
        ("UnitDissolved", {"on": JULY_1, "code": "C1", "successors": (district.other,)}),
    ]


def test_said_again_the_last_day_is_corrected_and_the_code_stays_with_who_has_it(
    district: District,
) -> None:
    district.dissolve("C1", JULY_1)
    unit = district.aggregate(district.cell)

    unit.dissolve(MARCH_1, BY, (), district.tree, BOOK)

    assert [fact.releases() for fact in unit.pending_events] == [()]  # type: ignore[attr-defined]
    assert unit.life.until == MARCH_1


def test_a_last_day_cannot_reach_into_the_days_of_who_has_the_code_now(
    district: District,
) -> None:
    district.dissolve("C1", date(2021, 12, 31))
    district.unit("C1", "cell", since=JAN_1)
    unit = district.aggregate(district.cell)

    with pytest.raises(refusals.UnitCodeTaken):
        unit.dissolve(JULY_1, BY, (), district.tree, BOOK)

    assert facts(unit) == []


def test_a_unit_cannot_end_before_it_began(district: District) -> None:
    unit = district.aggregate(district.unit("N", "cell", since=JULY_1))

    with pytest.raises(refusals.DissolvedBeforeRegistered):
        unit.dissolve(JAN_1, BY, (), district.tree, BOOK)

    assert facts(unit) == []


def test_a_unit_cannot_end_before_what_is_recorded_of_it(district: District) -> None:
    unit = district.aggregate(district.cell)
    unit.rename(JULY_1, BY, "Khác", BOOK)
    facts(unit)

    with pytest.raises(refusals.UnitChangedAfterwards):
        unit.dissolve(MARCH_1, BY, (), district.tree, BOOK)

    assert facts(unit) == []


def test_an_unknown_successor_is_refused(district: District) -> None:
    unit = district.aggregate(district.cell)

    with pytest.raises(refusals.UnknownUnit):
        unit.dissolve(MARCH_1, BY, (uuid7(),), district.tree, BOOK)

    assert facts(unit) == []


def test_a_correction_may_hang_a_unit_elsewhere_but_not_below_itself(district: District) -> None:
    unit = district.aggregate(district.commune)

    def below(parent: UUID) -> None:
        unit.correct(
            date.min,
            BY,
            name="X",
            kind="grassroots_cell",
            parent=parent,
            sector=None,
            reason="nhầm",
            tree=district.tree,
            book=BOOK,
        )

    with pytest.raises(refusals.UnitsInACircle):
        below(district.cell)
    assert facts(unit) == []
    below(district.province)
    below(district.province)

    assert [name for name, _ in facts(unit)] == ["UnitCorrected"]
