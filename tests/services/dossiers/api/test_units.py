from __future__ import annotations

from datetime import date

import pytest

from services.dossiers.application import DissolveUnit, MoveUnit, RenameUnit
from tests.services.dossiers.api.office import CLERK, Office


def codes(office: Office, who: str, **query: object) -> list[str]:
    return [each["code"] for each in office.get(who, "/units", **query).json()["units"]]


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("cell", ["C1"]),
        ("commune", ["X", "C1", "C2", "DTN"]),
        ("other", ["Y", "C3"]),
        ("province", ["P", "X", "C1", "C2", "DTN", "Y", "C3"]),
    ],
)
def test_units_are_told_from_ones_own_downwards(office: Office, who: str, seen: list[str]) -> None:
    assert codes(office, who) == seen


def test_a_unit_is_told_as_it_is_on_the_day(office: Office) -> None:
    office.ketnap.dossiers.perform(
        RenameUnit(unit=office.cell, on=date(2026, 6, 1), name="Chi bộ mới", by=CLERK)
    )
    office.ketnap.catch_up()

    told = [
        office.get("cell", "/units", on=day).json()["units"] for day in ("2026-05-31", "2026-06-01")
    ]

    assert told == [
        [{"code": "C1", "name": name, "kind": "cell", "parent": None, "admits": True}]
        for name in ("Chi bộ thôn 1", "Chi bộ mới")
    ]


def test_units_are_those_of_the_day(office: Office) -> None:
    office.ketnap.dossiers.perform(
        MoveUnit(unit=office.sister, on=date(2026, 6, 1), parent=office.other, by=CLERK)
    )
    office.ketnap.dossiers.perform(DissolveUnit(unit=office.youth, on=date(2026, 6, 30), by=CLERK))
    office.ketnap.catch_up()

    assert codes(office, "commune", on="2026-05-31") == ["X", "C1", "C2", "DTN"]
    assert codes(office, "commune", on="2026-06-30") == ["X", "C1", "DTN"]
    assert codes(office, "commune") == ["X", "C1"]
    assert codes(office, "other") == ["Y", "C2", "C3"]


@pytest.mark.parametrize("day", ["x", "2026-13-01", "26/08/2022"])
def test_a_day_that_is_none_is_refused(office: Office, day: str) -> None:
    assert office.get("cell", "/units", on=day).status_code == 422
