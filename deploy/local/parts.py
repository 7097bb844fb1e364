"""The three parts of the local stack, and how each is asked whether it is there."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import uuid
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import psycopg
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from deploy.local.processes import MissingError, Part

HERE = Path(__file__).parent
SUPERUSER = "ketnap"
_POSTGRES = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may be too long, and TCP is what compose has
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling a short query costs more than running it
    "timezone": "UTC",
}
_TO_POSTGRES = ("--reuid=postgres", "--regid=postgres", "--clear-groups")
_JAVA = ("-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")


def program(name: str, package: str) -> str:
    """Return where a program lies. Raises MissingError, which names Debian's package."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin")
    if found is None:
        raise MissingError(f"no {name}; as root: apt-get install {package}")
    return found


class Postgres(Part):
    """PostgreSQL of Debian's packages, one private cluster, its password in a file."""

    name = "postgres"
    stops_at = signal.SIGINT  # fast: SIGTERM would wait for every client to leave

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder)
        self.port = port

    @staticmethod
    def binaries() -> Path:
        """Return the folder of the newest server. Raises MissingError."""
        found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
        newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
        if newest is None:
            raise MissingError("no postgres; as root: apt-get install postgresql")
        return newest.parent

    @property
    def data(self) -> Path:
        """Return the cluster's folder: beside the rest, unless its user cannot come there."""
        inside = self.folder / "postgres"
        if not _is_root() or all(parent.stat().st_mode & 0o001 for parent in inside.parents):
            return inside
        return Path("/var/tmp") / f"ketnap-{sha256(bytes(self.folder)).hexdigest()[:12]}"  # noqa: S108 - only ever a folder of user postgres, 0700

    @property
    def passfile(self) -> Path:
        """Return the file that holds the password, in libpq's form."""
        return self.folder / "postgres.pass"

    def dsn(self, database: str) -> str:
        """Return how to reach a database; no secret is in it, so a command line may show it."""
        where = f"host=127.0.0.1 port={self.port} user={SUPERUSER} dbname={database}"
        return f"{where} passfile={self.passfile}"

    def prepare(self) -> None:
        """Make the cluster and its password."""
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # of an initdb that was cut off
        self.data.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        _write_secret(self.passfile, f"127.0.0.1:*:*:{SUPERUSER}:{password}\n")
        asked = self.data.with_name(f"{self.data.name}.asked")
        _write_secret(asked, _kept(password))
        if _is_root():
            shutil.chown(self.data, "postgres", "postgres")
            shutil.chown(asked, "postgres", "postgres")
        made = [self.binaries() / "initdb", "-D", self.data, "-U", SUPERUSER, "-E", "UTF8"]
        made += ["--no-locale", "-A", "scram-sha-256", f"--pwfile={asked}"]
        try:
            _run(self._as_postgres(*map(str, made)))
        finally:
            asked.unlink()

    def command(self) -> list[str]:
        """Return the postmaster's command, as a user who is not root."""
        options = [f"-c{name}={value}" for name, value in _POSTGRES.items()]
        server = str(self.binaries() / "postgres")
        return self._as_postgres(server, "-D", str(self.data), f"-p{self.port}", *options)

    def mark(self) -> str:
        """Return the data folder."""
        return str(self.data)

    def answers(self) -> bool:
        """Ask for a row."""
        try:
            with psycopg.connect(self.dsn("postgres"), connect_timeout=2) as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    @staticmethod
    def _as_postgres(*command: str) -> list[str]:
        if not _is_root():
            return list(command)
        return [program("setpriv", "util-linux"), *_TO_POSTGRES, *command]


