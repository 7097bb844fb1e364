"""Accounts as their keeper has them: opened, granted, renewed, ended, by the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.access import Access, SignInFailed
from services.__main__ import NOUNS, command
from services.terminal.accounts import accounts_of
from tests.installed import Site
from tests.system.small import Run

BOARD = ("--unit", "H-1", "--role", "grassroots_committee")
_PASSWORD = re.compile(r"\b[a-z2-9]{5}(?:-[a-z2-9]{5}){3}\b")


@contextmanager
def access(site: Site) -> Iterator[Access]:
    with site.open() as ketnap, accounts_of(ketnap) as opened:
        yield opened


def told(text: str) -> str:
    (password,) = _PASSWORD.findall(text)
    return str(password)


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("verb", NOUNS["account"])
def test_every_verb_explains_itself_with_an_example(run: Run, verb: str, lang: str) -> None:
    result = run("account", verb, "--lang", lang, "--help")

    assert result.code == 0
    assert f"ketnap account {verb}" in result.out


def test_every_option_of_a_verb_is_explained() -> None:
    group = command("vi").commands["account"]

    assert [
        (verb, param.name)
        for verb, one in getattr(group, "commands", {}).items()
        for param in one.params
        if param.name != "help" and not getattr(param, "help", None)
    ] == []


def test_an_account_signs_in_with_the_password_that_was_printed_once(
    run: Run, site: Site, data: Path
) -> None:
    opened = run("account", "open", "Co-So-1", *BOARD, "--data", data)

    assert opened.code == 0
    with access(site) as door:
        session = door.session(door.sign_in("co-so-1", told(opened.out), "127.0.0.1"))
        assert session
        assert session.acting
        assert session.acting.role == "grassroots_committee"
    listed = run("account", "list", "--json", "--data", data)
    assert [(row["account"], row["unit"], row["last"]) for row in listed.json] == [
        ("co-so-1", "H-1", None)
    ]
    assert told(opened.out) not in listed.out + run("account", "list", "--data", data).out


def test_a_renewed_password_replaces_the_old_one(run: Run, site: Site, data: Path) -> None:
    old = told(run("account", "open", "a", *BOARD, "--data", data).out)

    new = told(run("account", "password", "a", "--data", data).out)

    with access(site) as door:
        assert door.sign_in("a", new, "127.0.0.1")
        with pytest.raises(SignInFailed):
            door.sign_in("a", old, "127.0.0.1")


def test_a_grant_can_be_added_and_ended_and_the_account_closed(
    run: Run, site: Site, data: Path
) -> None:
    password = told(run("account", "open", "a", *BOARD, "--data", data).out)
    second = ("--unit", "H", "--role", "inspector", "--last", "31/12/2099")
    assert run("account", "grant", "a", *second, "--data", data).code == 0

    assert run("account", "end", "a", "--grant", "1", "--data", data).code == 0

    with access(site) as door:
        session = door.session(door.sign_in("a", password, "127.0.0.1"))
        assert session
        assert [grant.role for grant in session.grants] == ["inspector"]
    assert run("account", "end", "a", "--data", data).code == 0
    assert run("account", "list", "--json", "--data", data).json == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("open", "a", "--unit", "H-9", "--role", "inspector"), "H-9"),
        (("open", "a", "--unit", "H", "--role", "king"), "king"),
        (("open", "a", "--unit", "H-TT", "--role", "inspector"), "H-TT"),
        (("open", "Tổ chức", *BOARD), "Tổ chức"),
        (("open", "b", *BOARD), "b"),
        (("password", "nobody"), "nobody"),
        (("end", "nobody"), "nobody"),
        (("end", "b", "--grant", "7"), ""),
        (("end", "nobody", "--grant", "1"), ""),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(
    run: Run, data: Path, arguments: tuple[str, ...], why: str
) -> None:
    run("account", "open", "b", *BOARD, "--data", data)

    result = run("account", *arguments, "--data", data)

    assert result.code == 1
    assert why in result.err
    listed = run("account", "list", "--json", "--data", data).json
    assert [row["account"] for row in listed] == ["b"]


def test_nothing_is_open_in_a_folder_until_somebody_opens_it(run: Run, data: Path) -> None:
    assert run("account", "list", "--json", "--data", data).json == []
    assert "account open" in run("account", "list", "--data", data).out


def test_a_last_day_without_a_grant_is_misuse(run: Run, data: Path) -> None:
    assert run("account", "end", "a", "--last", "2026-01-01", "--data", data).code == 2
