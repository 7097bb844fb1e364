"""The roles as processes of their own, and who starts again whatever has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from deploy.local.processes import Part
from deploy.local.stack import ROOT
from infra.roles import MISUSE

ROLES = (
    "dossiers api",
    "dossiers relay",
    "dossiers projector",
    "dossiers reactor",
    "verification relay",
    "verification projector",
    "verification reactor",
    "reporting projector",
)
"""The smallest set with every boundary: a door, two services that follow one another, figures."""
AGAIN_SECONDS = 0.2
_TICK_SECONDS = 0.05
_SHOWN_LINES = 12
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(eq=False)
class Process:
    """A role, whichever process is it just now."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    """When that process began."""
    due: float = 0.0
    codes: Counter[int] = field(default_factory=Counter)
    """With what its processes ended that nobody killed."""
    alone: Lock = field(default_factory=Lock)
    """Held by the one fault that it has at a time."""

    def start(self) -> None:
        self.since = monotonic()
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        if self.running is not None:
            self.running.send_signal(number)

    def end(self) -> None:
        """Kill it for good."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    def stands(self) -> str:
        """Return since when it runs, and what the system says of it.

        One that is old and has used little of the processor waits: for its turn (R), for what it
        asked (S), for the disk (D).
        """
        running = self.running
        if running is None:
            return f"{self.name} is down"
        try:
            stat = Path(f"/proc/{running.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            return f"{self.name} has just ended"
        used = (int(stat[11]) + int(stat[12])) / _TICKS
        return f"{self.name}: {stat[0]}, {monotonic() - self.since:.1f} s old, used {used:.1f} s"

    def said(self) -> list[str]:
        """Return the end of what it logged."""
        with suppress(FileNotFoundError):
            return self.log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
        return []


class Keeper:
    """Starts roles and servers, and starts again what has ended, as an init system does."""

    def __init__(self, parts: Sequence[Part], folder: Path, environment: Mapping[str, str]) -> None:
        self.roles: dict[str, Process] = {}
        self.down: set[Part] = set()
        """Servers that must stay down for now."""
        self._parts = parts
        self._folder = folder
        self._environment = environment
        self._state = Lock()
        self._over = Event()
        self._failed: list[BaseException] = []
        self._thread = Thread(target=self._keep, name="keeper")
        self._thread.start()

    def add(self, name: str, command: Sequence[str] | None = None, *, beside: str = "") -> Process:
        """Have a role from now on, or one more process of it under another name."""
        service, kind = (beside or name).split()
        process = Process(
            name,
            command or [sys.executable, "-m", f"services.{service}", kind],
            self._environment,
            self._folder / f"{name.replace(' ', '-')}.log",
        )
        with self._state:
            self.roles[name] = process
            process.start()
        return process

    def remove(self, name: str) -> None:
        """Kill a role, and have it no more."""
        with self._state:
            role = self.roles.pop(name)
            role.end()
        if role.codes[MISUSE]:
            self._failed.append(RuntimeError(f"{name} could not begin"))

    def misused(self) -> list[str]:
        """Return the roles that said that somebody must look after them."""
        found = [f"the keeper failed: {error!r}" for error in self._failed]
        return found + [name for name, role in self.roles.items() if role.codes[MISUSE]]

    def story(self) -> list[str]:
        """Return how each role fared, and the end of what it logged."""
        told = []
        for name, role in self.roles.items():
            told.append(f"{name} ended by itself with {dict(role.codes)}; its last words:")
            told += [f"    {line}" for line in role.said()]
        return told

    def stands(self) -> str:
        """Return how each role is just now, in one line."""
        with self._state:
            return "; ".join(role.stands() for role in self.roles.values())

    def close(self) -> None:
        """Start nothing more, and kill every role."""
        self._over.set()
        self._thread.join()
        for role in self.roles.values():
            role.end()

    def _keep(self) -> None:
        try:
            while not self._over.wait(_TICK_SECONDS):
                with self._state:
                    for role in self.roles.values():
                        _look_after(role)
                for part in self._parts:
                    if part not in self.down and part.pid is None:
                        part.launch()
        except BaseException as error:  # noqa: BLE001 - told with the next schedule
            self._failed.append(error)


def _look_after(role: Process) -> None:
    now = monotonic()
    if role.running is None:
        if now >= role.due:
            role.start()
        return
    code = role.running.poll()
    if code is not None:
        if code >= 0:
            role.codes[code] += 1
        role.running, role.due = None, now + AGAIN_SECONDS


def environment(said: Mapping[str, str]) -> dict[str, str]:
    """Return what a role is told, and nothing of what this process was told."""
    outside = {name: text for name, text in os.environ.items() if not name.startswith("KETNAP_")}
    return {**outside, "KETNAP_HOST": "127.0.0.1", "KETNAP_METRICS_PORT": "0", **said}