class Kafka(Part):
    """Apache Kafka in KRaft mode, one node, from the jars that Maven fetched."""

    name = "kafka"

    def __init__(self, folder: Path, port: int, controller: int, jars: Path) -> None:
        super().__init__(folder)
        self.port = port
        self.bootstrap = f"127.0.0.1:{port}"
        self.data = folder / "kafka"
        self._controller = controller
        self._jars = jars

    @property
    def _properties(self) -> Path:
        return self.folder / "kafka.properties"

    def prepare(self) -> None:
        """Write the settings, and format the log folder once."""
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.data),
            **BROKER,
        }
        lines = [f"{name}={value}" for name, value in settings.items()]
        self._properties.write_text("\n".join([*lines, ""]))
        if (self.data / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"]
        _run(self._java(*tool, "--config", str(self._properties)))

    def command(self) -> list[str]:
        """Return the broker's command."""
        return self._java("kafka.Kafka", str(self._properties))

    def mark(self) -> str:
        """Return the file of settings."""
        return str(self._properties)

    def answers(self) -> bool:
        """Ask who the brokers are: a broker that is not in its own answer serves nobody yet."""
        if not _is_open(self.port):  # asking would fill the log of the one who asks
            return False
        found: list[bool] = []
        # A thread, because the one who waits may stand in an event loop of its own.
        asking = threading.Thread(target=lambda: found.append(asyncio.run(self._has_broker())))
        asking.start()
        asking.join()
        return found == [True]

    async def _has_broker(self) -> bool:
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap, request_timeout_ms=2000)
        try:
            async with asyncio.timeout(3):
                await client.bootstrap()
            return bool(client.cluster.brokers())
        except (KafkaError, TimeoutError, OSError):
            return False
        finally:
            await client.close()

    def _java(self, main: str, *arguments: str) -> list[str]:
        java = program("java", "openjdk-17-jre-headless")
        logging_ = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        return [java, *_JAVA, logging_, "-cp", f"{self._jars}/*", main, *arguments]


BROKER: Mapping[str, str] = {
    "auto.create.topics.enable": "false",
    # Back about four seconds after `kill -9`: a new broker waits for its own old session.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "300",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}
"""What a broker of one node must be told, here and in the compose file."""


class Prometheus(Part):
    """Prometheus of Debian's packages; the roles' addresses lie in a file that it watches."""

    name = "prometheus"

    def __init__(self, folder: Path, port: int, targets: Mapping[str, int]) -> None:
        super().__init__(folder)
        self.port = port
        self._targets = targets

    @property
    def _config(self) -> Path:
        return self.folder / "prometheus.yml"

    def prepare(self) -> None:
        """Write what is scraped."""
        groups = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"role": role.replace("-", " ")}}
            for role, port in self._targets.items()
        ]
        (self.folder / "targets.json").write_text(json.dumps(groups, indent=2))
        self._config.write_text(
            json.dumps(  # YAML is a superset of JSON
                {
                    "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
                    "rule_files": [str(HERE.parent / "prometheus" / "alerts.yml")],
                    "scrape_configs": [
                        {
                            "job_name": "ketnap",
                            "file_sd_configs": [{"files": [str(self.folder / "targets.json")]}],
                        },
                    ],
                },
                indent=2,
            ),
        )

    def command(self) -> list[str]:
        """Return the server's command."""
        return [
            program("prometheus", "prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}",
            "--storage.tsdb.retention.time=7d",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def mark(self) -> str:
        """Return the argument that names its settings."""
        return f"--config.file={self._config}"

    def answers(self) -> bool:
        """Ask its own question for that."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_root() -> bool:
    return os.geteuid() == 0


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def _kept(password: str) -> str:
    """Return what the server keeps of a drawn password, in its own form (RFC 5803).

    Stretching would hold up who guesses, which is hopeless here, and every connection alike:
    it took two thirds of the time of each.
    """
    salt, stretched = secrets.token_bytes(16), 1
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, stretched)
    client = sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, client64, server64 = (
        base64.b64encode(each).decode() for each in (salt, client, server)
    )
    return f"SCRAM-SHA-256${stretched}:{salt64}${client64}:{server64}"


def _run(command: list[str]) -> None:
    """Run a command to its end. Raises RuntimeError with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
