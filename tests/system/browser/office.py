"""A running ketnap over the demo, the accounts of its officers, and browsers to sit at."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest
from httpx2 import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

SECONDS = 180
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
PASSWORD = re.compile(r"^([a-z0-9.-]+)\s+([a-z2-9]{5}(?:-[a-z2-9]{5}){3})\s", re.MULTILINE)


def ketnap(*arguments: object, data: Path) -> subprocess.CompletedProcess[str]:
    """Give a command, as an operator does beside the running pages."""
    return subprocess.run(
        [sys.executable, "-m", "services", *map(str, arguments), "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


class Server:
    """`ketnap up` on one port, which can be killed and started again."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it listens."""
        self._process = subprocess.Popen(
            [*_UP, "--port", str(self.port), "--data", str(self.data)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KETNAP_LOG_LEVEL": "error"},
        )
        assert self._process.stderr
        said = self._process.stderr.readline()
        address = re.search(r"http://[\d.]+:(\d+)", said)
        assert address, said
        self.port = int(address[1])

    def kill(self) -> None:
        """End it without a word, as a power cut does."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=SECONDS)

    def stop(self) -> str:
        """Ask it to end, and return what it said."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        _, said = self._process.communicate(timeout=SECONDS)
        return said


_UP = (sys.executable, "-m", "services", "up")


@dataclass
class Office:
    """The pages, and who sits before them."""

    server: Server
    passwords: Mapping[str, str]
    browser: Browser
    wrong: list[str] = field(default_factory=list)
    """What no page may do: fail in its script, break its policy, or answer 5xx."""
    _contexts: list[BrowserContext] = field(default_factory=list)

    def window(self, **options: Any) -> Page:  # noqa: ANN401 - what a browser is like
        """Return a window of a browser of its own, in which nobody is signed in."""
        context = self.browser.new_context(
            base_url=self.server.address, locale="vi-VN", timezone_id="Asia/Bangkok", **options
        )
        context.set_default_timeout(10_000)
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("console", self._console)
        context.on(
            "response",
            lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 500 else None,
        )
        self._contexts.append(context)
        return context.new_page()

    def _console(self, message: ConsoleMessage) -> None:
        # That an address answered 4xx, or nothing, is said by what the page shows.
        if message.type == "error" and not _ANSWERED.search(message.text):
            self.wrong.append(message.text)

    def desk(self, name: str, to: str = "/", **options: Any) -> Page:  # noqa: ANN401 - as above
        """Return a window in which somebody is signed in, at a page."""
        page = self.window(**options)
        page.goto(f"/dang-nhap?to={to}")
        sign_in(page, name, self.passwords[name])
        return page

    def close(self) -> None:
        """Close every window."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()


_HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
_ANSWERED = re.compile(r"net::ERR_|Failed to fetch|responded with a status of 4\d\d")


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the form of signing in, and send it."""
    page.get_by_label("Tên đăng nhập").fill(name)
    page.get_by_label("Mật khẩu").fill(password)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_load_state()


def violations(page: Page, *rules: str) -> list[str]:
    """Return what axe finds on a page, by certain rules or by all, worded to be acted on."""
    page.evaluate(AXE)
    asked = {"resultTypes": ["violations"]} | ({"runOnly": [*rules]} if rules else {})
    found = page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{each['id']}: {each['help']} {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def spilled(page: Page) -> list[str]:
    """Return the tables that reach out of their cards over what stands beside them."""
    spilled: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('.frame')]"
        ".filter(frame => getComputedStyle(frame).overflowX === 'visible')"
        ".filter(frame => frame.scrollWidth > frame.clientWidth)"
        ".map(frame => frame.getAttribute('aria-labelledby'))"
    )
    return spilled


OF_LOOKS = ("color-contrast", "target-size", "scrollable-region-focusable")
"""What axe finds by the light or by the width, and not in the page itself."""
LOOKS: tuple[tuple[int, Literal["light", "dark"], tuple[str, ...]], ...] = (
    (1280, "light", ()),
    (1280, "dark", OF_LOOKS),
    (400, "light", OF_LOOKS),
    (400, "dark", ()),
)


def looks_right(page: Page) -> None:
    """Expect that a page is accessible and fits its window, in every light and width."""
    for width, scheme, rules in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert (page.url, width, scheme, violations(page, *rules)) == (page.url, width, scheme, [])
        assert (page.url, width, overflow(page)) <= (page.url, width, 0)
        assert (page.url, width, spilled(page)) == (page.url, width, [])


def chromium(playwright: Playwright) -> Browser:
    """Start Debian's Chromium; where there is none, these tests are named as not run."""
    found = shutil.which("chromium")
    if found is None:
        why = "no chromium: `make browser` installs it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return playwright.chromium.launch(executable_path=found, args=list(FLAGS))


@contextmanager
def opened(data: Path, passwords: Mapping[str, str], browser: Browser) -> Iterator[Office]:
    """Serve a data folder; at the end, nothing may have gone wrong on any page."""
    server = Server(data)
    server.start()
    office = Office(server, passwords, browser)
    try:
        yield office
    finally:
        office.close()
        server.kill()
    assert not office.wrong, office.wrong


@contextmanager
def signed_in(office: Office, name: str) -> Iterator[Client]:
    """Sign somebody in who asks for pages without a browser."""
    with Client(base_url=office.server.address, follow_redirects=True, timeout=60) as client:
        form = client.get("/dang-nhap").text
        told = {**dict(_HIDDEN.findall(form)), "name": name, "password": office.passwords[name]}
        assert client.post("/dang-nhap", data=told).status_code == 200
        yield client


def find(page: Page, text: str) -> None:
    """Look for somebody on the page of people."""
    page.goto("/tim")
    page.locator("#q").fill(text)
    page.locator("form.ask button").click()
    page.wait_for_url("**/tim?*")


def write(page: Page, path: str, **answers: str) -> None:
    """Open the form of an act, fill in its fields, and send it."""
    page.goto(path)
    fill(page, **answers)
    page.locator("form.fields button.main").click()


def fill(page: Page, **answers: str) -> None:
    """Fill in fields by their names; a choice is chosen by its code or its words."""
    for name, answer in answers.items():
        field = page.locator(f'form.fields [name="{name}"]')
        if field.evaluate("e => e.tagName") == "SELECT":
            found = field.locator("option", has_text=answer)
            field.select_option(found.first.get_attribute("value") if found.count() else answer)
        else:
            field.fill(answer)
