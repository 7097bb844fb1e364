"""Run a command with a stack of its own: python -m tests.with_stack COMMAND …

Where no stack can be had, the command runs without one, and tests/stack.py tells what it left out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

import psycopg

from deploy.local.processes import MissingError, NotReadyError
from deploy.local.stack import ROOT, Stack
from tests.stack import FOLDER, forget, forget_the_dead

RUNS = ROOT / "var" / "tests"


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end, whatever signal comes, and return its code."""
    return subprocess.run(command, env=environment, check=False).returncode


def hasten(stack: Stack) -> None:
    """Have Postgres wait for no disk: tests kill processes, and never the machine's power."""
    with psycopg.connect(stack.dsn("postgres"), autocommit=True) as connection:
        for name in ("fsync", "full_page_writes"):
            connection.execute(f"alter system set {name} = off".encode())
        connection.execute("select pg_reload_conf()")


def main(command: Sequence[str]) -> int:
    """Run the command between start and stop of a stack; return its code."""
    signal.signal(signal.SIGTERM, _leave)
    forget_the_dead(RUNS)
    folder = RUNS / str(os.getpid())
    try:
        stack = Stack(folder, free_ports=True)
        try:
            stack.start(["postgres", "kafka"])
            hasten(stack)
        except (MissingError, NotReadyError) as away:
            sys.stderr.write(f"No stack for the tests: {away}\n")
            return run(command, os.environ)
        return run(command, {**os.environ, FOLDER: str(folder)})
    finally:
        forget(folder)


def _leave(_: int, __: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
