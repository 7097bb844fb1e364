"""A role that sees little is told what it sees, and why nothing of it is here."""

from __future__ import annotations

import pytest

from infra.access.roles import roles
from services.portal.written import has_words, words
from tests.services.portal.conftest import House

SOMEWHERE = {"figures", "task", "class", "verification"}
"""What has a page of its own that fills by itself."""
LITTLE = (
    "mentor",
    "candidate",
    "mass_organisation",
    "auditor",
    "operator",
    "residence_committee",
    "verifying_committee",
)


def test_every_role_that_sees_little_has_its_words() -> None:
    little = {code for code, role in roles().roles.items() if not SOMEWHERE & {*role.permissions}}

    assert little == set(LITTLE)
    for code in little:
        assert has_words(f"role-sees.{code}")
        assert has_words(f"role-nothing.{code}")


@pytest.mark.parametrize("role", LITTLE)
def test_its_first_page_says_what_it_sees_and_why_that_is_nothing(house: House, role: str) -> None:
    name = role.replace("_", "-")
    browser = house.signed_in(name, house.account(name, "P", role))

    page = browser.get("/", follow_redirects=True)

    assert page.status_code == 200
    assert words(f"role-sees.{role}") in page.text.replace("&#39;", "'")
    assert words(f"role-nothing.{role}") in page.text
