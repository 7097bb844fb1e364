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

    def opened(self, versions: Mapping[UUID, int]) -> dict[UUID, Mapping[str, Any]]:
        """Return what the box of one fact about each person holds; of none whose key is gone."""
        found: dict[UUID, Mapping[str, Any]] = {}
        with self._keys.held():
            self._keys.hold(versions.keys())
            for person, events in self._ledger.streams(versions.keys()).items():
                version = versions[person]
                box = next((e.sealed for e in events if e.originator_version == version), None)
                if box and (fields := self._keys.open(person, person, version, box)):
                    found[person] = fields
        return found
