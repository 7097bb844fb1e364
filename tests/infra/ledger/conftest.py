"""An inn on a fresh SQLite ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.ledger.sqlite import SqliteLedger
from infra.sealing import Keys
from tests.infra.ledger.inn import Inn


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(tmp_path / "inn.db", "inn")
    yield ledger
    ledger.close()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    keys = Keys.in_folder(tmp_path / "keys")
    yield keys
    keys.close()


@pytest.fixture
def inn(ledger: SqliteLedger, keys: Keys) -> Inn:
    return Inn(ledger, keys)
