"""Commands made durable on Postgres: ours with every rule, a plain application, a bare insert."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from functools import partial
from math import ceil
from pathlib import Path

from deploy.local.parts import program
from infra.adapters import Province
from tests.bench import plain
from tests.bench.distributed import Distributed
from tests.bench.house import House, Server, filled, running
from tests.bench.paired import Compared, Measured, interleave
from tests.bench.plain_postgres import PostgresTable
from tests.bench.serving import AT_ONCE, WARM_SECONDS, answered_for

MOST_RATE = 3000
"""More commands a second than either application does: so many people wait."""
COMPARISONS = 2
PGBENCH_THREADS = 2
CONNECT_SECONDS = 2
_PROCESSED = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_RATE = re.compile(r"^tps = ([\d.]+) \(without initial connection time\)", re.MULTILINE)
_INSERT = (
    "insert into acts(candidacy, version, kind, day, actor, document) values ("
    "'\\x0123456789abcdef0123456789abcdef', 3, 'certified', '2026-03-02', 'bench', 'GCN 12');\n"
)
Say = Callable[[str], None]


def insert_all(
    here: Distributed,
    *,
    pairs: int,
    seconds: float,
    progress: Say,
    most_rate: int = MOST_RATE,
    only: str = "",
) -> list[Compared]:
    """Compare our commands over HTTP with a plain application, and with pgbench's single insert.

    All three commit to the one server, on which nothing is less durable than its defaults.
    `only` names the files of the demo that fill ours.
    """
    people = int(most_rate * (COMPARISONS * pairs * seconds + 2 * WARM_SECONDS))
    with filled(Province(here.said), people, 1, progress, only=only) as house:
        dsn = here.stack.make_database("plain")
        with closing(PostgresTable(dsn)) as table:
            house.fill(table)
        script = here.folder / "insert.sql"
        script.write_text(_INSERT, "utf-8")
        with (
            here.role("dossiers", "api") as server,
            running("tests.bench.plain_postgres", dsn) as other,
        ):
            ours = partial(_commands, here, server, house, "ours")
            theirs = partial(_commands, here, other, house, "plain")
            ours(WARM_SECONDS)
            theirs(WARM_SECONDS)
            compared = [
                interleave(
                    _against("a plain application", aim=1.5, other_is=plain_is()),
                    partial(ours, seconds),
                    partial(theirs, seconds),
                    pairs=pairs,
                    progress=progress,
                ),
                interleave(
                    _against("pgbench", aim=0.25, other_is="pgbench's single insert, prepared"),
                    partial(ours, seconds),
                    partial(_pgbench, here, dsn, script, seconds),
                    pairs=pairs,
                    progress=progress,
                ),
            ]
    return compared


def plain_is() -> str:
    """Return what the plain application is."""
    return "FastAPI and an insert into Postgres with the same validation, durable"


def _against(name: str, *, aim: float, other_is: str) -> Compared:
    return Compared(
        name=f"commands on Postgres, {AT_ONCE} at once, against {name}",
        ours_is="over HTTP: scope, role, version, key and every rule; chained, durable",
        other_is=other_is,
        aim=aim,
    )


def _commands(
    here: Distributed, server: Server, house: House, where: str, seconds: float
) -> Measured:
    tokens = house.access.tokens if where == "ours" else plain.TOKENS
    make = house.acts(where, tokens)
    return answered_for(server, make, seconds, beside=here.postgres_seconds)


def _pgbench(here: Distributed, dsn: str, script: Path, seconds: float) -> Measured:
    """Run pgbench about so long, in whole seconds; its rate leaves out the time to connect."""
    command = [program("pgbench", "postgresql-contrib"), "--no-vacuum", "--protocol=prepared"]
    command += [f"--file={script}", f"--client={AT_ONCE}", f"--jobs={PGBENCH_THREADS}"]
    cpu = here.postgres_seconds()
    done = subprocess.run(
        [*command, f"--time={ceil(seconds) + CONNECT_SECONDS}", dsn],
        capture_output=True,
        text=True,
        check=True,
    )
    processed, rate = _PROCESSED.search(done.stdout), _RATE.search(done.stdout)
    if processed is None or rate is None:
        raise AssertionError(done.stdout, done.stderr)
    operations = int(processed[1])
    return Measured(operations / float(rate[1]), here.postgres_seconds() - cpu, operations)
