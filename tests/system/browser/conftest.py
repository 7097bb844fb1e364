"""The demo as `make run` leaves it, served to browsers: one for who only looks, own ones else."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.system.browser.office import PASSWORD, Office, chromium, ketnap, opened


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Path, dict[str, str]]:
    """Load the demo, once for all processes that test, and return it with the passwords."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder, told = shared / "browsed", shared / "browsed.json"
    with (shared / "browsed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            printed = ketnap("demo", data=folder)
            assert printed.returncode == 0, printed.stderr
            told.write_text(json.dumps(dict(PASSWORD.findall(printed.stdout))))
    return folder, json.loads(told.read_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser; no longer than a module, for its loop must not run under other tests."""
    with sync_playwright() as playwright:
        started = chromium(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def shown(
    loaded: tuple[Path, dict[str, str]],
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    """Serve the demo to who only looks."""
    data = tmp_path_factory.mktemp("shown") / "data"
    shutil.copytree(loaded[0], data)
    with opened(data, loaded[1], browser) as office:
        yield office


@pytest.fixture
def office(
    loaded: tuple[Path, dict[str, str]], browser: Browser, tmp_path: Path
) -> Iterator[Office]:
    """Serve a copy of the demo of one's own."""
    shutil.copytree(loaded[0], tmp_path / "data")
    with opened(tmp_path / "data", loaded[1], browser) as office:
        yield office
