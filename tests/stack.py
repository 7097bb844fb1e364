"""Tests on real servers: how they find them, and how it is said that they were not run.

A test that asks for `stack`, `database` or `own_stack`, or is marked `stack`, needs Postgres and
Kafka. KETNAP_TEST_STACK names the folder where `deploy.local.stack` runs them. Without it such
tests are left out, the summary says how many and of which files, and under CI the run fails.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from deploy.local.processes import Part, alive
from deploy.local.stack import Stack

FOLDER = "KETNAP_TEST_STACK"
NEED_IT = {"stack", "database", "own_stack"}
LEFT_OUT = pytest.StashKey[Counter[str]]()


class Worker(Protocol):
    """A process of pytest-xdist that has ended, as its controller sees it."""

    workeroutput: dict[str, dict[str, int]]


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Return the running stack, which all tests share: nobody breaks it."""
    return Stack.at(Path(os.environ[FOLDER]))


@pytest.fixture
def database(stack: Stack) -> Iterator[str]:
    """Return how to reach an empty database that is this test's alone."""
    name = f"test_{uuid4().hex[:16]}"
    yield stack.make_database(name)
    stack.drop_database(name)


def forget(folder: Path) -> None:
    """Stop the stack of a folder, and those of the tests that ran on it; delete all of it."""
    for ports in folder.glob("own/*/ports.toml"):
        Stack.at(ports.parent).forget()
    Stack(folder).forget()


def forget_the_dead(folders: Path) -> None:
    """Clear what processes left behind, with whose numbers the folders' names end, when killed."""
    for folder in folders.glob("*"):
        if not alive(int(folder.name.rpartition("-")[2])):
            forget(folder)


@pytest.fixture(scope="session")
def _breakable() -> Iterator[Stack]:
    owners = Path(os.environ[FOLDER]) / "own"
    forget_the_dead(owners)
    own = Stack(owners / str(os.getpid()), free_ports=True)
    try:
        own.start(["postgres", "kafka"])
        yield own
    finally:
        own.forget()


@pytest.fixture
def own_stack(_breakable: Stack) -> Iterator[Stack]:
    """Return a stack that a test may kill and pause; the next one finds it on its feet."""
    yield _breakable
    for part in (_breakable.postgres, _breakable.kafka):
        part.resume()
        part.start()


@contextmanager
def paused(part: Part) -> Iterator[None]:
    """Have a server of the stack do nothing meanwhile, its connections open."""
    part.pause()
    try:
        yield
    finally:
        part.resume()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stack: needs Postgres and Kafka, as KETNAP_TEST_STACK")
    config.stash[LEFT_OUT] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(FOLDER):
        return
    without = [item for item in items if needs_stack(item)]
    config.stash[LEFT_OUT].update(item.location[0] for item in without)
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if not needs_stack(item)]


def needs_stack(item: pytest.Item) -> bool:
    """Tell whether a test needs Postgres or Kafka."""
    asked = getattr(item, "fixturenames", ())
    return not NEED_IT.isdisjoint(asked) or item.get_closest_marker("stack") is not None


def pytest_sessionfinish(session: pytest.Session) -> None:
    left_out = session.config.stash[LEFT_OUT]
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[FOLDER] = dict(left_out)
    elif left_out and os.environ.get("CI") == "true":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Worker) -> None:
    left_out = getattr(node, "workeroutput", {}).get(FOLDER, {})
    # Every worker collects every test, so the counts are the same and are not added up.
    node.config.stash[LEFT_OUT] |= Counter(left_out)  # type: ignore[attr-defined]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
    config: pytest.Config,
) -> None:
    left_out = config.stash[LEFT_OUT]
    if not left_out:
        return
    terminalreporter.section("not run: no Postgres and Kafka", red=True)
    for path, count in sorted(left_out.items()):
        terminalreporter.line(f"{path}: {count}")
    terminalreporter.line(f"{left_out.total()} tests need `make stack-tools`, then `make test`.")
