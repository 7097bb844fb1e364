"""Where the view opens what is sealed about a person: the ledger's boxes and the keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from infra.ledger.port import Ledger
from infra.sealing import Keys


class Boxes:
    """The personal fields of one ledger."""

    def __init__(self, ledger: Ledger, keys: Keys) -> None:
        self._ledger = ledger
        self._keys = keys
        self.blind = keys.blind

    def opened(self, person: UUID, version: int) -> Mapping[str, Any] | None:
        """Return what the box of a fact about a person holds; None once the key is destroyed."""
        box = self._ledger.boxes(person).get(version)
        return self._keys.open(person, person, version, box) if box else None
