from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from deploy.local.stack import Stack
from infra.database import Database, Place
from tests.infra.database.places import House, postgres, sqlite


@pytest.fixture
def vietnamese(stack: Stack) -> Iterator[str]:
    """Return a database whose own order of texts is not that of their bytes."""
    name = f"test_{uuid4().hex[:16]}"
    with psycopg.connect(stack.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            f"create database {name} template template0 encoding 'UTF8' locale 'C'"
            " locale_provider icu icu_locale 'vi'".encode()
        )
    yield stack.dsn(name)
    stack.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return sqlite(tmp_path)
    return postgres(request.getfixturevalue("vietnamese"))


@pytest.fixture
def house(place: Place) -> Iterator[House]:
    house = House(place)
    yield house
    house.close()


@pytest.fixture
def db(house: House) -> Database:
    return house.open()
