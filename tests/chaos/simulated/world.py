"""One thread in which every process runs a step at a time, and a seed that decides whose.

At each boundary of a process (before and after a commit, a send, a read) the seed may let others
run first, or end the process there. After the last fault everybody runs in turn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import TypeVar

DEPTH = 3
"""How many processes may stand at a boundary while another one runs."""

WEARY = 0.3
"""How likely a process that waits is ended instead."""

T = TypeVar("T")


class Ended(BaseException):
    """The process was killed where it stood."""


class Unanswered(Exception):
    """Whoever was asked is gone; what became of the request is not known."""


class Process(ABC):
    """Something that forgets what it holds in memory when it is killed, and is started again."""

    threads = False
    """Whether it goes on with other work while one of its threads stands at a boundary."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.up = False
        self.life = 0

    @abstractmethod
    def start(self) -> None:
        """Begin with nothing in memory."""

    @abstractmethod
    def step(self) -> None:
        """Do a piece of work."""

    def killed(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what the operating system would let go of."""

    def kill(self) -> None:
        """End it, if it runs."""
        if self.up:
            self.up = False
            self.killed()

    def at(self, place: str, *, inside: bool = False) -> None:
        """Be at a boundary; `inside` a transaction, where others would have to wait."""
        self.world.at(self, place, inside=inside)


class World:
    """Everything there is, until all agree."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.calm = False
        self.steps = 0
        self.story: list[str] = []
        self.faults: Counter[str] = Counter()
        self.processes: list[Process] = []
        self._stack: list[Process] = []
        self._switch = self.chance.choice((0.0, 0.05, 0.2))
        self._kill = self.chance.choice((0.0, 0.01, 0.03, 0.06))

    def tell(self, what: str) -> None:
        """Add a line to what happened."""
        self.story.append(f"{self.steps:5} {'  ' * max(0, len(self._stack) - 1)}{what}")

    def fault(self, kind: str, what: str) -> None:
        """Add a fault to what happened."""
        self.faults[kind] += 1
        self.tell(f"! {what}")

    def maybe(self, likelihood: float) -> bool:
        """Tell whether it happens."""
        return not self.calm and self.chance.random() < likelihood

    def at(self, process: Process, place: str, *, inside: bool) -> None:
        """Decide what happens at a boundary. Raises Ended."""
        self.steps += 1
        if self.calm:
            return
        life = process.life
        if not inside and len(self._stack) < DEPTH and self.maybe(self._switch):
            self.tell(f"{process.name} waits {place}")
            self.faults["interleaved"] += 1
            self.run(self._anyone())
        if not process.up or process.life != life:
            raise Ended  # killed while it waited
        if self.maybe(self._kill):
            self.fault("killed", f"{process.name} is killed {place}")
            raise Ended

    def run(self, process: Process) -> None:
        """Start a process that is down, or let it do a step."""
        with suppress(Unanswered):
            self.inside(process, process.step if process.up else lambda: self._start(process))

    def inside(self, process: Process, work: Callable[[], T]) -> T:
        """Let a process do something. Raises Unanswered where it was killed meanwhile."""
        self._stack.append(process)
        try:
            return work()
        except Ended:
            process.kill()
            raise Unanswered from None
        finally:
            self._stack.pop()

    def go_on(self, process: Process) -> None:
        """Let another one run while a process can only wait; or end it, to begin anew."""
        self.steps += 1
        life = process.life
        if self.calm or len(self._stack) >= DEPTH or self.maybe(WEARY):
            raise Ended
        self.run(self._anyone())
        if not process.up or process.life != life:
            raise Ended

    def _start(self, process: Process) -> None:
        process.up = True
        process.life += 1
        self.tell(f"{process.name} starts")
        process.start()

    def _anyone(self) -> Process:
        return self.chance.choice([p for p in self.processes if p.threads or p not in self._stack])
