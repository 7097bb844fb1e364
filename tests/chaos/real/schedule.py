"""One schedule: faults from a seed, at moments from the same seed, and what is there afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Thread
from time import monotonic
from typing import Self

from deploy.local.processes import NotReadyError, until
from deploy.local.stack import DATABASES, Stack
from infra.adapters import Province
from infra.settings import settings
from services.installation import Installation
from services.migrating import made
from services.replay import compare
from tests.chaos.outcome import Outcome
from tests.chaos.real.faults import KINDS, Fault, Scene
from tests.chaos.real.load import Clerk, Client, Desk, Registrar, Verifier
from tests.chaos.real.oracle import Oracle
from tests.chaos.real.processes import ROLES, Keeper, environment
from tests.chaos.wire import Wire

CONVERGED_SECONDS = 10.0
"""So soon after the last fault all must agree, on a machine that does nothing else."""
PATIENCE_SECONDS = 90.0
"""So long is waited before it counts as never."""
READY_SECONDS = 120.0
BUSY_SECONDS = 0.8
"""So long the office is busy before the first fault may come, and within it all begin."""
PAUSE_SECONDS = 0.08
MORE = (1, 1, 2, 2, 2)
"""How many faults come in a schedule of the long share beside the first."""
LONG_SECONDS = 5.0
"""So often the story tells how each role is, while it is waited for something."""
REPEATING = ("relay", "broker", "postgres", "connections", "tail")
"""What has a relay begin anew, by a word of its name: only then may it write a position again."""
SAMPLE = 12
"""So many commands are sent again after each schedule, under their keys."""

Commands = Mapping[str, Sequence[str]]
"""What to start for a role instead of the role."""


@dataclass
class Ground:
    """A province with its roles, which lives through any number of schedules."""

    stack: Stack
    keeper: Keeper
    desk: Desk
    clients: Sequence[Client]
    scene: Scene
    oracle: Oracle
    kept: Province

    @classmethod
    @contextmanager
    def laid(cls, folder: Path, seed: int, instead: Commands | None = None) -> Iterator[Self]:
        """Start a stack of one's own, a province on it, its roles and clients."""
        with ExitStack() as closing:
            stack = Stack(folder, free_ports=True)
            closing.callback(stack.forget)
            stack.start(["postgres", "kafka"])
            told = {
                **{f"KETNAP_{name.upper()}_DSN": stack.dsn(name) for name in DATABASES},
                "KETNAP_KAFKA": stack.bootstrap,
                "KETNAP_DATA": str(folder / "data"),
                "KETNAP_PORT": str(stack.roles["dossiers-api"]),
            }
            list(made(settings(told)))
            wire = Wire(stack.dsn("ledgers"))
            closing.callback(wire.close)
            wired = Province(settings({**told, "KETNAP_LEDGERS_DSN": wire.dsn}))
            desk = Desk(wired, stack.roles["dossiers-api"], PAUSE_SECONDS)
            closing.callback(desk.close)
            desk.set_up()
            keeper = Keeper([stack.postgres, stack.kafka], folder, environment(told))
            closing.callback(keeper.close)
            for name in ROLES:
                keeper.add(name, (instead or {}).get(name))
            clients = [
                *(Clerk(desk, f"clerk-{n}", seed) for n in range(2)),
                Registrar(desk, "registrar", seed),
                Verifier(desk, "verifier", seed),
            ]
            closing.callback(_leave, desk, clients)
            oracle = Oracle(stack.dsn("ledgers"), stack.dsn("views"), stack.bootstrap)
            closing.callback(oracle.close)
            scene = Scene(stack, keeper, wire)
            kept = Province(settings(told))
            laid = cls(stack, keeper, desk, clients, scene, oracle, kept)
            laid.begin()
            yield laid

    def begin(self) -> None:
        """Return when every role is at work. Raises NotReadyError."""
        if not until(lambda: not self.oracle.behind(), READY_SECONDS):
            said = [*self.oracle.behind(), *self.keeper.story()]
            raise NotReadyError("\n".join(["the roles do not begin", *said]))

    def work(self) -> None:
        """Open the office, and return when every client is at work."""
        self.desk.open.set()
        until(lambda: not any(client.idle.is_set() for client in self.clients), 5.0)

    def rest(self) -> bool:
        """Close the office; tell whether every client was told what became of its last command."""
        self.desk.open.clear()
        return until(lambda: all(client.idle.is_set() for client in self.clients), PATIENCE_SECONDS)


def _leave(desk: Desk, clients: Sequence[Client]) -> None:
    desk.over.set()
    for client in clients:
        client.join()


@contextmanager
def ground(folder: Path, seed: int = 0, *, instead: Commands | None = None) -> Iterator[Ground]:
    """Lend what schedules are run on, in a folder that is gone afterwards."""
    if (folder / "ports.toml").exists():
        Stack.at(folder).forget()  # of a run that was killed before it could
    try:
        with Ground.laid(folder, seed, instead) as laid:
            yield laid
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def drawn(seed: int, more: Sequence[int] = MORE) -> list[tuple[float, str, Random]]:
    """Return the faults of a seed: when each begins, its kind, and its own chance."""
    chance = Random(seed)
    kinds = list(KINDS)
    first = kinds[seed % len(kinds)]
    others = chance.choices([kind for kind in kinds if kind != "long pause"], k=chance.choice(more))
    return sorted(
        (
            (chance.uniform(0, BUSY_SECONDS), kind, Random(chance.getrandbits(64)))
            for kind in (first, *others)
        ),
        key=lambda fault: fault[0],
    )


