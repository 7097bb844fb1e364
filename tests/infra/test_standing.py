"""A policy has come to a position when the view shows what it recorded there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from infra.ledger.port import EMPTY_DIGEST, Head, Ledger
from infra.standing import Following, Standing

POLICY = "verification.policy.dossiers"


@dataclass
class Books:
    """A ledger and its view, as far as one asks where they stand."""

    name = "verification"
    last: int = 0
    shown: int = 0
    reacted: dict[str, int] = field(default_factory=lambda: {POLICY: 0})

    def head(self) -> Head:
        return Head(self.last, EMPTY_DIGEST, datetime.now(UTC))

    def reader(self, name: str) -> int:
        return self.reacted[name]

    def slowest(self, ledger: str) -> dict[str, int]:
        return {ledger: self.shown}


def test_a_policy_is_as_far_as_the_view_shows_what_it_recorded() -> None:
    books = Books()
    following = Following(cast("Ledger", books), [POLICY], cast("Standing", books))
    assert following.positions() == {"verification": 0, "dossiers": 0}

    books.reacted[POLICY], books.last = 7, 1
    assert following.positions() == {"verification": 0, "dossiers": 0}, "recorded, and not shown"

    books.shown = 1
    assert following.positions() == {"verification": 1, "dossiers": 7}


def test_who_writes_on_and_on_keeps_nobody_waiting() -> None:
    books = Books(reacted={POLICY: 7}, last=1)
    following = Following(cast("Ledger", books), [POLICY], cast("Standing", books))
    following.positions()

    books.last, books.shown = 9, 1

    assert following.positions()["dossiers"] == 7
