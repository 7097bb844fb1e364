"""Forks, on request, a process that saves without end and says each save once it is durable.

Started as `python -m tests.chaos.writer ADAPTER WHERE`; each line on the way in numbers a life,
each line on the way out is written at once, past every buffer: the process id of that life, then
`stream version position` of each save that was acknowledged, then `dead` when the life is over.
"""

import os
import sys
from pathlib import Path
from threading import Thread
from uuid import NAMESPACE_URL, UUID, uuid5

from infra.ledger.port import Ledger, Save
from infra.ledger.postgres import PostgresLedger
from infra.ledger.sqlite import SqliteLedger
from tests.ports.places import happened

THREADS = 4
EVENTS_PER_SAVE = 3


def stream_of(life: int, thread: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"{life}/{thread}")


def save_of(stream: UUID, version: int) -> Save:
    key = f"{stream}/{version}"
    return Save(
        events=[happened(stream, version + more) for more in range(EVENTS_PER_SAVE)],
        takes=[(key, stream)],
        command=(key, b"body"),
    )


def say(*words: object) -> None:
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


def save_without_end(ledger: Ledger, stream: UUID) -> None:
    version = 1
    while True:
        [saved] = ledger.append([save_of(stream, version)])
        say(stream, version, saved.positions[0])
        version += EVENTS_PER_SAVE


def opened(adapter: str, where: str) -> Ledger:
    if adapter == "postgres":
        return PostgresLedger(where, "dossiers")
    return SqliteLedger(Path(where), "dossiers")


def live(ledger: Ledger, life: int) -> None:
    say(os.getpid())
    for thread in range(THREADS):
        Thread(target=save_without_end, args=(ledger, stream_of(life, thread))).start()


def main() -> None:
    for life in sys.stdin:
        child = os.fork()
        if child == 0:
            live(opened(*sys.argv[1:]), int(life))
            return
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()
