from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from deploy.local.stack import ROOT, Stack
from infra.settings import DATABASES
from tests.deploy.composed import compose, roles

MAKE = ROOT / "deploy" / "secrets.sh"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Return the folder; who is not root gets its group from a stand-in for chgrp."""
    folder = tmp_path / "secrets"
    _make(folder, tmp_path)
    return folder


def _make(folder: Path, tmp_path: Path) -> None:
    as_root = tmp_path / "as-root"
    as_root.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        for name, does in {"id": "echo 0", "chgrp": "true"}.items():
            stand_in = as_root / name
            stand_in.write_text(f"#!/bin/sh\n{does}\n")
            stand_in.chmod(0o755)
    path = f"{as_root}:{os.environ['PATH']}"
    subprocess.run([MAKE, folder], env={**os.environ, "PATH": path}, check=True)


def test_every_secret_of_the_compose_file_is_made(secrets: Path) -> None:
    named = {Path(secret["file"]) for secret in compose()["secrets"].values()}
    assert {path.parent for path in named} == {Path("deploy/secrets")}
    assert {path.name for path in named} == {path.name for path in secrets.iterdir()}
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_secrets_are_read_by_their_group_only_and_differ(secrets: Path) -> None:
    group = roles()["dossiers-api"]["group_add"]
    texts = set()
    for path in secrets.iterdir():
        assert path.stat().st_mode & 0o777 == 0o440
        assert os.geteuid() != 0 or group == [str(path.stat().st_gid)]
        texts.add(path.read_text().strip().rpartition("=")[2])
    assert len(texts) == len(list(secrets.iterdir()))
    assert min(map(len, texts)) == 64


def test_a_second_run_replaces_nothing(secrets: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    (secrets / "access_dsn").unlink()
    _make(secrets, tmp_path)
    after = {path.name: path.read_text() for path in secrets.iterdir()}
    assert after.pop("access_dsn") != before.pop("access_dsn")
    assert after == before


@pytest.mark.stack
def test_each_database_is_its_own_users_alone(secrets: Path, tmp_path: Path) -> None:
    stack = Stack(tmp_path / "stack", free_ports=True)
    stack.postgres.start()
    try:
        server = {"PGHOST": "127.0.0.1", "PGPORT": str(stack.postgres.port)}
        server |= {"PGPASSFILE": str(stack.postgres.passfile), "SECRETS": str(secrets)}
        subprocess.run(
            [ROOT / "deploy/postgres/databases.sh"],
            env={**os.environ, **server, "POSTGRES_USER": "ketnap"},
            check=True,
        )
        here = f"host=127.0.0.1 port={stack.postgres.port}"
        for name in DATABASES:
            dsn = (secrets / f"{name}_dsn").read_text().strip()
            own = dsn.replace("host=postgres port=5432", here)
            with psycopg.connect(own) as connection:
                connection.execute("create schema made_here")
            for other in set(DATABASES) - {name}:
                with pytest.raises(psycopg.OperationalError, match="permission denied"):
                    psycopg.connect(own.replace(f"dbname={name}", f"dbname={other}"))
    finally:
        stack.forget()
