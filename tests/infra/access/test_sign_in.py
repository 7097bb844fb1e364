"""Accounts, passwords, sessions, and how often one may try."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import extract_parameters

from infra.access import (
    Access,
    NameTaken,
    NoSuchAccount,
    SignInBusy,
    SignInFailed,
    TooManySignIns,
    UnfitName,
    UnfitPassword,
    WrongPassword,
    passwords,
)
from infra.access.attempts import neighbourhood
from infra.access.passwords import NOBODY, Passwords
from tests.infra.access.doors import HERE, SECRET, THERE, Clock
from tests.infra.vaults import Vault


def fail(access: Access, name: str = "bi-thu", address: str = HERE) -> None:
    with pytest.raises(SignInFailed):
        access.sign_in(name, "not the password", address)


def test_who_has_an_account_signs_in_and_out(access: Access) -> None:
    account, password = access.open_account("bi-thu")

    token = access.sign_in("Bi-Thu ", password, HERE)

    session = access.session(token)
    assert session is not None
    assert (session.account, session.name) == (account.id, "bi-thu")
    access.sign_out(token)
    assert access.session(token) is None


def test_a_password_is_generated_told_once_and_stored_as_argon2id(
    access: Access, vault: Vault
) -> None:
    told = {access.open_account(f"nguoi-{n}")[1] for n in range(3)}

    assert len(told) == 3
    assert all(re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", password) for password in told)
    stored = vault.everything()
    assert stored.count(b"$argon2id$v=19$m=19456,t=2,p=1$") >= 3
    assert not any(password.encode() in stored for password in told)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    Access.in_folder(tmp_path / "access", SECRET).close()
    path = tmp_path / "access" / "access.db"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "a b", "bí-thư", "-a", "a" * 65, "a\nb", "a/b", "a'--"])
def test_a_name_is_plain(access: Access, name: str) -> None:
    with pytest.raises(UnfitName):
        access.open_account(name)


def test_a_name_is_one_accounts(access: Access) -> None:
    access.open_account("bi-thu")

    with pytest.raises(NameTaken):
        access.open_account("BI-THU")


def test_nobody_is_told_whether_the_name_or_the_password_was_wrong(access: Access) -> None:
    access.open_account("bi-thu")
    access.open_account("gone")
    access.close_account("gone")

    told = []
    for name in ("bi-thu", "no-such", "gone"):
        with pytest.raises(SignInFailed) as failed:
            access.sign_in(name, "not the password", HERE)
        told.append((failed.value.code, failed.value.facts))

    assert told == [("sign-in-failed", {})] * 3


def test_an_unknown_name_costs_the_work_of_a_known_one() -> None:
    made = Passwords().hashed("a password of somebody")

    assert extract_parameters(NOBODY) == extract_parameters(made)
    assert not Passwords().fits(None, "a password of somebody")
    assert Passwords().fits(NOBODY, "a")
    assert not Passwords().fits(None, "a"), "nobody's password lets nobody in"
    assert Passwords().fits(made, "a password of somebody")


def test_every_sign_in_verifies_one_hash(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    access.open_account("bi-thu")
    verified: list[str] = []

    class Counting(Passwords):
        def fits(self, stored: str | None, password: str) -> bool:
            verified.append(stored or NOBODY)
            return super().fits(stored, password)

    monkeypatch.setattr(access, "_passwords", Counting())
    fail(access, "bi-thu")
    fail(access, "no-such")

    assert [hashed[:31] for hashed in verified] == ["$argon2id$v=19$m=19456,t=2,p=1$"] * 2


def test_no_stored_text_but_a_hash_fits_any_password() -> None:
    assert not Passwords().fits("", "")
    assert not Passwords().fits("plain", "plain")


def test_two_people_are_verified_at_once_and_a_third_is_asked_to_come_back() -> None:
    busy = Passwords(patience_seconds=0)
    with busy.place(), busy.place(), pytest.raises(SignInBusy):
        busy.fits(None, "x")

    assert not busy.fits(None, "x")


def test_a_try_that_was_not_looked_at_does_not_count(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, password = access.open_account("bi-thu")
    busy = Passwords(patience_seconds=0)
    monkeypatch.setattr(access, "_passwords", busy)
    with busy.place(), busy.place():
        for _ in range(10):
            with pytest.raises(SignInBusy):
                access.sign_in("bi-thu", password, HERE)

    assert access.sign_in("bi-thu", password, HERE)


def test_a_name_is_tried_five_times_and_then_told_when(access: Access, clock: Clock) -> None:
    _, password = access.open_account("bi-thu")
    for _ in range(5):
        fail(access)
        clock.pass_by(timedelta(minutes=1))

    with pytest.raises(TooManySignIns) as refused:
        access.sign_in("bi-thu", password, THERE)

    assert refused.value.facts == {
        "retry_after_seconds": 600,
        "until": clock.now + timedelta(minutes=10),
    }
    clock.pass_by(timedelta(minutes=10))
    assert access.sign_in("bi-thu", password, HERE)


def test_an_address_is_tried_thirty_times_whatever_the_names(access: Access) -> None:
    _, password = access.open_account("bi-thu")
    for n in range(30):
        fail(access, f"guess-{n}")

    with pytest.raises(TooManySignIns):
        access.sign_in("bi-thu", password, HERE)
    assert access.sign_in("bi-thu", password, THERE)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("testclient", "elsewhere", False),
    ],
)
def test_one_household_is_one_address(one: str, other: str, *, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same


def test_success_forgives_the_failures_of_the_name(access: Access) -> None:
    _, password = access.open_account("bi-thu")
    for _ in range(3):
        for _ in range(4):
            fail(access)
        assert access.sign_in("bi-thu", password, HERE)


def test_failures_outlive_the_process_and_hide_what_was_typed(
    access: Access, vault: Vault, another: Callable[[], Access]
) -> None:
    for _ in range(5):
        fail(access, "my-secret-in-the-wrong-field")

    with pytest.raises(TooManySignIns):
        another().sign_in("my-secret-in-the-wrong-field", "x", THERE)
    assert b"my-secret" not in vault.everything()
    assert HERE.encode() not in vault.everything()


def test_many_who_try_at_once_are_counted_one_by_one(another: Callable[[], Access]) -> None:
    processes = [another() for _ in range(3)]
    processes[0].open_account("bi-thu")

    def attempt(access: Access) -> str:
        try:
            return access.sign_in("bi-thu", "x", HERE)
        except (SignInFailed, TooManySignIns, SignInBusy) as refusal:
            return refusal.code

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(attempt, processes * 4))

    assert told.count("sign-in-failed") <= 5
    assert len(told) == 12


def test_a_name_that_two_processes_give_at_once_is_given_once(
    another: Callable[[], Access],
) -> None:
    processes = [another() for _ in range(2)]

    def give(access: Access) -> str:
        try:
            return access.open_account("bi-thu")[0].name
        except NameTaken as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(give, processes))

    assert told == ["bi-thu", "name-taken"]


def test_a_token_is_kept_only_as_a_digest_and_is_new_each_time(
    access: Access, vault: Vault
) -> None:
    _, password = access.open_account("bi-thu")

    tokens = {access.sign_in("bi-thu", password, HERE) for _ in range(3)}

    assert len(tokens) == 3
    assert not any(token.encode() in vault.everything() for token in tokens)


@pytest.mark.parametrize("name", ["", "bi-thu\0", "\0", "' or 1=1 --", "bí thư", "\ud800"])
def test_a_made_up_name_is_nobodys(access: Access, name: str) -> None:
    access.open_account("bi-thu")

    fail(access, name)
    assert access.account(name) is None


@pytest.mark.parametrize("token", ["", "x", "\ud800", "' or 1=1 --"])
def test_a_made_up_token_is_nobodys(access: Access, token: str) -> None:
    access.open_account("bi-thu")

    assert access.session(token) is None


def test_a_session_ends_after_two_idle_hours_and_after_twelve(access: Access, clock: Clock) -> None:
    _, password = access.open_account("bi-thu")
    idle, busy = (access.sign_in("bi-thu", password, HERE) for _ in range(2))

    for _ in range(7):
        clock.pass_by(timedelta(minutes=100))
        assert access.session(busy)
    assert access.session(idle) is None

    clock.pass_by(timedelta(minutes=20))
    assert access.session(busy) is None


def test_a_new_password_ends_every_session(access: Access) -> None:
    account, old = access.open_account("bi-thu")
    tokens = [access.sign_in("bi-thu", old, HERE) for _ in range(2)]

    access.change_password(account.id, old, "một mật khẩu thật dài")

    assert [access.session(token) for token in tokens] == [None, None]
    with pytest.raises(SignInFailed):
        access.sign_in("bi-thu", old, HERE)
    assert access.sign_in("bi-thu", "một mật khẩu thật dài", HERE)


def test_a_renewed_password_ends_every_session_too(access: Access) -> None:
    _, old = access.open_account("bi-thu")
    token = access.sign_in("bi-thu", old, HERE)

    new = access.renew_password("bi-thu")

    assert new != old
    assert access.session(token) is None
    assert access.sign_in("bi-thu", new, HERE)


def test_a_password_that_changes_while_it_is_verified_opens_nothing(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, old = access.open_account("bi-thu")

    class Slow(Passwords):
        def fits(self, stored: str | None, password: str) -> bool:
            fitted = super().fits(stored, password)
            access.renew_password("bi-thu")
            return fitted

    monkeypatch.setattr(access, "_passwords", Slow())

    with pytest.raises(SignInFailed):
        access.sign_in("bi-thu", old, HERE)


def test_who_changes_a_password_says_the_old_one(access: Access) -> None:
    account, old = access.open_account("bi-thu")
    token = access.sign_in("bi-thu", old, HERE)

    with pytest.raises(WrongPassword):
        access.change_password(account.id, "not the password", "một mật khẩu thật dài")
    with pytest.raises(WrongPassword):
        access.change_password("nobody", old, "một mật khẩu thật dài")

    assert access.session(token)


@pytest.mark.parametrize("new", ["short", "a" * 40, "abababababab", "x" * 129])
def test_a_chosen_password_is_long_and_varied(access: Access, new: str) -> None:
    account, old = access.open_account("bi-thu")

    with pytest.raises(UnfitPassword):
        access.change_password(account.id, old, new)
    with pytest.raises(UnfitPassword):
        access.change_password(account.id, old, old)


def test_marks_may_be_typed_as_one_sign_or_two() -> None:
    composed, decomposed = (
        "m\u1ed9t m\u1eadt kh\u1ea9u",
        "mo\u0323\u0302t ma\u0323\u0302t kha\u0302\u0309u",
    )

    assert composed != decomposed
    assert Passwords().fits(Passwords().hashed(composed), decomposed)


def test_a_closed_account_is_signed_out_and_unknown(access: Access) -> None:
    _, password = access.open_account("bi-thu")
    token = access.sign_in("bi-thu", password, HERE)

    access.close_account("bi-thu")

    assert access.session(token) is None
    assert access.account("bi-thu") is None
    assert access.accounts() == []
    for refused in (access.renew_password, access.close_account):
        with pytest.raises(NoSuchAccount):
            refused("bi-thu")


def test_a_form_belongs_to_one_session(access: Access) -> None:
    _, password = access.open_account("bi-thu")
    one, other = (access.sign_in("bi-thu", password, HERE) for _ in range(2))
    session = access.session(one)
    assert session is not None

    assert access.csrf_fits(one, session.csrf)
    assert not access.csrf_fits(other, session.csrf)
    for forged in ("", "x", "\ud800", one, session.csrf[:-1], session.csrf.upper() + "x"):
        assert not access.csrf_fits(one, forged)


def test_the_length_of_a_password_is_counted_in_signs() -> None:
    assert passwords.is_fit("đủ dài và đủ khác nhau")
    assert passwords.is_fit("ằ ẵ ệ ộ ữ 12" + "x" * 116)
    assert not passwords.is_fit("đủ ngắn ắ")
