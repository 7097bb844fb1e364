from collections.abc import Iterator

import pytest

from infra.ledger.port import Ledger
from tests.ports.places import ADAPTERS, Place


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    place = request.param(request)
    yield place
    place.close()


@pytest.fixture
def ledger(place: Place) -> Ledger:
    return place.open()
