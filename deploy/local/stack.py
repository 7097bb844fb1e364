"""The local stack: start it, stop it, see how it is.

python -m deploy.local.stack start | stop | status [--folder var/stack] [--free-ports]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from deploy.local.parts import HERE, Kafka, Postgres, Prometheus, program
from deploy.local.processes import MissingError, NotReadyError, Part

ROOT = HERE.parent.parent
PORTS = HERE / "ports.toml"
DATABASES = ("ledgers", "views", "keys", "access")
_BELOW_OUTGOING = range(20000, 32000)


class Stack:
    """Postgres, Kafka and Prometheus with their data in one folder.

        stack = Stack(Path("var/stack"))
        stack.start()
        stack.kafka.kill()
        stack.kafka.start()
        stack.stop()

    Their processes outlive this object: `Stack.at(folder)` in another program finds them again.
    """

    def __init__(self, folder: Path, *, free_ports: bool = False) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            ports = self._ports(free=free_ports)
        stack = ports["stack"]
        self.postgres = Postgres(self.folder, stack["postgres"])
        self.kafka = Kafka(self.folder, stack["kafka"], stack["controller"], jars_folder())
        self.roles = ports.get("roles", {})
        """The port of each role that runs beside the stack."""
        self.prometheus = Prometheus(self.folder, stack["prometheus"], self.roles)
        self.parts: tuple[Part, ...] = (self.postgres, self.kafka, self.prometheus)

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Return the stack that was started in a folder. Raises FileNotFoundError."""
        if not (folder / "ports.toml").exists():
            raise FileNotFoundError(folder / "ports.toml")
        return cls(folder)

    @property
    def bootstrap(self) -> str:
        """Return where Kafka's clients begin."""
        return self.kafka.bootstrap

    def dsn(self, database: str) -> str:
        """Return how to reach a database of the cluster."""
        return self.postgres.dsn(database)

    def start(self, only: Sequence[str] = ()) -> None:
        """Start all or some parts, and the databases. Raises MissingError, NotReadyError."""
        chosen = [part for part in self.parts if not only or part.name in only]
        with self._alone():
            if self.kafka in chosen:
                fetch_jars()
            for part in chosen:
                part.launch()
            for part in chosen:
                part.wait_ready()
            if self.postgres in chosen:
                self._make_own_databases()

    def stop(self) -> None:
        """Stop every part; nothing is left running. Harmless when nothing runs."""
        with self._alone():
            for part in reversed(self.parts):
                part.stop()

    def forget(self) -> None:
        """Stop, and delete the data."""
        self.stop()
        shutil.rmtree(self.postgres.data, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)  # two may clear at once

    def make_database(self, name: str, template: str = "template1") -> str:
        """Make a database, empty or as another that nobody uses; return how to reach it."""
        copied = sql.SQL("create database {} template {}")
        self._administer(copied.format(sql.Identifier(name), sql.Identifier(template)))
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        dropped = sql.SQL("drop database if exists {} with (force)")
        self._administer(dropped.format(sql.Identifier(name)))

    def environment(self) -> dict[str, str]:
        """Return the settings that every role on this stack has."""
        named = {f"KETNAP_{name.upper()}_DSN": self.dsn(name) for name in DATABASES}
        asked = {
            f"KETNAP_{role.removesuffix('-api').upper()}_URL": f"http://127.0.0.1:{port}"
            for role, port in self.roles.items()
            if role.endswith("-api") and role != "portal-api"
        }
        own = {"KETNAP_DATA": str(self.folder / "data"), "KETNAP_KAFKA": self.bootstrap}
        return {**named, **asked, **own}

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _make_own_databases(self) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            there = {name for (name,) in connection.execute("select datname from pg_database")}
        for name in DATABASES:
            if name not in there:
                self.make_database(name)
        said = self.environment()
        if self.roles:
            said["KETNAP_PORT"] = str(self.roles["portal-api"])
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in said.items()]
        (self.folder / "ketnap.env").write_text("".join(lines))

    def _ports(self, *, free: bool) -> dict[str, dict[str, int]]:
        """Return the ports of this folder; chosen once, so that a restart finds the same."""
        written = self.folder / "ports.toml"
        if written.exists():
            return tomllib.loads(written.read_text())
        text = PORTS.read_text()
        if free:
            text = _with_free_ports(tomllib.loads(text))
        written.write_text(text)
        return tomllib.loads(text)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep a second start or stop of the same folder waiting."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _with_free_ports(ports: Mapping[str, Mapping[str, int]]) -> str:
    """Return the file of ports with each replaced by one that nobody listens on."""
    lines: list[str] = []
    taken: set[int] = set()
    for section, names in ports.items():
        lines.append(f"[{section}]")
        for name in names:
            port = next(port for port in _shuffled() if port not in taken and _is_free(port))
            taken.add(port)
            lines.append(f'"{name}" = {port}')
    return "\n".join([*lines, ""])


def _shuffled() -> list[int]:
    return random.SystemRandom().sample(_BELOW_OUTGOING, len(_BELOW_OUTGOING))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def jars_folder() -> Path:
    """Return where the jars of this very pom.xml lie once they are fetched."""
    version = sha256((HERE / "pom.xml").read_bytes()).hexdigest()[:12]
    return ROOT / "var" / f"jars-{version}"


def fetch_jars() -> None:
    """Fetch Kafka's jars once, checksums strict; whole or not at all."""
    jars = jars_folder()
    if jars.exists():
        return
    maven = program("mvn", "maven")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="jars-") as half:
        copied = ["dependency:copy-dependencies", f"-DoutputDirectory={half}/jars"]
        fetched = [maven, "-C", "-q", "-B", "-f", str(HERE / "pom.xml"), *copied]
        done = subprocess.run(
            [*fetched, "-DincludeScope=runtime"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingError(f"Kafka's jars cannot be fetched:\n{done.stdout}{done.stderr}")
        try:
            Path(half, "jars").rename(jars)
        except OSError:
            if not jars.exists():  # else another start was faster, with the same jars
                raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return 0 when all is well, 1 when a part is away."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.stack", description=__doc__)
    parser.add_argument("verb", choices=["start", "stop", "status"])
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "stack")
    parser.add_argument("--free-ports", action="store_true", help="choose ports nobody has")
    parser.add_argument(
        "--only", nargs="+", default=[], choices=["postgres", "kafka", "prometheus"]
    )
    parser.add_argument("--forget", action="store_true", help="with stop: delete the data too")
    asked = parser.parse_args(arguments)
    os.umask(0o022)
    stack = Stack(asked.folder, free_ports=asked.free_ports)
    if asked.verb == "stop":
        (stack.forget if asked.forget else stack.stop)()
        return 0
    if asked.verb == "start":
        try:
            stack.start(asked.only)
        except (MissingError, NotReadyError) as away:
            sys.stderr.write(f"{away}\n")
            return 1
    return _status(stack, asked.only)


def _status(stack: Stack, only: Sequence[str]) -> int:
    well = True
    for part in stack.parts:
        if only and part.name not in only:
            continue
        answers = part.pid is not None and part.answers()
        well = well and answers
        state = "answers" if answers else "is down" if part.pid is None else "does not answer"
        sys.stdout.write(f"{part.name:<11} {state:<16} pid {part.pid or '-'}\n")
    sys.stdout.write(f"settings    {stack.folder / 'ketnap.env'}\n")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
