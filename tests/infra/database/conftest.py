from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from deploy.local.stack import Stack
from infra.database import Database
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
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    if request.param == "sqlite":
        house = sqlite(tmp_path)
    else:
        house = postgres(request.getfixturevalue("vietnamese"))
    yield house
    house.close()


@pytest.fixture
def db(house: House) -> Database:
    return house.open()
