"""Which tests one process runs one after another, and which of them begin first.

Tests of a file stand on the same fixtures, and tests of some folders on one province: spread
over two processes, each would make them. What takes longest begins first, so that no process
is at it alone in the end.
"""

from __future__ import annotations

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from tests.stack import needs_stack

TOGETHER = ("tests/system/distributed/", "tests/seeds/")
"""Folders of which every test stands on what takes minutes to make."""
APART = ("tests/chaos/simulated/", "tests/bench/", "tests/properties/")
"""Files whose tests have nothing in common and take long."""
FIRST = (
    "tests/system/distributed/",
    "tests/chaos/",
    "tests/system/browser/",
    "tests/seeds/",
    "tests/bench/",
    "tests/deploy/",
    "tests/properties/",
    "tests/kafka/",
    "tests/system/",
)
"""The folders of what takes long, the longest first."""
MODES = ("embedded", "postgres", "sqlite")


def scope(nodeid: str) -> str:
    """Return the name that the tests have in common which one process runs."""
    file, _, test = nodeid.partition("::")
    if file.startswith(APART):
        return nodeid
    _, _, parameters = test.partition("[")
    mode = next((mode for mode in MODES if mode in parameters), "")
    return f"{next((folder for folder in TOGETHER if file.startswith(folder)), file)} {mode}"


def rank(nodeid: str, *, on_servers: bool) -> tuple[int, bool]:
    """Return when the turn of a test is: that of its folder, what is on servers before the rest."""
    turn = (number for number, folder in enumerate(FIRST) if nodeid.startswith(folder))
    return next(turn, len(FIRST)), not on_servers


class Shared(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Gives each process the tests of one scope after another, in the order of their turns."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


# Groups by marker, as xdist has them, are lost: pytest 9.2 does not let a test be named anew.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Shared | None:
    """Return what shares the tests out, where `--dist loadscope` asks for it."""
    if config.getoption("dist") != "loadscope":
        return None
    config.option.loadscopereorder = False
    return Shared(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first."""
    items.sort(key=lambda item: rank(item.nodeid, on_servers=needs_stack(item)))
