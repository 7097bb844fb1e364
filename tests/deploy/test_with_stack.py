from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.processes import MissingError, alive
from deploy.local.stack import ROOT, Stack
from tests import with_stack
from tests.stack import forget_the_dead

TELLS = """
import os, sys
print(os.environ.get("KETNAP_TEST_STACK", ""), flush=True)
sys.stdin.read()
sys.exit(7)
"""


@pytest.fixture
def run() -> Iterator[subprocess.Popen[str]]:
    """Return a run whose command tells where its stack is and ends with 7 when it is let go."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.with_stack", sys.executable, "-c", TELLS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def told(run: subprocess.Popen[str]) -> Path:
    assert run.stdout
    return Path(run.stdout.readline().strip())


def pids(folder: Path) -> list[int]:
    stack = Stack.at(folder)
    return [pid for pid in (stack.postgres.pid, stack.kafka.pid) if pid]


@pytest.mark.stack
def test_a_command_has_a_stack_while_it_runs_and_its_code_is_told(
    run: subprocess.Popen[str],
) -> None:
    folder = told(run)
    running = pids(folder)
    assert len(running) == 2
    assert run.stdin
    run.stdin.close()
    assert run.wait() == 7
    assert not any(alive(pid) for pid in running)
    assert not folder.exists()


@pytest.mark.stack
def test_a_run_that_is_told_to_stop_leaves_nothing(run: subprocess.Popen[str]) -> None:
    folder = told(run)
    running = pids(folder)
    run.send_signal(signal.SIGTERM)
    assert run.wait() == 128 + signal.SIGTERM
    assert not any(alive(pid) for pid in running)
    assert not folder.exists()


@pytest.mark.stack
def test_what_a_killed_run_left_is_cleared_by_the_next(run: subprocess.Popen[str]) -> None:
    folder = told(run)
    running = pids(folder)
    run.kill()
    run.wait()
    assert all(alive(pid) for pid in running)
    forget_the_dead(with_stack.RUNS)
    assert not any(alive(pid) for pid in running)
    assert not folder.exists()


def test_where_no_stack_can_be_had_the_command_runs_without_one(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def cannot(_: Stack, __: Sequence[str]) -> None:
        raise MissingError("no mvn")

    monkeypatch.setattr(Stack, "start", cannot)
    monkeypatch.delenv("KETNAP_TEST_STACK", raising=False)
    before = signal.getsignal(signal.SIGTERM)
    told = "import os; print('KETNAP_TEST_STACK' in os.environ)"
    try:
        assert with_stack.main([sys.executable, "-c", told]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capfd.readouterr() == ("False\n", "No stack for the tests: no mvn\n")
    assert not (with_stack.RUNS / str(os.getpid())).exists()
