"""A newcomer's case goes its whole way through the pages alone, in four roles."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.system.browser.office import Office, ketnap, write

PERSON = {
    "full_name": "Tổng hợp Người Mới",
    "birth_date": "09/09/1999",
    "person_ref": "SYN-XM-9100",
}
FIGURES = ("nominated", "certified", "applied", "received", "decided", "admitted")


def done(page: Page) -> None:
    """Expect that a page says that it was written."""
    expect(page.locator("#written")).to_contain_text("Đã ghi")


def funnel(page: Page) -> list[int]:
    """Return how many people went through each step in 2025, as the commune sees it."""
    page.goto("/don-vi/XM?period=2025")
    return [
        int(page.locator(f'[data-figure="XM/funnel.{step}"]').first.inner_text())
        for step in FIGURES
    ]


def learn(centre: Page) -> None:
    """Open a class for the newcomer, who passes, and issue the certificate."""
    write(centre, "/lop", code="XM-9", on="10/03/2025")
    centre.wait_for_url(re.compile("/lop/"))
    a_class = re.sub(r"\?.*", "", centre.url)
    write(centre, f"{a_class}/ghi-danh", person=PERSON["person_ref"], on="10/03/2025")
    done(centre)
    learner = {"candidacy": PERSON["full_name"]}
    passed = {"attended": "9", "periods": "10", "score": "7,5"}
    write(centre, f"{a_class}/ket-qua", on="14/03/2025", **learner, **passed)
    done(centre)
    write(centre, f"{a_class}/be-giang", on="14/03/2025")
    done(centre)
    write(centre, f"{a_class}/giay-chung-nhan", number="1", on="17/03/2025", **learner)
    done(centre)


def verify(committee: Page) -> None:
    """Ask one place about the newcomer, note its reply, and close the case."""
    committee.goto("/tham-tra")
    committee.locator('main a[href*="/tham-tra/"]').first.click()
    verification = re.sub(r"\?.*", "", committee.url)
    write(
        committee,
        f"{verification}/yeu-cau",
        subject_kind="candidate",
        place="XM-02",
        on="27/03/2025",
    )
    done(committee)
    write(committee, f"{verification}/tra-loi", request="1", fits="yes", on="15/04/2025")
    done(committee)
    write(committee, f"{verification}/ket-thuc", on="20/06/2025")
    done(committee)


def test_a_newcomer_goes_from_nomination_to_official_membership(office: Office) -> None:
    cell, centre = office.desk("chi-bo-xm"), office.desk("trung-tam-xm")
    committee, commune = office.desk("dang-uy-co-so-xm"), office.desk("dang-uy-xa-mau")
    before = funnel(commune)

    write(cell, "/gioi-thieu", unit="XM-01-1", on="03/03/2025", **PERSON)
    done(cell)
    case = re.sub(r"\?.*", "", cell.url)

    learn(centre)
    write(cell, f"{case}/application", on="24/03/2025")
    done(cell)
    expect(cell.locator("ol.line li", has_text="Lớp bồi dưỡng")).to_contain_text("17/03/2025")
    write(committee, f"{case}/personal-history-seal", on="26/03/2025")
    done(committee)
    verify(committee)

    vote = {"official_members": "12", "present": "11", "in_favour": "11"}
    write(cell, f"{case}/cell-vote", on="27/06/2025", **vote)
    done(cell)
    write(commune, f"{case}/dossier-receipt", on="10/07/2025")
    done(commune)
    write(commune, f"{case}/political-standard", on="21/07/2025")
    done(commune)
    write(commune, f"{case}/decision", on="28/07/2025", decider="Đảng ủy xã Mẫu")
    done(commune)
    write(cell, f"{case}/decision-receipt", on="30/07/2025")
    done(cell)
    write(cell, f"{case}/ceremony", on="11/08/2025")
    done(cell)
    write(commune, f"{case}/recognition", on="12/08/2026")
    done(commune)

    expect(commune.locator("ol.line li", has_text="Chính thức")).to_contain_text("đã xong")
    expect(commune.locator("ol.history li").first).to_contain_text("dang-uy-xa-mau")
    assert funnel(commune) == [count + 1 for count in before]
    assert ketnap("replay", "--compare", data=office.server.data).returncode == 0
    assert ketnap("verify", data=office.server.data).returncode == 0
