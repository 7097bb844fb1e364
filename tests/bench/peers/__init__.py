"""Where the peers run that the project does not stand on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import msgspec

from tests.bench.paired import Measured

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
FOLDER = HERE.parents[2] / "var" / "bench" / "peers"


def environment() -> Path:
    """Return the Python of the peers, whose environment is made on first use, hashes strict."""
    python = FOLDER / "bin" / "python"
    made_of = FOLDER / "lock.sha256"
    digest = sha256(LOCK.read_bytes()).hexdigest()
    if not made_of.exists() or made_of.read_text("utf-8") != digest:
        shutil.rmtree(FOLDER, ignore_errors=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in (
            [sys.executable, "-m", "venv", str(FOLDER)],
            [str(python), *install, "--require-hashes", "--requirement", str(LOCK)],
        ):
            subprocess.run(command, check=True)
        made_of.write_text(digest, "utf-8")
    return python


def count_statefully(
    python: Path, bootstrap: str, topic: str, *, records: int, folder: Path, commit_every: int
) -> Measured:
    """Have quixstreams count the records of a topic, in a process of its own."""
    told = subprocess.run(
        [
            str(python),
            str(HERE / "counting.py"),
            bootstrap,
            topic,
            str(records),
            str(folder),
            str(commit_every),
        ],
        check=True,
        capture_output=True,
    )
    return msgspec.json.decode(told.stdout.splitlines()[-1], type=Measured)
