"""What goes wrong: each kind of fault, as something that is done to the processes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock
from time import monotonic

import psycopg

from deploy.local.processes import NotReadyError, Part, until
from deploy.local.stack import Stack
from tests.chaos.real.processes import ROLES, Keeper, Process
from tests.chaos.wire import Wire
from tests.kafka.broker import Broker, cut

LEDGERS = ("dossiers", "verification")
LOST_SHARE = 0.3
PATIENCE_SECONDS = 30.0
A_RELAYS_CONNECTIONS = 2
"""By one it reads and holds its lock, by the other it hears of what is new."""
SHORT = (0.3, 2.0)
LONG = {
    "broker": 9.0,  # a relay gives a broker up after 8
    "postgres": 11.0,  # a ledger gives a database up after 10
    "reactor": 8.0,  # a member of a group is given up after 6
    "relay": 9.0,
    "projector": 7.0,
    "api": 6.0,  # a client gives the door up after 5
}
"""Past every timeout of who waits for it."""
PAST = ", past every timeout"


@dataclass
class Scene:
    """What faults are done to, and what came true of them."""

    stack: Stack
    keeper: Keeper
    wire: Wire
    faults: dict[str, int] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    last: float = 0.0
    """When the last fault was over: what was killed may start, what was paused goes on."""
    _began: float = field(default_factory=monotonic)
    _state: Lock = field(default_factory=Lock)
    _parts: dict[Part, Lock] = field(default_factory=dict)
    waiting: Event = field(default_factory=Event)

    def tell(self, what: str) -> None:
        with self._state:
            self.story.append(f"{monotonic() - self._began:7.2f} s  {what}")

    def count(self, kind: str, what: str) -> None:
        """Put on record that a fault came true, and is over as far as it goes."""
        self.tell(what)
        with self._state:
            self.faults[kind] = self.faults.get(kind, 0) + 1
            self.last = max(self.last, monotonic())

    def begin(self) -> None:
        """Begin another schedule."""
        self.faults, self.story = {}, []
        self._began = self.last = monotonic()

    def alone(self, part: Part) -> Lock:
        """Return what the one fault holds that a server has at a time."""
        with self._state:
            return self._parts.setdefault(part, Lock())


Fault = Callable[[Scene, Random], None]


def kill_role(name: str) -> Fault:
    def fault(scene: Scene, _: Random) -> None:
        with _there(scene, name) as role:
            role.kill()
            scene.count(f"kill {name}", f"{name} is killed")

    return fault


def kill_part(part: str) -> Fault:
    def fault(scene: Scene, _: Random) -> None:
        server = _server(scene, part)
        with scene.alone(server):
            server.kill()
            scene.count(f"kill {part}", f"{part} is killed")
            until(server.answers, PATIENCE_SECONDS)

    return fault


def pause(*, long: bool) -> Fault:
    def fault(scene: Scene, chance: Random) -> None:
        name = chance.choice(("broker", "postgres", *ROLES))
        seconds = LONG[name.split()[-1]] if long else chance.uniform(*SHORT)
        kind = f"pause {name}{PAST}" if long else f"pause {name}"
        scene.tell(f"{name} is paused for {seconds:.1f} s")
        if name in ROLES:
            with _there(scene, name) as role:
                role.send(signal.SIGSTOP)
                scene.waiting.wait(seconds)
                role.send(signal.SIGCONT)
                scene.count(kind, f"{name} goes on")
            return
        server = _server(scene, name)
        with scene.alone(server):
            server.pause()
            scene.waiting.wait(seconds)
            server.resume()
            scene.count(kind, f"{name} goes on")

    return fault


def two_relays(scene: Scene, chance: Random) -> None:
    """Start a second relay beside the first, and kill one of them: the other goes on."""
    ledger = chance.choice(LEDGERS)
    with _there(scene, f"{ledger} relay") as first, _second(scene, ledger):
        _have(lambda: _connections(scene, ledger) >= 2 * A_RELAYS_CONNECTIONS)
        scene.tell(f"two relays of {ledger} are there")
        if chance.random() < 0.5:
            first.kill()
            scene.tell("the first one is killed")
        scene.waiting.wait(chance.uniform(0.2, 1.0))
    scene.count("two relays", "the second one is killed")


def usurped_relay(scene: Scene, chance: Random) -> None:
    """Pause a relay and cut its connections: a second one takes over, and the first goes on."""
    ledger = chance.choice(LEDGERS)
    with _there(scene, f"{ledger} relay") as first:
        _have(lambda: _relays(scene, ledger))
        first.send(signal.SIGSTOP)
        try:
            cut_off = _cut(scene, f"relay {ledger}")
            scene.tell(f"the relay of {ledger} is paused, and loses {cut_off} connections")
            with _second(scene, ledger):
                _have(lambda: _relays(scene, ledger))
                scene.tell("the second one relays")
                scene.waiting.wait(chance.uniform(0.2, 1.0))
                first.send(signal.SIGCONT)
                scene.tell("the first goes on")
                scene.waiting.wait(chance.uniform(0.5, 1.5))
        finally:
            first.send(signal.SIGCONT)
    scene.count("usurped relay", "the second one is killed")


def cut_connections(scene: Scene, chance: Random) -> None:
    """Cut connections to Postgres: of all, or of one kind."""
    whose = chance.choice(("%", "ketnap ledger%", "relay%"))
    cut_off = _cut(scene, whose)
    if cut_off:
        scene.count("cut connections", f"{cut_off} connections are cut, of {whose}")


def lost_answer(scene: Scene, _: Random) -> None:
    """Cut the clients' wire when the next answer, or the next request, is on it."""
    if scene.wire.cuts % 2:
        scene.wire.lose_the_next_answer()
    else:
        scene.wire.lose_the_next_request()
    if scene.wire.lost.wait(PATIENCE_SECONDS):
        scene.count("lost answer", "what was on the clients' wire is lost")
    else:
        scene.wire.cut()  # else it would go on waiting for an answer, and let none through


