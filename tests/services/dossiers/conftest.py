from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.ledger.claims import rebuild_claims
from tests.services.dossiers.desk import Office
from tests.services.dossiers.office import District


@pytest.fixture
def district() -> District:
    return District()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    assert dict(office.ledger.claims()) == rebuild_claims(office.ledger, office.keys)
    office.close()
