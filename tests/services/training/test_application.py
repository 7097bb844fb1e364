"""Training's commands, on a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from events.envelope import By
from services.training.application import CompleteClass, OpenClass, RecordClass, Training
from services.training.domain import ClassAlreadyOpen, Details, UnknownClass
from tests.installed import Sites

CLERK = By(actor="clerk")
CENTRE = UUID(int=1)
OPEN = OpenClass(on=date(2020, 5, 11), code="L1", centre=CENTRE, enrolled=68, by=CLERK)


@pytest.fixture
def training(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Training]:
    with sites.empty(mode, tmp_path / "data") as site, site.open() as ketnap:
        yield ketnap.training


def test_a_class_opens_and_completes(training: Training) -> None:
    assert training.perform(OPEN) == (1,)
    assert training.perform(CompleteClass(on=date(2020, 5, 16), code="L1", by=CLERK)) == (2,)


def test_a_code_is_one_class_s(training: Training) -> None:
    training.perform(OPEN)

    with pytest.raises(ClassAlreadyOpen):
        training.perform(OPEN)

    assert training.ledger.head().position == 1


def test_a_class_that_nobody_knows_does_not_complete(training: Training) -> None:
    with pytest.raises(UnknownClass):
        training.perform(CompleteClass(on=date(2020, 5, 16), code="L1", by=CLERK))


def test_a_row_finds_its_class_by_code(training: Training) -> None:
    row = RecordClass(
        on=date(2026, 11, 24),
        details=Details(code="L1", centre=CENTRE, opened_on=date(2020, 5, 11), enrolled=68),
        by=CLERK,
    )
    training.perform(OPEN)

    assert training.perform_all([row, row]) == [(), ()]
