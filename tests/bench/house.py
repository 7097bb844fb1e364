"""Our server and the plain one, each a process of its own, filled alike."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from uuid import UUID

from events.dossiers import Facets
from events.envelope import By
from infra.access import Access, Grant, Tokens
from infra.adapters import Adapters
from services import demo
from services.dossiers.application import NominateCandidate
from services.imports.run import import_files
from services.installation import Installation
from tests.bench import plain
from tests.bench.loading import until_ready
from tests.bench.wire import Request, post

SECONDS = 60
ON = date(2026, 3, 2)
UNIT, ABOVE, PROVINCE = "PD-01", "PD", "KH"
ORGANISATIONS = {"phong-dien", "khanh-hoa"}
STREAMS_AN_ACCOUNT = 8
_TICKS = os.sysconf("SC_CLK_TCK")
_A_CALL = 500


@dataclass
class House:
    """An installation of the demo and of people who wait for a certificate, and who asks there."""

    folder: Path
    access: Access
    clerk: Grant
    """Records certificates in one unit."""
    readers: Sequence[Grant]
    """Each opens as many streams as an account may."""
    session: str
    """The cookie of somebody signed in for a province."""
    candidacies: Sequence[UUID]
    units: Sequence[tuple[UUID, UUID | None]]

    def __post_init__(self) -> None:
        self._numbers = count()
        self._next = {"ours": iter(self.candidacies), "plain": iter(self.candidacies)}

    def acts(self, where: str, tokens: Tokens, prefix: str = "") -> Callable[[], Request]:
        """Return what makes the next act, by somebody whose minute begins now."""
        token = tokens.sign(self.clerk, self.access.today())
        return lambda: post(
            f"{prefix}/candidacies/{next(self._next[where])}/certificate",
            {
                "Authorization": f"Bearer {token}",
                "Idempotency-Key": f"bench-{next(self._numbers)}",
                "If-Match": '"2"',
            },
            {"on": ON, "document": "GCN 12"},
        )

    def fill(self, table: plain.Kept) -> None:
        """Give the plain application the same units and candidacies."""
        table.fill(
            [(unit.bytes, parent.bytes if parent else None) for unit, parent in self.units],
            [(each.bytes, self.clerk.unit.bytes) for each in self.candidacies],
        )

    def streams(self, many: int) -> list[str]:
        """Return the tokens of so many streams."""
        today, sign = self.access.today(), self.access.tokens.sign
        return [sign(self.readers[n // STREAMS_AN_ACCOUNT], today) for n in range(many)]


@contextmanager
def filled(
    kept: Adapters,
    people: int,
    streams: int,
    progress: Callable[[str], None],
    *,
    only: str = "",
) -> Iterator[House]:
    """Fill an installation: the demo, people who are nominated, accounts of those who ask.

    Of the demo, it may be only the files of one name.
    """
    with Installation(kept) as ketnap:
        import_files(
            ketnap,
            [
                file
                for file in demo.files()
                if file.parent.name in ORGANISATIONS and only in file.name
            ],
            commit=True,
            progress=lambda done, total: progress(f"demo: row {done}/{total}"),
        )
        unit, above, province = (ketnap.view.bearer(code, ON) for code in (UNIT, ABOVE, PROVINCE))
        if not unit or not above or not province:
            raise AssertionError(UNIT)
        candidacies = _nominated(ketnap, unit, people, progress)
        tree = ketnap.units.tree
        units = [(each, next(iter(tree.ancestors(each, ON)), None)) for each in tree.lives]
        secret = ketnap.keys.access_secret
    with closing(kept.access(secret)) as access:
        clerk = _grant(access, "clerk", unit, "grassroots_committee")
        readers = []
        for number in range(-(-streams // STREAMS_AN_ACCOUNT)):
            progress(f"accounts: {number}")
            readers.append(_grant(access, f"reader-{number}", above, "district_board"))
        account, password = access.open_account("province")
        access.grant(account.name, province, "provincial_board", first=ON, by="bench")
        session = access.sign_in(account.name, password, "127.0.0.1")
        yield House(kept.folder, access, clerk, readers, session, candidacies, units)


def _nominated(
    ketnap: Installation, unit: UUID, people: int, progress: Callable[[str], None]
) -> list[UUID]:
    wanted = [
        NominateCandidate(
            on=ON,
            person_ref=f"BENCH-{number}",
            full_name=f"Nguyễn Văn {number}",
            birth_date=date(1995, 1, 1),
            facets=Facets(sex="male", youth_union=True),
            unit=unit,
            by=By(actor="bench"),
        )
        for number in range(people)
    ]
    candidacies = []
    for first in range(0, people, _A_CALL):
        progress(f"nominated: {first}/{people}")
        for outcome in ketnap.dossiers.perform_all(wanted[first : first + _A_CALL]):
            if not isinstance(outcome, tuple):
                raise outcome
            [row] = ketnap.dossiers.ledger.read(outcome[-1] - 1, 1)
            candidacies.append(row.stream)
    ketnap.catch_up()
    return candidacies


def _grant(access: Access, name: str, unit: UUID, role: str) -> Grant:
    account, _ = access.open_account(name)
    access.grant(name, unit, role, first=ON, by="bench")
    [grant] = access.grants(account.id)
    return grant


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    address: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return the processor time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def ours(house: House, progress: Callable[[str], None]) -> Iterator[Server]:
    """Run `ketnap up` at a free port until the block ends."""
    with running("services", "up", "--port", "0", "--data", str(house.folder)) as server:
        until_ready(server.address, progress)
        yield server


@contextmanager
def theirs(path: Path, house: House) -> Iterator[Server]:
    """Run the plain application with the same units and candidacies until the block ends."""
    with closing(plain.Table(path)) as table:
        house.fill(table)
    with running("tests.bench.plain", str(path)) as server:
        yield server


@contextmanager
def running(module: str, *arguments: str) -> Iterator[Server]:
    """Run a server that says its address when it begins, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KETNAP_LOG_LEVEL": "warning"},
    )
    try:
        if process.stderr is None:
            raise AssertionError(process)
        said = ""
        # It may say first that it builds a view anew.
        while not (address := re.search(r"http://[\d.:]+\d", said)):
            if not (line := process.stderr.readline()):
                raise AssertionError(f"{module} did not start: {said}")
            said += line
        yield Server(address[0], process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
