"""A stack of one's own, whose databases and topics are made, and roles that run on it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

import psycopg

from deploy.local.processes import family
from deploy.local.stack import Stack
from infra.settings import Settings, settings
from services.migrating import made
from tests.bench.house import SECONDS, Server
from tests.bench.loading import until_ready

_TICKS = os.sysconf("SC_CLK_TCK")
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_STARTED = re.compile(r'"port": (\d+), "event": "started"')


@dataclass(frozen=True)
class Distributed:
    """Postgres and Kafka, and what every role is told of them."""

    stack: Stack
    folder: Path
    said: Settings

    @property
    def environment(self) -> dict[str, str]:
        """Return what every role is told."""
        return _environment(self.stack, self.folder)

    def postgres_seconds(self) -> float:
        """Return the processor time of the server, of the connections that ended too."""
        return processor_seconds(self.stack.postgres.pid)

    @contextmanager
    def role(self, service: str, kind: str, *through: str) -> Iterator[Server]:
        """Run a role as a process of its own until the block ends; through a module, if named."""
        log = self.folder / f"{service}-{kind}.log"
        with log.open("w", encoding="utf-8") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", *through, f"services.{service}", kind],
                env={
                    **os.environ,
                    **self.environment,
                    "KETNAP_PORT": "0",
                    "KETNAP_METRICS_PORT": "0",
                },
                stdin=subprocess.DEVNULL,
                stderr=said,
            )
        try:
            address = _address(process, log)
            until_ready(address, lambda _: None)
            yield Server(address, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)


@contextmanager
def distributed(folder: Path) -> Iterator[Distributed]:
    """Start a stack, make what a province needs, and forget all of it when the block ends."""
    stack = Stack(folder / "stack", free_ports=True)
    try:
        stack.start(["postgres", "kafka"])
        _must_be_durable(stack)
        said = settings(_environment(stack, folder))
        for _ in made(said):
            pass
        yield Distributed(stack, folder, said)
    finally:
        stack.forget()


def processor_seconds(pid: int | None) -> float:
    """Return the processor time of a process and its children, also of those that ended."""
    seconds = 0.0
    for each in family(pid) if pid else ():
        try:
            fields = Path(f"/proc/{each}/stat").read_text("utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # its parent counts it from now on
        seconds += sum(map(int, fields[11:15])) / _TICKS
    return seconds


def _environment(stack: Stack, folder: Path) -> dict[str, str]:
    return {**stack.environment(), "KETNAP_DATA": str(folder / "data")}


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    give_up = perf_counter() + SECONDS
    while not (found := _STARTED.search(log.read_text("utf-8"))):
        if process.poll() is not None or perf_counter() > give_up:
            raise AssertionError(log.read_text("utf-8"))
        sleep(0.05)
    return f"http://127.0.0.1:{found[1]}"


def _must_be_durable(stack: Stack) -> None:
    """Make sure of what both sides of every comparison get from the one server."""
    with closing(psycopg.connect(stack.dsn("postgres"))) as server:
        for name, value in _DURABLE.items():
            if server.execute("select current_setting(%s)", (name,)).fetchone() != (value,):
                raise AssertionError(f"{name} is not {value}")
