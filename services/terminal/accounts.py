"""`ketnap account`: who may sign in and for which unit; a password is generated and told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from infra.access import Access, Account, Grant, NotFound
from services.dossiers.domain.refusals import UnknownUnit
from services.installation import Installation
from services.terminal import asked
from services.terminal.cases import actor
from services.terminal.edge import Stopped
from services.terminal.options import Data, Json, Lang, opened, screen_for
from services.terminal.screen import Screen

Name = Annotated[str, typer.Argument(metavar="NAME")]
At = Annotated[str, typer.Option("--unit", metavar="CODE")]
InRole = Annotated[str, typer.Option("--role", metavar="ROLE")]
First = Annotated[str | None, typer.Option("--first", metavar="DAY")]
Last = Annotated[str | None, typer.Option("--last", metavar="DAY")]


@contextmanager
def accounts_of(ketnap: Installation) -> Iterator[Access]:
    """Open the accounts of a data folder."""
    access = ketnap.access()
    try:
        yield access
    finally:
        access.close()


def list_(data: Data = None, lang: Lang = None, as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    screen = screen_for(lang)
    with opened(data, screen) as ketnap, accounts_of(ketnap) as access:
        rows = [
            _told(account, grant, ketnap, access, screen)
            for account in access.accounts()
            for grant in access.grants(account.id) or (None,)
        ]
    if as_json:
        screen.json(rows)
    elif rows:
        screen.table(_COLUMNS, [[row[name] for name in _COLUMNS] for row in rows])
        screen.note("account.no-passwords")
    else:
        screen.tell("account.none")


_COLUMNS = ("account", "unit", "unit-name", "role", "first", "last", "grant")


def _told(
    account: Account, grant: Grant | None, ketnap: Installation, access: Access, screen: Screen
) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(_COLUMNS) | {"account": account.name}
    if grant is None:
        return told | {"role": screen.words("account.granted-nothing")}
    tree, role = ketnap.units.tree, access.roles.role(grant.role)
    then = tree.unit(grant.unit, access.today())
    return told | {
        "unit": tree.code(grant.unit) if grant.unit in tree else str(grant.unit),
        "unit-name": then.name if then else None,
        "role": role.code if role else grant.role,
        "first": grant.first,
        "last": grant.last,
        "grant": str(grant.id),
    }


def open_(  # noqa: PLR0913, PLR0917 - a command's options
    name: Name,
    unit: At,
    role: InRole,
    first: First = None,
    last: Last = None,
    data: Data = None,
    lang: Lang = None,
) -> None:
    screen = screen_for(lang)
    with opened(data, screen) as ketnap, accounts_of(ketnap) as access:
        days = _days(first, last, access, screen)
        place = place_of(ketnap, access, unit, role)  # refused before there is an account
        account, password = access.open_account(name)
        access.grant(account.name, place, role, first=days[0], last=days[1], by=actor())
    screen.tell("account.opened", name=account.name, password=password)


def password(name: Name, data: Data = None, lang: Lang = None) -> None:
    screen = screen_for(lang)
    with opened(data, screen, current=False) as ketnap, accounts_of(ketnap) as access:
        renewed = access.renew_password(name)
    screen.tell("account.password", name=name.strip().lower(), password=renewed)


def grant(  # noqa: PLR0913, PLR0917 - a command's options
    name: Name,
    unit: At,
    role: InRole,
    first: First = None,
    last: Last = None,
    data: Data = None,
    lang: Lang = None,
) -> None:
    screen = screen_for(lang)
    with opened(data, screen) as ketnap, accounts_of(ketnap) as access:
        days = _days(first, last, access, screen)
        place = place_of(ketnap, access, unit, role)
        made = access.grant(name, place, role, first=days[0], last=days[1], by=actor())
    screen.tell("account.granted", grant=str(made.id), name=name.strip().lower(), unit=unit)


def end(
    name: Name,
    number: Annotated[int | None, typer.Option("--grant", metavar="NUMBER")] = None,
    last: Last = None,
    data: Data = None,
    lang: Lang = None,
) -> None:
    screen = screen_for(lang)
    if last and number is None:
        raise asked.misuse(screen.lang, "end-what", "--last")
    with opened(data, screen, current=False) as ketnap, accounts_of(ketnap) as access:
        day = _day(last, screen, "--last") or access.today() - timedelta(days=1)
        if number is None:
            access.close_account(name)
        else:
            account = access.account(name)
            if not account or number not in {one.id for one in access.grants(account.id)}:
                raise NotFound
            access.end_grant(number, last=day, by=actor())
    if number is None:
        screen.tell("account.closed", name=name.strip().lower())
    else:
        screen.tell("account.ended", grant=str(number), last=day)


def place_of(ketnap: Installation, access: Access, code: str, role: str) -> UUID:
    """Return the unit of a code, where somebody may hold that role today.

    Raises UnknownUnit, and Stopped where there is no such role or not at such a unit.
    """
    tree, today = ketnap.units.tree, access.today()
    place, known = tree.by_code(code, today), access.roles.role(role)
    then = tree.unit(place, today) if place else None
    if place is None or then is None:
        raise UnknownUnit(unit=code)
    if known is None:
        raise Stopped("account.no-role", role=role, roles=", ".join(access.roles.roles))
    if then.kind not in known.unit_kinds:
        raise Stopped("account.unit-not-of-role", role=known.name, unit=code)
    return place


def _days(
    first: str | None, last: str | None, access: Access, screen: Screen
) -> tuple[date, date | None]:
    return _day(first, screen, "--first") or access.today(), _day(last, screen, "--last")


def _day(text: str | None, screen: Screen, option: str) -> date | None:
    return asked.day(text, screen.lang, option) if text else None


VERBS: dict[str, Callable[..., None]] = {
    "list": list_,
    "open": open_,
    "password": password,
    "grant": grant,
    "end": end,
}
