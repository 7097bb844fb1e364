from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.database import Database, Place
from tests.infra.database.places import House, postgres, sqlite


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return sqlite(tmp_path)
    return postgres(request.getfixturevalue("database"))


@pytest.fixture
def house(place: Place) -> Iterator[House]:
    house = House(place)
    yield house
    house.close()


@pytest.fixture
def db(house: House) -> Database:
    return house.open()
