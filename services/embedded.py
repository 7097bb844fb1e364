"""The embedded installation: everything in one folder, and one process that keeps its views."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Self

from infra.adapters import LOCK, Folder
from infra.reactor import Reactor
from infra.runner import AWAY
from services.installation import (
    LAYOUTS,
    PATIENCE_SECONDS,
    POLL_SECONDS,
    Installation,
    ViewsBehindError,
)

REST, REST_SECONDS = 2, 0.02
"""After a batch, as many times as long as it took, at most so long: what is recorded meanwhile
makes one transaction of the next, and commands have the processor."""


class Embedded(Installation):
    """Everything of one data folder, open in this process. Use it as a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], datetime] | None = None,
        master_key_file: Path | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(
            Folder(folder, master_key_file), clock=clock, patience_seconds=patience_seconds
        )

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], datetime] | None = None) -> Self:
        """Open a data folder; what it lacks is created, for its owner alone.

        Raises UnknownTypeError where a newer release has written to it.
        """
        return cls(folder, clock=clock)

    def projecting(self) -> AbstractContextManager[bool]:
        """Hold the projectors' lock, or tell that another thread or process does."""
        return self.kept.alone(LOCK)

    def project(self, stop: Event, moved: Callable[[], None] = lambda: None) -> None:
        """React, and keep the views current, until told to stop; say each time they moved.

        The caller holds the projectors' lock.
        """
        # What policies record is in the views when it is said that they reacted.
        readers = [*self.reactors.values(), *self.runners]
        grown = Event()
        for ledger in self.ledgers.values():
            ledger.tell(grown.set)
        while not stop.is_set():
            grown.clear()
            began = monotonic()
            has_moved = False
            for reader in readers:
                if isinstance(reader, Reactor) and not self.runners[0].state.ready:
                    continue  # the rules are asked of the units as they are now
                with suppress(*AWAY):  # it is tried again
                    has_moved = reader.step() or has_moved
            if has_moved:
                moved()
                stop.wait(min(REST * (monotonic() - began), REST_SECONDS))
            else:
                grown.wait(POLL_SECONDS)  # another process may have written

    def _discard_outdated(self) -> list[str]:
        """Remove the views that another release laid out; return their names.

        Raises ViewsBehindError where another process keeps them.
        """
        discarded: list[str] = []
        patient_until = monotonic() + self._patience
        while outdated := [
            name for name, layout in LAYOUTS.items() if self.place(name).is_outdated(layout.stamp)
        ]:
            with self.projecting() as ours:
                if ours:
                    for name in outdated:
                        self.place(name).discard()
                        discarded.append(name)
                    continue
            if monotonic() > patient_until:
                raise ViewsBehindError(str(self.folder))
            sleep(POLL_SECONDS)
        return discarded
