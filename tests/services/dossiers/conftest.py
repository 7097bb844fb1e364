from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.ledger.claims import rebuild_claims
from tests.installed import Sites
from tests.services.dossiers.desk import NOW, Office
from tests.services.dossiers.office import District


@pytest.fixture
def district() -> District:
    return District()


@pytest.fixture
def office(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Office]:
    with sites.empty(mode, tmp_path / "data") as site, site.open(clock=lambda: NOW) as ketnap:
        office = Office(ketnap)
        yield office
        assert dict(office.ledger.claims()) == rebuild_claims(office.ledger, office.keys)
