"""Coming in: who is sent to sign in, what is said to whom, and how one leaves."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.services.portal.conftest import House, sign_in


@pytest.fixture(scope="module")
def password(house: House) -> str:
    return house.account("mot", "P-01", "district_board")


@pytest.fixture
def browser(house: House) -> TestClient:
    return house.browser()


def test_who_is_not_signed_in_is_sent_to_do_that_and_comes_back(
    browser: TestClient, password: str
) -> None:
    sent = browser.get("/don-vi/P-01?period=2021")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/dang-nhap?to=%2Fdon-vi%2FP-01%3Fperiod%3D2021"

    came = sign_in(browser, "mot", password, to="/don-vi/P-01?period=2021")

    assert (came.status_code, came.headers["location"]) == (303, "/don-vi/P-01?period=2021")
    cookie = next(c for c in came.headers.get_list("set-cookie") if c.startswith("ketnap="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("to", ["//elsewhere.example", "https://elsewhere.example", "/\\e", "/\n/"])
def test_signing_in_leads_nowhere_else(browser: TestClient, password: str, to: str) -> None:
    assert sign_in(browser, "mot", password, to).headers["location"] == "/"


def test_a_wrong_password_is_told_beside_the_form_which_keeps_the_name(
    browser: TestClient, password: str
) -> None:
    refused = sign_in(browser, "mot", password + "x")

    assert refused.status_code == 401
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in refused.text
    assert 'name="name" value="mot"' in refused.text
    assert password not in refused.text


def test_a_name_that_nobody_has_is_answered_alike(browser: TestClient, password: str) -> None:
    known, unknown = sign_in(browser, "mot", "x"), sign_in(browser, "khong-co-ai", "x")

    assert unknown.status_code == known.status_code
    assert unknown.text.replace("khong-co-ai", "mot") == known.text


def test_who_fails_too_often_is_told_until_when(browser: TestClient, house: House) -> None:
    house.account("hay-quen", "P-01", "district_board")
    for _ in range(5):
        assert sign_in(browser, "hay-quen", "sai").status_code == 401

    refused = sign_in(browser, "hay-quen", "sai")

    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert "Đăng nhập sai quá nhiều lần" in refused.text


def test_a_form_of_another_browser_signs_nobody_in(
    browser: TestClient, house: House, password: str
) -> None:
    form = house.browser().get("/dang-nhap").text
    theirs = re.findall(r'name="csrf" value="([^"]*)"', form)[0]

    refused = browser.post("/dang-nhap", data={"csrf": theirs, "name": "mot", "password": password})

    assert refused.status_code == 403
    assert "ketnap=" not in refused.headers.get("set-cookie", "").replace("ketnap-form=", "")


def test_signing_out_needs_the_page_s_own_form_and_ends_the_session(
    browser: TestClient, password: str
) -> None:
    sign_in(browser, "mot", password)
    assert browser.post("/dang-xuat", data={"csrf": "nothing"}).status_code == 403
    page = browser.get("/").text
    token = browser.cookies["ketnap"]

    left = browser.post(
        "/dang-xuat", data={"csrf": re.findall(r'name="csrf" value="([^"]*)"', page)[0]}
    )

    assert left.headers["location"] == "/dang-nhap"
    browser.cookies.set("ketnap", token)
    assert browser.get("/").status_code == 303


def test_an_account_that_acts_for_no_unit_is_told_so_and_may_leave(
    browser: TestClient, house: House
) -> None:
    _, password = house.access.open_account("chua-duoc-giao")
    sign_in(browser, "chua-duoc-giao", password)

    page = browser.get("/")

    assert page.status_code == 403
    assert "chưa được giao việc ở đơn vị nào" in page.text
    assert 'action="/dang-xuat"' in page.text


def test_who_holds_two_grants_chooses_by_which_to_act(browser: TestClient, house: House) -> None:
    password = house.account("hai-noi", "P-01", "district_board")
    other = house.ketnap.view.unit_id("P-02", house.access.today())
    account = house.access.account("hai-noi")
    assert account
    grant = house.access.grant(
        "hai-noi", other, "district_board", first=house.access.today(), by="test"
    )
    sign_in(browser, "hai-noi", password)
    page = browser.get("/").text
    assert "<b>Huyện ủy P-01</b>" in page
    csrf = re.findall(r'name="csrf" value="([^"]*)"', page)[0]

    chosen = browser.post("/vai-tro", data={"csrf": csrf, "grant": str(grant.id)})

    assert chosen.status_code == 303
    assert "<b>Huyện ủy P-02</b>" in browser.get("/").text
    assert browser.post("/vai-tro", data={"csrf": csrf, "grant": "9999"}).status_code == 404
