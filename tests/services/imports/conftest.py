"""An empty installation, and one with units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installed import Site, Sites
from tests.services.imports.office import UNITS, Office


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder of files to take in."""
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def empty(sites: Sites, mode: str, tmp_path: Path, files: Path) -> Iterator[Office]:
    with sites.empty(mode, tmp_path / "data") as site, site.open() as ketnap:
        yield Office(ketnap, files)


@pytest.fixture
def site(sites: Sites, mode: str, tmp_path: Path, files: Path) -> Iterator[Site]:
    """Yield where the units of the office are, and nothing else."""

    def take_in(site: Site) -> None:
        with site.open() as ketnap:
            report = Office(ketnap, files).take(UNITS)
        assert (report.bad, report.changed, report.written) == (0, 6, True)

    with sites.copy(sites.built("offices", mode, take_in), tmp_path / "data") as site:
        yield site


@pytest.fixture
def office(site: Site, files: Path) -> Iterator[Office]:
    with site.open() as ketnap:
        yield Office(ketnap, files)
