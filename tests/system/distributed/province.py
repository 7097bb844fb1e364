"""A province on Postgres and Kafka: its settings, its roles as processes, and who asks there."""

from __future__ import annotations

import csv
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from deploy.local.processes import until
from deploy.local.stack import ROOT, Stack
from infra.access import Grant, Tokens
from infra.settings import Settings, settings
from services.installation import Installation
from services.supervising import ROLES
from services.terminal.options import installation

STARTS_WITHIN_SECONDS = 120.0
CATCHES_UP_WITHIN_SECONDS = 60.0
TODAY = date(2026, 11, 24)
READY = 200


@dataclass
class Province:
    """Where it lies; every process of it is told so by its environment."""

    stack: Stack
    folder: Path
    port: int
    told: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.told = {
            **{name: text for name, text in os.environ.items() if not name.startswith("KETNAP_")},
            **{
                name: text
                for name, text in self.stack.environment().items()
                if not name.endswith("_URL")
            },
            "KETNAP_DATA": str(self.folder),
            "KETNAP_PORT": str(self.port),
            "KETNAP_LANG": "en",
        }

    @property
    def settings(self) -> Settings:
        """Return its settings, as a process reads them."""
        return settings(self.told)

    def run(self, *arguments: object, **told: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `ketnap` to its end."""
        return subprocess.run(
            ketnap(*arguments),
            env={**self.told, **told},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def opened(self) -> Iterator[Installation]:
        """Open ledgers, keys and views in this process."""
        with installation(self.settings) as ketnap:
            yield ketnap

    @contextmanager
    def serving(self, *roles: str) -> Iterator[Serving]:
        """Run roles, all unless some are named, until the block ends."""
        log = self.folder / f"serve-{uuid4().hex[:8]}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ketnap("serve", *roles), env=self.told, cwd=ROOT, stdout=out, stderr=out
            )
        serving = Serving(self, process, log, roles or tuple(ROLES))
        try:
            serving.wait_ready()
            yield serving
        finally:
            serving.stop()


@dataclass
class Serving:
    """Roles that run."""

    province: Province
    process: subprocess.Popen[bytes]
    log: Path
    roles: Sequence[str]

    def address(self, role: str) -> str:
        """Return where a role is asked."""
        return f"http://127.0.0.1:{self.province.port + ROLES[role]}"

    def wait_ready(self) -> None:
        """Return when every role says that it is ready."""
        waiting = set(self.roles)

        def ready() -> bool:
            waiting.difference_update({role for role in waiting if self._is_ready(role)})
            return not waiting or self.process.poll() is not None

        until(ready, STARTS_WITHIN_SECONDS)
        assert not waiting, (waiting, self.log.read_text()[-3000:])

    def _is_ready(self, role: str) -> bool:
        try:
            return httpx2.get(f"{self.address(role)}/readyz", timeout=5).status_code == READY
        except httpx2.TransportError:
            return False

    def pid(self, role: str) -> int:
        """Return the process of a role as it was last started."""
        lines = [line for line in self.log.read_text().splitlines() if f"{role}: started" in line]
        return int(lines[-1].partition("process ")[2].partition(",")[0])

    def stop(self) -> int:
        """Tell the roles to stop, and return how the whole ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@dataclass
class Officer:
    """Somebody who asks services over HTTP, by a grant."""

    serving: Serving
    tokens: Tokens
    grant: Grant

    def ask(self, service: str, path: str, **query: str) -> httpx2.Response:
        """Ask; what is not yet known there is asked for again."""

        answers: list[httpx2.Response] = []

        def known() -> bool:
            answers.append(self._sent("GET", service, path, params=query))
            return bool(answers[-1].json().get("code") != "not-yet-known")

        until(known, CATCHES_UP_WITHIN_SECONDS)
        answer = answers[-1]
        assert answer.is_success, answer.text
        return answer

    def do(
        self,
        service: str,
        path: str,
        body: Mapping[str, Any],
        *,
        version: str | None = None,
        key: str | None = None,
    ) -> httpx2.Response:
        """Do something once."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        if version:
            headers["If-Match"] = version
        return self._sent("POST", service, path, json=dict(body), headers=headers)

    def _sent(self, method: str, service: str, path: str, **sent: Any) -> httpx2.Response:  # noqa: ANN401 - as the client takes it
        headers = {
            "Authorization": f"Bearer {self.tokens.sign(self.grant, TODAY)}",
            **sent.pop("headers", {}),
        }
        address = self.serving.address(f"{service}-api") + path
        return httpx2.request(method, address, headers=headers, timeout=30, **sent)


@contextmanager
def with_units(
    province: Province, units: Sequence[tuple[str, str, str, str]], folder: Path
) -> Iterator[Installation]:
    """Have units of one's own in the province: code, name, kind and the code above."""
    file = folder / "organisations.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("code", "name", "kind", "parent_code"), *units])
    done = province.run("import", file, "--commit")
    assert done.returncode == 0, done.stderr
    with province.opened() as opened:
        yield opened


def officers_of(
    ketnap: Installation, serving: Serving, posts: Mapping[str, tuple[str, str]]
) -> dict[str, Officer]:
    """Return officers by short names, of whom it is told for which unit and in which role."""
    with closing(ketnap.access()) as access:
        tokens: Tokens = access.tokens
    found: dict[str, Officer] = {}
    for name, (code, role) in posts.items():
        [unit] = ketnap.units.tree.with_code(code)
        grant = Grant(account=f"{role}-officer", unit=unit, role=role, first=date.min)
        found[name] = Officer(serving, tokens, grant)
    return found


def ketnap(*arguments: object) -> list[str]:
    """Return the command line of `ketnap`."""
    return [sys.executable, "-m", "services", *map(str, arguments)]


def free_ports() -> int:
    """Return the first of so many ports in a row that nobody listens on, as roles need."""
    while True:
        first = 20000 + secrets.randbelow(11000)
        if all(_is_free(first + offset) for offset in ROLES.values()):
            return first


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
