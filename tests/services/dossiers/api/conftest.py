from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.installed import Sites
from tests.services.dossiers.api.office import Office, register_all


@pytest.fixture
def office(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Office]:
    units = sites.built("communes", mode, register_all)
    with sites.copy(units, tmp_path / "data") as site, closing(Office(site)) as office:
        yield office
