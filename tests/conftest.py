"""What tests of several folders stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import demo as five
from services.embedded import Embedded
from services.imports.run import import_files

pytest_plugins = ["pytester", "tests.stack"]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the five organisations, which nobody writes to."""
    folder = tmp_path_factory.mktemp("demo")
    with Embedded.open(folder) as ketnap:
        reports = import_files(ketnap, five.files(), commit=True)
    assert [line for report in reports for line in report.errors] == []
    assert all(report.written for report in reports)
    return folder
