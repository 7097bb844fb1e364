"""Every page that an account of the demo reaches by links: it is there, right, and of its scope."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Client

from deploy.demo.generate import files
from services.demo import accounts
from tests.system.browser.office import Office

MOST = 60
"""Pages an account; those of a kind that was seen often come last."""
_HREF = re.compile(r'href="([^"#]+)')
_HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
_SOMEBODY = re.compile(r"Tổng hợp [^\d<]+ \d{4}")
_CODE = re.compile(r"\b(?!dossiers|training|verification|reporting)[a-z]+(?:[-_][a-z]+)+\b")
_CODES_SHOWN = {account["name"] for account in accounts()}
PERIODS = {"PD": 2022, "PB": 2020, "CG": 2022, "BT": 2021, "KH": 2021}


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


@contextmanager
def signed_in(office: Office, name: str) -> Iterator[Client]:
    with Client(base_url=office.server.address, follow_redirects=True, timeout=60) as client:
        form = client.get("/dang-nhap").text
        told = {**dict(_HIDDEN.findall(form)), "name": name, "password": office.passwords[name]}
        assert client.post("/dang-nhap", data=told).status_code == 200
        yield client


def kind(path: str) -> str:
    """Return what a page is alike to: the figure whatever its unit, the act whatever its case."""
    parts = urlsplit(path).path.split("/")[1:]
    if parts[0] == "con-so":
        return "con-so/" + parts[2].split(".")[0]
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
    waiting = deque([f"/?period={year}", "/"])
    known: set[str] = set()
    often: dict[str, int] = {}
    wrong = []
    with signed_in(shown, name) as client:
        while waiting and len(known) < MOST:
            path = waiting.popleft()
            if path in known:
                continue
            if often.get(kind(path), 0) >= 4 and any(often.get(kind(p), 0) < 4 for p in waiting):
                waiting.append(path)
                continue
            known.add(path)
            often[kind(path)] = often.get(kind(path), 0) + 1
            answer = client.get(path)
            if answer.status_code != 200:
                wrong.append(f"{answer.status_code} {path}")
            if "html" not in answer.headers["content-type"]:
                continue
            wrong += [f"{what} {path}" for what in amiss(answer.text, account["unit"])]
            waiting.extend(dict.fromkeys(links(answer.text)))

    assert wrong == []
    assert known


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


def test_what_is_not_linked_from_a_figure_does_not_count_as_open(shown: Office) -> None:
    with signed_in(shown, "dang-uy-xa-mau") as client:
        for path in ("/?period=2026", "/don-vi/XM?period=2026"):
            text = client.get(path).text
            numbers = re.findall(r'<a class="figure[^"]*" href="([^"]+)"[^>]*>([\d.]+)</a>', text)
            assert numbers
            for href, number in numbers:
                behind = client.get(unescape(href))
                assert behind.status_code == 200, href
                if parse_qs(urlsplit(unescape(href)).query).get("period") == ["2026"]:
                    assert f"= {number}" in behind.text, href
