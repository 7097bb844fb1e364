"""`ketnap serve`: every role a process of its own, started again when it ends, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic, sleep

from infra.roles import API, KEPT_BY, MISUSE, PROJECTOR, REACTOR, RELAY
from infra.settings import ADDRESSED, URLS, Settings

ROLES: Mapping[str, int] = {
    f"portal-{API}": 0,
    **{f"{service}-{API}": 1 + number for number, service in enumerate(ADDRESSED)},
    **{
        f"{service}-{kind}": 11 + 10 * number + place
        for number, service in enumerate(ADDRESSED)
        for place, kind in enumerate((RELAY, PROJECTOR, REACTOR))
        if service != "imports" and (kind != REACTOR or service in {"dossiers", "verification"})
    },
}
"""Every role, and how far its port lies above the first; KETNAP_PORT is that of the pages."""
WELL_SECONDS = 60.0
"""Who ran so long had begun well: a new failure is not the old one."""
FIRST_SECONDS, LAST_SECONDS = 0.5, 30.0
"""How long is waited before a role is started again: twice as long each time."""
GRACE_SECONDS = 30.0
"""How long roles may take to end before they are killed."""
_TICK_SECONDS = 0.1

Told = Callable[[str, str, Mapping[str, object]], None]
"""Told of a role what happened to it: `started`, `ended`, `killed`."""


class MisuseError(RuntimeError):
    """A role cannot begin with these settings: it said why, and to start it again is no help."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.role = role


@dataclass(slots=True)
class _Kept:
    """A role that is to run."""

    name: str
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    waits: float = 0.0
    due: float = field(default_factory=monotonic)


def chosen(asked: Sequence[str]) -> list[str]:
    """Return the roles that are meant: by their names, or all of a service by its own.

    Raises LookupError.
    """
    if not asked:
        return list(ROLES)
    found: list[str] = []
    for name in asked:
        those = [role for role in ROLES if name in {role, role.rpartition("-")[0]}]
        if not those:
            raise LookupError(name)
        found += those
    return list(dict.fromkeys(found))


def environment(
    said: Settings, role: str, roles: Sequence[str], outside: Mapping[str, str]
) -> dict[str, str]:
    """Return what a role is told: what this process was, and where the roles beside it are."""
    beside = {
        variable: f"http://{said.host}:{said.port + ROLES[api]}"
        for service, variable in URLS.items()
        if (api := f"{service}-{API}") in roles
    }
    own = "KETNAP_PORT" if role.endswith(API) else "KETNAP_METRICS_PORT"
    return {**outside, **beside, "KETNAP_HOST": said.host, own: str(said.port + ROLES[role])}


def keep(said: Settings, roles: Sequence[str], told: Told) -> None:
    """Run roles until SIGTERM or SIGINT. Raises MisuseError."""
    kept = [_Kept(name, environment(said, name, roles, os.environ)) for name in roles]
    with _asked_to_stop() as stop, _line() as line:
        try:
            while not stop.is_set():
                for one in kept:
                    _look_after(one, said, line, told)
                stop.wait(_TICK_SECONDS)
        finally:
            _end(kept, told)


def _look_after(one: _Kept, said: Settings, line: int, told: Told) -> None:
    now = monotonic()
    if one.process is None:
        if now >= one.due:
            _start(one, said, line, told)
        return
    code = one.process.poll()
    if code is None:
        return
    one.process = None
    if code == MISUSE:
        raise MisuseError(one.name)
    was_well = now - one.began > WELL_SECONDS
    one.waits = FIRST_SECONDS if was_well or not one.waits else min(2 * one.waits, LAST_SECONDS)
    one.due = now + one.waits
    told(one.name, "ended", {"code": str(code), "seconds": one.waits})


def _start(one: _Kept, said: Settings, line: int, told: Told) -> None:
    service, _, kind = one.name.rpartition("-")
    one.process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", f"services.{service}", kind, KEPT_BY, str(line)],
        env=one.environment,
        stdin=subprocess.DEVNULL,
        pass_fds=[line],
    )
    one.began = monotonic()
    told(
        one.name, "started", {"pid": str(one.process.pid), "port": str(said.port + ROLES[one.name])}
    )


def _end(kept: Sequence[_Kept], told: Told) -> None:
    """Tell every role to stop; kill who has not when the time is over."""
    running = [(one.name, one.process) for one in kept if one.process]
    for _, process in running:
        process.terminate()
    until = monotonic() + GRACE_SECONDS
    while any(process.poll() is None for _, process in running) and monotonic() < until:
        sleep(_TICK_SECONDS)
    for name, process in running:
        if process.poll() is None:
            told(name, "killed", {})
            process.kill()
        process.wait()


@contextmanager
def _line() -> Iterator[int]:
    """Lend what roles hold one end of, and see closed when this process has ended, however."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    stop = Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {name: signal.signal(name, lambda *_: stop.set()) for name in signals}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
