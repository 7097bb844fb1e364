"""An empty installation, and one with units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.embedded import Embedded
from tests.services.imports.office import UNITS, Office


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "files").mkdir()
    with Embedded.open(tmp_path / "data") as ketnap:
        yield Office(ketnap, tmp_path / "files")


@pytest.fixture
def office(empty: Office) -> Office:
    report = empty.take(UNITS)
    assert (report.bad, report.changed, report.written) == (0, 6, True)
    return empty
