"""The command line as a user has it, and a small province to use it on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.__main__ import main
from tests.system.small import Result, Run, write_files


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, as the console script does."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        else:
            code = 0
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Result(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def _province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("province")
    paths = write_files(folder / "files")
    with pytest.raises(SystemExit) as left:
        main(["import", *map(str, paths), "--commit", "--data", str(folder / "data")])
    assert left.value.code == 0
    return folder / "data"


@pytest.fixture
def data(_province: Path, tmp_path: Path) -> Path:
    """Return a data folder of one's own with the small province in it."""
    shutil.copytree(_province, tmp_path / "data")
    return tmp_path / "data"
