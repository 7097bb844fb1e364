"""The table of roles: it agrees with itself and with the kinds of units."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from events.rulebook import rulebook
from infra.access import BadRolesError, roles
from infra.access.roles import parsed

TABLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[3] / "contracts/rulebook/roles.toml").read_text(encoding="utf-8")
)


def test_every_role_is_named_in_vietnamese_and_belongs_to_kinds_of_units_that_there_are() -> None:
    for role in roles().roles.values():
        assert role.name.strip()
        assert role.unit_kinds
        assert [kind for kind in role.unit_kinds if rulebook().unit_kind(kind) is None] == []


def test_some_role_may_do_every_act() -> None:
    granted = {
        f"{kind}.{act}"
        for role in roles().roles.values()
        for kind, permissions in role.permissions.items()
        for permission in permissions
        for act in permission.acts
    }

    assert granted == {f"{kind}.{act}" for kind, acts in roles().acts.items() for act in acts}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"on": ["candidacy"], "acts": ["see", "burn"], "reach": "own"}, "unknown act: burn"),
        ({"on": ["secret"], "acts": ["see"], "reach": "own"}, "unknown kind: secret"),
        ({"on": ["unit"], "acts": ["see"], "reach": "own", "through": "x"}, "unknown link: x"),
        ({"on": ["candidacy"], "acts": ["vote"], "reach": "own"}, "acts on what it does not see"),
        ({"on": ["candidacy"], "acts": ["see"], "reach": "above"}, "Invalid enum value 'above'"),
        ({"on": ["candidacy"], "acts": ["see"], "reach": "own", "if": 1}, "unknown field `if`"),
    ],
)
def test_a_table_that_contradicts_itself_is_not_used(wrong: dict[str, Any], reason: str) -> None:
    table = deepcopy(TABLE)
    table["roles"]["mentor"]["may"] = [wrong]

    with pytest.raises(BadRolesError, match=reason):
        parsed(table)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"apart": [["candidacy.vote", "candidacy.burn"]]}, "unknown act: candidacy.burn"),
        ({"kinds": TABLE["kinds"] | {"secret": {"acts": ["burn"]}}}, "unseen kind: secret"),
    ],
)
def test_duties_and_kinds_are_known_and_seen(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRolesError, match=reason):
        parsed(TABLE | changed)
