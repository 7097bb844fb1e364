"""The command line as a user has it, and a small province to use it on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.__main__ import main
from tests.installed import Site, Sites
from tests.system.small import Result, Run, take_in


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, as the console script does.

    `--data` leads to a folder; a province is found by the environment, and then it is left out.
    """

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        if (province := os.environ.get("KETNAP_DATA")) in words:
            at = words.index(province)
            del words[at - 1 : at + 1]
        try:
            main(words)
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        else:
            code = 0
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Result(code, said.out, said.err)

    return run


@pytest.fixture
def small(sites: Sites, mode: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return where the small province is, to be copied.

    Asked each time: a module that is tested one way says so by a `mode` of its own.
    """

    def fill(site: Site) -> None:
        take_in(site, tmp_path_factory.mktemp("small") / "files")

    return sites.built("small", mode, fill)


@pytest.fixture
def site(
    sites: Sites, small: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """Return a small province of one's own, which commands find."""
    with sites.copy(small, tmp_path / "data") as site:
        if site.databases:
            for name, text in site.told.items():
                monkeypatch.setenv(name, text)
        yield site


@pytest.fixture
def data(site: Site) -> Path:
    """Return the data folder of a small province of one's own."""
    return site.folder
