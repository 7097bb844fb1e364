"""An inn on a fresh ledger, in a file and on Postgres."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra.database.migrating import migrate
from infra.ledger.port import Ledger
from infra.ledger.postgres import STEPS, PostgresLedger
from infra.ledger.sqlite import SqliteLedger
from infra.sealing import Keys
from tests.infra.ledger.inn import Inn


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    opened: Ledger
    if request.param == "sqlite":
        opened = SqliteLedger(tmp_path / "inn.db", "inn")
    else:
        database = request.getfixturevalue("database")
        migrate(database, "inn", STEPS)
        opened = PostgresLedger(database, "inn")
    with closing(opened):
        yield opened


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    with closing(Keys.in_folder(tmp_path / "keys")) as opened:
        yield opened


@pytest.fixture
def inn(ledger: Ledger, keys: Keys) -> Inn:
    return Inn(ledger, keys)
