"""Who acts for which unit, from when to when, and by whose word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.access import Access, NoSuchAccount, NoSuchRole, NotFound
from tests.infra.access.doors import HERE, Clock
from tests.infra.vaults import Vault

CELL = UUID("01920000-0000-7000-8000-000000000001")
BOARD = UUID("01920000-0000-7000-8000-000000000002")


def test_a_session_acts_by_one_of_the_grants_that_hold_today(access: Access, clock: Clock) -> None:
    _, password = access.open_account("bi-thu")
    today = access.today()
    cell = access.grant("bi-thu", CELL, "cell_committee", first=today, by="cli")
    board = access.grant("bi-thu", BOARD, "commune_committee", first=today, last=today, by="cli")
    access.grant("bi-thu", BOARD, "inspector", first=date(2026, 12, 1), by="cli")
    token = access.sign_in("bi-thu", password, HERE)

    session = access.session(token)
    assert session is not None
    assert (session.grants, session.acting) == ((cell, board), cell)

    access.act_by(token, board.id)
    session = access.session(token)
    assert session is not None
    assert session.acting == board

    clock.pass_by(timedelta(hours=1))
    access.end_grant(board.id, last=today - timedelta(days=1), by="cli")
    session = access.session(token)
    assert session is not None
    assert (session.grants, session.acting) == ((cell,), cell)


def test_a_day_begins_at_midnight_in_vietnam(access: Access, clock: Clock) -> None:
    access.open_account("bi-thu")
    clock.now = datetime(2026, 11, 24, 16, 59, tzinfo=UTC)
    assert access.today() == date(2026, 11, 24)

    clock.pass_by(timedelta(minutes=1))
    assert access.today() == date(2026, 11, 25)


def test_nobody_acts_by_anothers_grant(access: Access) -> None:
    _, password = access.open_account("bi-thu")
    access.open_account("khac")
    others = access.grant("khac", CELL, "inspector", first=access.today(), by="cli")
    token = access.sign_in("bi-thu", password, HERE)

    with pytest.raises(NotFound):
        access.act_by(token, others.id)

    session = access.session(token)
    assert session is not None
    assert session.acting is None


def test_a_grant_is_of_a_role_that_there_is_for_an_account_that_there_is(access: Access) -> None:
    access.open_account("bi-thu")

    with pytest.raises(NoSuchRole):
        access.grant("bi-thu", CELL, "governor", first=access.today(), by="cli")
    with pytest.raises(NoSuchAccount):
        access.grant("khac", CELL, "inspector", first=access.today(), by="cli")
    with pytest.raises(NotFound):
        access.end_grant(7, last=access.today(), by="cli")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    last=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    on=st.dates(date(2019, 1, 1), date(2031, 1, 1)),
)
def test_the_database_agrees_with_a_grant_on_when_it_holds(
    access: Access, first: date, last: date | None, on: date
) -> None:
    account = access.account("bi-thu") or access.open_account("bi-thu")[0]

    granted = access.grant("bi-thu", CELL, "inspector", first=first, last=last, by="cli")

    assert (granted in access.grants(account.id, on)) == granted.in_force(on)
    assert granted in access.grants(account.id)


def test_what_was_granted_and_ended_names_by_whom(access: Access, vault: Vault) -> None:
    access.open_account("bi-thu")
    made = access.grant("bi-thu", CELL, "inspector", first=date(2026, 1, 1), by="operator-1")
    access.end_grant(made.id, last=date(2026, 6, 30), by="operator-2")

    rows = vault.rows("select granted_by, ended_by, last from grants")
    assert rows == [("operator-1", "operator-2", "2026-06-30")]
