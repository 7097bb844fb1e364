"""One long-running process of the local stack: started, asked, paused, killed, stopped."""

from __future__ import annotations

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STARTS_WITHIN_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 30.0
_TICK_SECONDS = 0.05


class NotReadyError(RuntimeError):
    """A part of the stack does not answer; the end of its log is in the message."""


class MissingError(RuntimeError):
    """A program that the stack stands on is not installed."""


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again; return whether it held before the time was over."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(_TICK_SECONDS)
    return True


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the system says of a process."""

    state: str
    parent: int
    started: int


def _seen(pid: int) -> _Seen | None:
    """Return what the system says of a process, or nothing when there is none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return _Seen(after_name[0], int(after_name[1]), int(after_name[19]))


def alive(pid: int) -> bool:
    """Say whether a process exists and has not ended: a zombie only waits to be collected."""
    seen = _seen(pid)
    return seen is not None and seen.state not in "ZX"


def family(pid: int) -> list[int]:
    """Return a process and its descendants.

    Postgres gives each of its children a session of its own, so a signal to the group of the
    first would miss them.
    """
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (seen := _seen(int(entry.name))):
            parents[int(entry.name)] = seen.parent
    found = [pid]
    for parent in found:  # grows while it is walked
        found += [child for child, its in parents.items() if its == parent]
    return found


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _gone(pids: list[int]) -> bool:
    """Say whether all have ended, and collect those that were our children."""
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return not any(alive(pid) for pid in pids)


class Part(ABC):
    """A part of the stack. Its process outlives the program that started it."""

    name: str
    stops_at = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def prepare(self) -> None:
        """Make what must lie on disk before a start; harmless when it is there."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return what to run; it must name a path in the stack's folder, which identifies it."""

    @abstractmethod
    def mark(self) -> str:
        """Return the argument by which this process is told from any other."""

    @abstractmethod
    def answers(self) -> bool:
        """Ask the part one question; an open port is no answer."""

    @property
    def log(self) -> Path:
        """Return where what it says goes."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """Return the number of the running process, if there is one and it is ours."""
        try:
            pid, started = map(int, self._pid_file.read_text().split())
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        seen = _seen(pid)
        if seen is None or seen.state in "ZX" or seen.started != started:
            return None
        # Empty for a moment while one program takes the place of another in the same process.
        return pid if self.mark().encode() in arguments or arguments == [b""] else None

    def start(self) -> None:
        """Start it and wait until it answers. Does nothing when it runs. Raises NotReadyError."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start it without waiting. Does nothing when it runs."""
        if self.pid is not None:
            return
        self.prepare()
        command = self.command()
        with self.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            to = [(nothing, 0), (log, 1), (log, 2)]
            pid = os.posix_spawn(
                command[0],
                command,
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), fd) for file, fd in to],
                setsid=True,  # Ctrl-C in a terminal is not for it
            )
        seen = _seen(pid)
        self._pid_file.write_text(f"{pid} {seen.started if seen else 0}")

    def wait_ready(self, seconds: float = STARTS_WITHIN_SECONDS) -> None:
        """Return once it answers. Raises NotReadyError, at once when it has ended."""
        if not until(lambda: self.pid is None or self.answers(), seconds) or self.pid is None:
            said = self.log.read_text(errors="replace").splitlines()[-20:]
            raise NotReadyError("\n".join([f"{self.name} does not answer", *said]))

    def stop(self) -> None:
        """End it in good order, and if it does not end, kill it. Harmless when it is down."""
        pid = self.pid
        if pid is not None:
            send([pid], self.stops_at)
            self.resume()
            if not until(lambda: _gone([pid]), STOPS_WITHIN_SECONDS):
                self.kill()
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill it and its children as a power cut would, and wait until none is left."""
        self.pause()  # so that it starts no child while they are counted
        if (pid := self.pid) is not None:
            pids = family(pid)
            send(pids, signal.SIGKILL)
            until(lambda: _gone(pids), STOPS_WITHIN_SECONDS)

    def pause(self) -> None:
        """Make it and its children stand still; who asks it waits."""
        if (pid := self.pid) is not None:
            send([pid], signal.SIGSTOP)
            send(family(pid), signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a pause."""
        if (pid := self.pid) is not None:
            send(family(pid), signal.SIGCONT)
