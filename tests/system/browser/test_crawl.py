"""Every page that an account of the demo reaches by links: it is there, right, and of its scope."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from deploy.demo.generate import files
from infra.access.roles import roles
from services.demo import accounts
from tests.system.browser.office import Office, signed_in

MOST, EACH = 120, 4
"""Pages an account, at most: all of them, or where there are more, so many of every kind first."""
_HREF = re.compile(r'href="([^"#]+)')
_SOMEBODY = re.compile(r"Tổng hợp [^\d<]+ \d{4}")
_CODE = re.compile(r"\b(?!dossiers|training|verification|reporting)[a-z]+(?:[-_][a-z]+)+\b")
_CODES_SHOWN = {account["name"] for account in accounts()}
PERIODS = {"PD": 2022, "PB": 2020, "CG": 2022, "BT": 2021, "KH": 2021, "XM": 2026}
"""By organisation, a year in which there is something."""
TOPS = {
    account["unit"]: account["name"]
    for account in reversed(accounts())
    if account["unit"] in PERIODS and "figures" in roles().roles[account["role"]].permissions
}
"""Who sees all of an organisation."""
_NUMBERS = re.compile(r'<a class="figure[^"]*" href="([^"]+)"[^>]*>([\d.]+)</a>')


def homes() -> dict[str, str]:
    """Return the unit of everybody in the demo."""
    found: dict[str, str] = {}
    for text in files().values():
        if "full_name" in text.partition("\n")[0]:
            found |= {
                row["full_name"]: row["unit_code"] for row in csv.DictReader(text.splitlines())
            }
    return found


HOMES = homes()


def kind(path: str) -> str:
    """Return what a page is alike to: the figure whatever its unit, the act whatever its case."""
    parts = urlsplit(path).path.split("/")[1:]
    if parts[0] == "con-so":
        return "con-so/" + re.sub(r"^by_unit\.[^.]+", "by_unit", unquote(parts[2]))
    return "/".join([parts[0], *parts[2:]])


def links(text: str) -> Iterator[str]:
    for href in _HREF.findall(text):
        path = unescape(href)
        if path.startswith("/") and not path.startswith(("/static", "/dang-", "/vai-tro")):
            yield path


@pytest.mark.parametrize("name", [account["name"] for account in accounts()])
def test_all_that_an_account_reaches_is_there_and_of_its_scope(shown: Office, name: str) -> None:
    account = next(each for each in accounts() if each["name"] == name)
    year = PERIODS.get(account["unit"], 2026)
    first, rest = deque([f"/?period={year}", "/"]), deque[str]()
    known: set[str] = set()
    often = Counter[str]()
    wrong = []
    with signed_in(shown, name) as client:
        while (first or rest) and (first or len(known) < MOST):
            path = (first or rest).popleft()
            often[kind(path)] += 1
            answer = client.get(path)
            if answer.status_code != 200:
                wrong.append(f"{answer.status_code} {path}")
            if "html" not in answer.headers["content-type"]:
                continue
            wrong += [f"{what} {path}" for what in amiss(answer.text, account["unit"])]
            for each in links(answer.text):
                if each not in known:
                    known.add(each)
                    planned = often[kind(each)] + sum(kind(p) == kind(each) for p in first)
                    (first if planned < EACH else rest).append(each)

    assert wrong == []
    assert sum(often.values()) <= 3 * MOST
    assert all(often[kind(path)] >= EACH for path in rest)


def amiss(text: str, own: str) -> Iterator[str]:
    """Yield names of people outside the unit, and codes where there should be Vietnamese."""
    shown = re.sub(r"<(script|style|code)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    for person in _SOMEBODY.findall(shown):
        home = HOMES.get(person, "")
        if home != own and not home.startswith(f"{own}-"):
            yield f"name of {home}"
    for code in _CODE.findall(unescape(shown)):
        if code not in _CODES_SHOWN:
            yield f"code “{code}”"


@pytest.mark.parametrize("top", PERIODS)
def test_every_figure_of_an_organisation_opens_to_as_many_facts(shown: Office, top: str) -> None:
    year = str(PERIODS[top])
    seen = Counter[str]()
    with signed_in(shown, TOPS[top]) as client:
        pages = {
            path: client.get(path).text
            for path in (f"/?period={year}", f"/don-vi/{top}?period={year}")
        }
        for path, text in pages.items():
            assert not _bare(text), path
        numbers = dict.fromkeys(pair for text in pages.values() for pair in _NUMBERS.findall(text))
        for href, number in numbers:
            path = unescape(href)
            if not path.startswith("/con-so/") or seen[kind(path)] >= EACH:
                continue
            seen[kind(path)] += 1
            behind = client.get(path)
            assert behind.status_code == 200, path
            if parse_qs(urlsplit(path).query).get("period") == [year]:
                assert f"= {number}" in behind.text, path
    assert {"con-so/admitted", "con-so/funnel.admitted"} <= {*seen}


def _bare(text: str) -> list[str]:
    """Return the cells of numbers in which there is a number that nobody can open."""
    return [
        cell
        for cell in re.findall(r'<td class="n[^"]*"[^>]*>(.*?)</td>', text, flags=re.DOTALL)
        if re.search(
            r"\d",
            re.sub(
                r"<a\b.*?</a>(?:\u2013[\d.]+)?|\d\d/\d\d/\d{4}|<[^>]*>", " ", cell, flags=re.DOTALL
            ),
        )
    ]
