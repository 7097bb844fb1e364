"""An inn that follows a topic over Faust, as a process of its own.

Started as `python -m tests.kafka.faust_worker FOLDER BOOTSTRAP LEDGER [take|settle|group]`; with
the last word, that part of it fails, or the group never lets it in. It says on its standard
output before which position it stands still.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

from infra import logs, topics
from infra.feed.kafka import KafkaFeed
from infra.reactor import Reactor
from infra.reactor.deliveries import Deliveries
from infra.reactor.faust import FaustReactor
from tests.infra.test_reactor import NAME, House, policy


def fail(*_: object) -> NoReturn:
    raise ZeroDivisionError("Canary Nguyễn Thị Một")


async def hear_nothing(*_: object) -> None:
    await asyncio.Event().wait()


async def live(reactor: FaustReactor) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    told = asyncio.create_task(tell(reactor))
    await reactor.run(stop)
    told.cancel()


async def tell(reactor: FaustReactor) -> None:
    while reactor.state is None or reactor.state.parked is None:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.05)
    os.write(1, b"%d\n" % reactor.state.parked.position)


def main() -> None:
    folder, bootstrap, ledger, *broken = sys.argv[1:]
    logs.configure()
    with patch.dict(topics.PARTITIONS, {ledger: 0}):
        reactor = FaustReactor(
            NAME,
            KafkaFeed(bootstrap, ledger, healing_seconds=0),
            House(Path(folder)).inn(),
            policy,
            bootstrap=bootstrap,
            topic=f"{ledger}.events",
        )
        parts = {"take": Deliveries, "settle": Reactor}
        for part in broken:
            if part == "group":
                patch.multiple(FaustReactor, _agent=hear_nothing, _on_assigned=hear_nothing).start()
            else:
                setattr(parts[part], part, fail)
        asyncio.run(live(reactor))


if __name__ == "__main__":
    main()
