"""One province for all tests of the folder; each registers what it needs of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import ROOT, Stack
from services import demo
from tests.stack import FOLDER
from tests.system.distributed.province import Province, Serving, free_ports, ketnap


@pytest.fixture(scope="session")
def bare(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """Return settings of a province on servers of its own, whose topics nobody else fills."""
    own = Stack(Path(os.environ[FOLDER]) / "own" / f"province-{os.getpid()}", free_ports=True)
    try:
        own.start(["postgres", "kafka"])
        yield Province(own, tmp_path_factory.mktemp("province"), free_ports())
    finally:
        own.forget()


@pytest.fixture(scope="session")
def migrations(bare: Province) -> list[tuple[int, str]]:
    """Return what two migrations at once came to, and said."""
    running = [
        subprocess.Popen(
            ketnap("migrate"),
            env=bare.told,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    return [(process.wait(), out) for process in running if (out := process.communicate()[0])]


@pytest.fixture(scope="session")
def province(bare: Province, migrations: list[tuple[int, str]]) -> Province:
    """Return a province that is ready to be served, with the demo's organisations in it."""
    assert [code for code, _ in migrations] == [0, 0]
    loaded = bare.run("import", *demo.files(), "--commit")
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    return bare


@pytest.fixture(scope="session")
def serving(province: Province) -> Iterator[Serving]:
    """Return all of its roles, which run."""
    with province.serving() as serving:
        yield serving
