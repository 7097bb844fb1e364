from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.ledger.port import Ledger
from tests.ports.places import ADAPTERS, Place


@pytest.fixture(params=sorted(ADAPTERS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = ADAPTERS[request.param](tmp_path)
    yield place
    place.close()


@pytest.fixture
def ledger(place: Place) -> Ledger:
    return place.open()
