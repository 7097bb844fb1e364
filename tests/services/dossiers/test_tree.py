"""The tree: who takes an act of a day, and who lies above."""

from __future__ import annotations

from datetime import date

from tests.services.dossiers.office import BOOK, BY, District

LAST = date(2021, 12, 31)
AFTER = date(2022, 1, 1)


def test_a_unit_takes_its_own_acts(district: District) -> None:
    assert district.tree.admitting(district.cell, AFTER, BOOK) == district.cell


def test_a_unit_whose_kind_admits_nobody_takes_no_act(district: District) -> None:
    assert district.tree.admitting(district.centre, AFTER, BOOK) is None


def test_after_its_last_day_a_lone_successor_takes_the_acts_of_a_unit(district: District) -> None:
    district.dissolve("C1", LAST, district.other)

    assert district.tree.admitting(district.cell, LAST, BOOK) == district.cell
    assert district.tree.admitting(district.cell, AFTER, BOOK) == district.other


def test_of_several_successors_none_takes_an_act(district: District) -> None:
    third = district.unit("C3", "cell")
    district.dissolve("C1", LAST, district.other, third)

    assert district.tree.admitting(district.cell, AFTER, BOOK) is None


def test_before_its_first_day_a_lone_predecessor_takes_the_acts_of_a_unit(
    district: District,
) -> None:
    new = district.unit("N", "cell", since=AFTER)
    district.dissolve("C1", LAST, new)

    assert district.tree.admitting(new, LAST, BOOK) == district.cell


def test_of_two_units_that_merged_neither_takes_an_earlier_act(district: District) -> None:
    new = district.unit("N", "cell", since=AFTER)
    district.dissolve("C1", LAST, new)
    district.dissolve("C2", LAST, new)

    assert district.tree.admitting(new, LAST, BOOK) is None


def test_the_only_one_of_several_predecessors_that_was_there_takes_the_act(
    district: District,
) -> None:
    new = district.unit("N", "cell", since=AFTER)
    district.dissolve("C1", date(2010, 12, 31), new)
    district.dissolve("C2", LAST, new)

    assert district.tree.admitting(new, LAST, BOOK) == district.other


def test_successors_are_followed_as_far_as_the_day_asks(district: District) -> None:
    middle = district.unit("N1", "cell", since=AFTER)
    final = district.unit("N2", "cell", since=date(2023, 1, 1))
    district.dissolve("C1", LAST, middle)
    district.dissolve("N1", date(2022, 12, 31), final)

    assert district.tree.admitting(district.cell, date(2024, 1, 1), BOOK) == final


def test_a_parent_that_is_not_there_on_a_day_is_no_ancestor_on_it(district: District) -> None:
    district.dissolve("X", LAST)

    assert district.tree.ancestors(district.cell, AFTER) == []


def test_a_code_is_a_mass_organisations_or_not(district: District) -> None:
    tree = district.tree

    assert tree.is_mass_organisation("MT", AFTER, BOOK)
    assert not tree.is_mass_organisation("C1", AFTER, BOOK)
    assert not tree.is_mass_organisation("?", AFTER, BOOK)


def test_the_order_in_which_facts_arrive_does_not_matter(district: District) -> None:
    unit = district.aggregate(district.cell)
    unit.rename(AFTER, BY, "Khác", BOOK)
    district.learn(unit)
    life = district.tree.lives[district.cell]
    names = [span.name for span in life.spans]

    life.apply(2, life.facts[2])

    assert [span.name for span in life.spans] == names == ["C1", "Khác"]
