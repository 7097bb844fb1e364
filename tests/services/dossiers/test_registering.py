"""Units: registered, changed, ended, rehearsed, and told to another process."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from infra.database import SqliteFile
from infra.feed import LedgerFeed
from services.dossiers.application import (
    CorrectUnit,
    DissolveUnit,
    Dossiers,
    MoveUnit,
    ReclassifyUnit,
    RegisterUnit,
    RenameUnit,
)
from services.dossiers.domain import refusals
from services.dossiers.view import UnitsView
from tests.services.dossiers.desk import TODAY, UNKNOWN, Office
from tests.services.dossiers.office import BY


def test_units_are_registered_changed_and_ended(office: Office) -> None:
    day, cell = date(2022, 7, 1), office.cell

    done = [
        office.app.perform(command)
        for command in (
            RenameUnit(unit=cell, on=day, name="Chi bộ Hai", by=BY),
            MoveUnit(unit=cell, on=day, parent=None, by=BY),
            ReclassifyUnit(unit=cell, on=day, kind="grassroots_cell", by=BY),
            CorrectUnit(unit=cell, on=day, name="Chi bộ Ba", kind="cell", reason="nhầm", by=BY),
            DissolveUnit(unit=cell, on=date(2022, 12, 31), successors=(office.other,), by=BY),
        )
    ]

    assert [office.recorded(*positions) for positions in done] == [
        ["UnitRenamed"],
        ["UnitMoved"],
        ["UnitReclassified"],
        ["UnitCorrected"],
        ["UnitDissolved"],
    ]
    assert office.units.tree.taking(cell, date(2023, 1, 1)) == office.other


def test_a_unit_that_is_registered_so_already_changes_nothing(office: Office) -> None:
    again = RegisterUnit(unit=office.cell, code="C1", name="C1", kind="cell", by=BY)

    assert office.app.perform(again) == ()
    office.refused(replace(again, code="C9"), refusals.UnitAlreadyRegistered)


def test_an_unknown_unit_cannot_change(office: Office) -> None:
    office.refused(RenameUnit(unit=UNKNOWN, on=TODAY, name="Khác", by=BY), refusals.UnknownUnit)


def test_the_code_of_a_unit_that_somebody_else_registered_meanwhile_is_taken(
    office: Office, tmp_path: Path
) -> None:
    units = UnitsView(SqliteFile(tmp_path / "others.db"))
    elsewhere = Dossiers(office.ledger, office.keys, units)

    with pytest.raises(refusals.UnitCodeTaken):
        elsewhere.perform(RegisterUnit(unit=uuid7(), code="C1", name="X", kind="cell", by=BY))

    assert units.tree.with_code("C1") == ()
    units.close()


def test_a_parent_may_be_registered_in_the_same_rehearsal_which_leaves_nothing(
    office: Office,
) -> None:
    parent, child = uuid7(), uuid7()
    commands = [
        RegisterUnit(unit=parent, code="N1", name="N1", kind="cell", by=BY),
        RegisterUnit(unit=child, code="N2", name="N2", kind="cell", parent=parent, by=BY),
    ]
    before = office.ledger.head()

    assert office.app.perform_all(commands, dry_run=True) == [(0,), (0,)]
    assert parent not in office.units.tree
    assert office.ledger.head() == before
    office.app.perform_all(commands)

    assert office.units.tree.ancestors(child, TODAY) == [parent]


def test_a_rehearsal_of_several_files_sees_the_units_of_earlier_ones(office: Office) -> None:
    unit = uuid7()

    with office.app.rehearsal():
        office.app.perform_all(
            [RegisterUnit(unit=unit, code="N1", name="N1", kind="cell", by=BY)], dry_run=True
        )
        outcomes = office.app.perform_all([office.row(unit=unit)], dry_run=True)

    assert outcomes == [(0,) * 15]
    assert unit not in office.units.tree


def test_the_view_tells_another_process_what_the_ledger_holds(
    office: Office, tmp_path: Path
) -> None:
    office.app.perform(
        DissolveUnit(unit=office.cell, on=date(2022, 12, 31), successors=(office.other,), by=BY)
    )
    view = UnitsView(SqliteFile(tmp_path / "other.db"))
    runner = view.runner(LedgerFeed(office.ledger))
    runner.catch_up(office.ledger.head().position)

    assert view.tree.by_code("C1", TODAY) is None
    assert view.tree.taking(office.cell, TODAY) == office.other
    assert view.tree.ancestors(office.other, TODAY) == [office.district]
    view.close()