def lost_tail(scene: Scene, chance: Random) -> None:
    """Have the broker come back without the last part of a log that it had acknowledged."""
    ledger = chance.choice(LEDGERS)
    kafka = scene.stack.kafka
    with scene.alone(kafka):
        scene.keeper.down.add(kafka)
        try:
            kafka.kill()
            cut(kafka.data, Broker(scene.stack.bootstrap, ledger), 1 - LOST_SHARE)
        finally:
            scene.keeper.down.discard(kafka)
        scene.count("lost tail", f"the broker comes back without the end of {ledger}.events")
        until(kafka.answers, PATIENCE_SECONDS)


KINDS: dict[str, Fault] = {
    **{f"kill {name}": kill_role(name) for name in ROLES},
    "kill broker": kill_part("broker"),
    "kill postgres": kill_part("postgres"),
    "pause": pause(long=False),
    "long pause": pause(long=True),
    "two relays": two_relays,
    "usurped relay": usurped_relay,
    "cut connections": cut_connections,
    "lost answer": lost_answer,
    "lost tail": lost_tail,
}


@contextmanager
def _there(scene: Scene, name: str) -> Iterator[Process]:
    """Have a role that runs, and that no other fault has."""
    role = scene.keeper.roles[name]
    with role.alone:
        until(lambda: role.running is not None, PATIENCE_SECONDS)
        yield role


@contextmanager
def _second(scene: Scene, ledger: str) -> Iterator[None]:
    """Have a second relay of a ledger, and kill it."""
    name = f"{ledger} relay, the second"
    scene.keeper.add(name, beside=f"{ledger} relay")
    try:
        yield
    finally:
        scene.keeper.remove(name)


def _have(holds: Callable[[], bool]) -> None:
    """Wait for what a fault is about; without it the fault would be none."""
    if not until(holds, PATIENCE_SECONDS):
        raise NotReadyError("it did not come about")


def _server(scene: Scene, name: str) -> Part:
    return scene.stack.kafka if name == "broker" else scene.stack.postgres


def _cut(scene: Scene, whose: str) -> int:
    """Cut the connections of a name to Postgres, and return how many; none while it is away."""
    with suppress(psycopg.OperationalError):
        return int(
            _ask(
                scene,
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name like %s and backend_type = 'client backend'"
                " and pid <> pg_backend_pid()",
                whose,
            )
        )
    return 0


def _relays(scene: Scene, ledger: str) -> bool:
    """Tell whether a relay of a ledger has the lock."""
    with suppress(psycopg.OperationalError):
        asked = (
            "select count(*) from pg_locks join pg_stat_activity using (pid)"
            " where locktype = 'advisory' and application_name = %s"
        )
        return bool(_ask(scene, asked, f"relay {ledger}"))
    return False


def _connections(scene: Scene, ledger: str) -> int:
    """Return how many connections the relays of a ledger have."""
    with suppress(psycopg.OperationalError):
        asked = "select count(*) from pg_stat_activity where application_name = %s"
        return _ask(scene, asked, f"relay {ledger}")
    return 0


def _ask(scene: Scene, statement: str, value: str) -> int:
    with psycopg.connect(
        scene.stack.dsn("postgres"), autocommit=True, connect_timeout=2
    ) as connection:
        [(count,)] = connection.execute(statement, (value,)).fetchall()
    return int(count)
