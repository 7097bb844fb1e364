"""Every act that cannot be done says why: in cases, classes and verifications, to several roles."""

from __future__ import annotations

import re
from html import unescape
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from httpx2 import Client

from services.portal import acts, classes, verification
from services.portal.written import words
from tests.system.browser.office import Office, looks_right, signed_in, write

CASES = 3
ROLES = ("chi-bo-xm", "dang-uy-co-so-xm", "dang-uy-xa-mau", "dang-uy-bo-phan-xm", "kiem-tra-cg")
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
_REASONS = re.compile(
    r'<summary>Việc chưa ghi được, và vì sao</summary>\s*<ul class="list">(.*?)</ul>', re.DOTALL
)


def said(text: str) -> str:
    """Return what a page says, in one line."""
    return " ".join(unescape(_TAGS.sub(" ", text)).split())


def reasons(text: str) -> list[str]:
    """Return what stands in the list of acts that cannot be done."""
    found = _REASONS.search(text)
    return [said(each) for each in found[1].split("</li>") if said(each)] if found else []


def some(client: Client, path: str, of: str) -> list[str]:
    """Return the first records that a list leads to."""
    found = re.findall(rf'href="({of}[0-9a-f-]{{36}})', client.get(path).text)
    return list(dict.fromkeys(found))[:CASES]


@pytest.mark.parametrize("name", ROLES)
def test_every_act_of_a_case_can_be_written_is_done_or_says_why_not(
    shown: Office, name: str
) -> None:
    with signed_in(shown, name) as client:
        cases = some(client, "/viec", "/ho-so/")
        assert cases
        for case in cases:
            for act in acts.ACTS:
                text = client.get(f"{case}/{act}").text
                named = words(f"portal_case/act.{act}.name")
                told = [said(text)] if "refusal" in text else reasons(text)
                assert (
                    f'action="{case}/{act}"' in text
                    or any(named.casefold() in each.casefold() for each in told)
                    or words("portal_case/case.done", name=named) in said(text)
                ), (name, case, act)
                for each in reasons(text):
                    assert each.startswith("Vai trò ") or ". " in each, "a name, and then why"


@pytest.fixture(scope="module")
def working(shown: Office) -> Office:
    """Bring two people to the seal, one of them to a reply, and open a class beside the old one."""
    cell, committee = shown.desk("chi-bo-xm"), shown.desk("dang-uy-co-so-xm")
    for number in (1, 2):
        write(
            cell,
            "/gioi-thieu",
            unit="XM-01-1",
            on="02/11/2026",
            full_name=f"Tổng hợp Thẩm Tra {number}",
            birth_date="09/09/1999",
            person_ref=f"SYN-XM-930{number}",
        )
        cell.wait_for_url(re.compile("/ho-so/"))
        case = urlsplit(cell.url).path
        write(cell, f"{case}/application", on="03/11/2026")
        cell.locator("#written").wait_for()
        write(committee, f"{case}/personal-history-seal", on="04/11/2026")
        committee.locator("#written").wait_for()
    committee.goto("/tham-tra")
    committee.locator('main a[href*="/tham-tra/"]').first.click()
    verified = urlsplit(committee.url).path
    told = {"subject_kind": "candidate", "place": "XM-02", "on": "05/11/2026"}
    write(committee, f"{verified}/yeu-cau", **told)
    committee.locator("#written").wait_for()
    write(committee, f"{verified}/tra-loi", request="1", fits="yes", on="12/11/2026")
    committee.locator("#written").wait_for()
    centre = shown.desk("trung-tam-xm")
    write(centre, "/lop", code="XM-93", on="10/11/2026")
    centre.wait_for_url(re.compile("/lop/"))
    return shown


@pytest.mark.parametrize(
    ("name", "path", "deeds"),
    [
        *((who, "/tham-tra", verification) for who in ROLES[:3]),
        *((who, "/lop", classes) for who in ("trung-tam-xm", "dang-uy-xa-mau")),
    ],
)
def test_every_act_of_a_class_and_a_verification_can_be_written_or_says_why_not(
    working: Office, name: str, path: str, deeds: ModuleType
) -> None:
    section = {verification: "verification", classes: "class"}[deeds]
    with signed_in(working, name) as client:
        records = some(client, path, f"{path}/")
        assert len(records) == 2
        for record in records:
            for deed in deeds.DEEDS:
                text = client.get(f"{record}/{deed.slug}").text
                named = words(f"portal_work/{section}.act-{deed.act}")
                assert (
                    f'action="{record}/{deed.slug}"' in text
                    or "refusal" in text
                    or any(named.casefold() in each.casefold() for each in reasons(text))
                ), (name, record, deed.slug)


def test_pages_of_one_class_and_one_verification_are_accessible_and_fit(working: Office) -> None:
    for name, path in (("dang-uy-co-so-xm", "/tham-tra"), ("trung-tam-xm", "/lop")):
        with signed_in(working, name) as client:
            records = some(client, path, f"{path}/")
        page = working.desk(name)
        for record in records:
            page.goto(record)
            looks_right(page)
