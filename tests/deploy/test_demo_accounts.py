"""The demo opens one account a role, over a unit in which the role can be."""

from __future__ import annotations

import csv

from deploy.demo.generate import files
from infra.access.roles import roles
from services.demo import accounts


def test_every_role_of_the_rulebook_has_one_account() -> None:
    assert sorted(account["role"] for account in accounts()) == sorted(roles().roles)
    assert len({account["name"] for account in accounts()}) == len(accounts())


def test_every_account_acts_for_a_unit_of_a_kind_that_its_role_is_of() -> None:
    kinds = {
        row["code"]: row["kind"]
        for path, text in files().items()
        if str(path).endswith("organisations.csv")
        for row in csv.DictReader(text.splitlines())
    }

    for account in accounts():
        assert kinds[account["unit"]] in roles().roles[account["role"]].unit_kinds, account