def run(
    seed: int,
    ground: Ground,
    *,
    faults: Sequence[tuple[float, str, Random]] | None = None,
    within_seconds: float = CONVERGED_SECONDS,
    rebuilding: bool = True,
) -> Outcome:
    """Run the schedule of a seed on what earlier ones left."""
    began, scene, desk = monotonic(), ground.scene, ground.desk
    before, asked_again = len(desk.told), desk.asked_again
    repeated = dict(ground.oracle.repeated)
    spent = Spent()
    scene.begin()
    ground.work()
    spent.on("opening")
    problems = _strike(scene, faults or drawn(seed))
    spent.on("faults")
    seconds = _converge(ground, problems, spent)
    if seconds is not None and seconds > within_seconds:
        problems.append(f"all agreed {seconds:.1f} s after the last fault, not {within_seconds} s")
    problems += ground.keeper.misused() + desk.failed
    if seconds is not None:
        problems += ground.oracle.wrong(desk.told)
        problems += _repeated(scene.faults, repeated, ground.oracle.repeated)
        spent.on("oracle")
        problems += _asked_again(desk, Random(seed))
        spent.on("asked again")
        problems += _rebuilt(ground.kept) if rebuilding else []
        spent.on("rebuilt")
    problems += _unlike(desk, before)
    return Outcome(
        seed=seed,
        replay=f"python -m tests.chaos --seed {seed} --real 1 --simulated 0",
        steps=len(desk.told) - before,
        faults=dict(scene.faults),
        problems=tuple(dict.fromkeys(problems)),
        schedule=(*scene.story, *(ground.keeper.story() if problems else ())),
        seconds=monotonic() - began,
        converged_seconds=seconds,
        figures={"sent again": desk.asked_again - asked_again, **spent.seconds},
    )


def _repeated(
    faults: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]
) -> list[str]:
    """Return the topics with positions that were written again, where no fault explains it.

    That is no harm: readers skip them. But of two relays of a ledger one must have been idle.
    """
    if any(word in fault for fault in faults for word in REPEATING):
        return []
    return [
        f"{ledger}.events has {after[ledger] - before[ledger]} records again, and nothing was"
        " done to its relay"
        for ledger in after
        if after[ledger] != before[ledger]
    ]


class Spent:
    """What the seconds of a schedule went to."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = monotonic()

    def on(self, what: str) -> None:
        """Take note that all time since the last note went to something."""
        now = monotonic()
        self.seconds[what] = now - self._since
        self._since = now


def _strike(scene: Scene, faults: Sequence[tuple[float, str, Random]]) -> list[str]:
    """Have faults come, each at its moment; return what failed of them."""
    failed: list[str] = []

    def strike(after: float, kind: str, chance: Random) -> None:
        scene.waiting.wait(after)
        fault: Fault = KINDS[kind]
        try:
            fault(scene, chance)
        except Exception as error:  # noqa: BLE001 - the schedule tells of it
            failed.append(f"{kind} could not be done: {error!r}")

    threads = [Thread(target=strike, args=each, name=each[1]) for each in faults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def _converge(ground: Ground, problems: list[str], spent: Spent) -> float | None:
    """Return how long after the last fault all agreed, with what was accepted after it."""
    accepted = {client: client.done for client in ground.clients}

    def unanswered() -> list[str]:
        """Return who was told nothing yet that began after the last fault."""
        return [
            f"{client.name} is told nothing"
            for client in ground.clients
            # The first that it was told of may have begun before the fault.
            if client.acts and client.done <= accepted[client] + 1
        ]

    if _still(unanswered, ground.scene):
        problems.append("nothing was accepted after the last fault")
    spent.on("accepted again")
    if not ground.rest():
        problems += [
            f"{client.name} was not told what became of its command: {client.where()}"
            for client in ground.clients
            if not client.idle.is_set()
        ]
    spent.on("at rest")
    if behind := _still(ground.oracle.behind, ground.scene):
        problems += ["all did not agree", *behind]
        return None
    spent.on("agreed")
    return monotonic() - ground.scene.last


def _still(awaited: Callable[[], list[str]], scene: Scene) -> list[str]:
    """Return what is awaited when patience is over; the story tells what came last, and when."""
    left: list[str] = []
    due = monotonic() + LONG_SECONDS

    def over() -> bool:
        nonlocal left, due
        before, left = left, awaited()
        if left and monotonic() > due:
            due += LONG_SECONDS
            scene.tell(scene.keeper.stands())
        if names(left) != names(before):
            scene.tell("; ".join(left) or "nothing is awaited any more")
        return not left

    def names(lines: list[str]) -> list[str]:
        return [line.split()[0] for line in lines]

    until(over, PATIENCE_SECONDS)
    return left


def _asked_again(desk: Desk, chance: Random) -> list[str]:
    """Send commands again under their keys; return those that were answered otherwise."""
    wrong = []
    for told in chance.sample(desk.told, min(SAMPLE, len(desk.told))):
        answer = _answer(told.again)
        if answer != told.answer:
            wrong.append(f"{told.key} was answered {told.answer}, and then {answer}")
    return wrong


def _answer(again: Callable[[], object]) -> object:
    """Return the answer, once there is one."""
    answers: list[object] = []

    def asked() -> bool:
        try:
            answers.append(again())
        except Exception as error:  # noqa: BLE001 - it is compared
            answers.append(repr(error))
            return False
        return True

    until(asked, 10.0)
    return answers[-1]


def _rebuilt(kept: Province) -> list[str]:
    """Return the tables that differ from what the ledgers call for when they are read anew."""
    with Installation(kept) as installation:
        return [
            f"{table.view}.{table.table} lacks {table.missing} rows and has {table.extra} too many"
            for table in compare(installation)
            if table.differs
        ]


def _unlike(desk: Desk, before: int) -> list[str]:
    return [] if len(desk.told) > before else ["no command was acknowledged: nothing was tried"]
