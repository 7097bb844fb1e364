"""Every command of the compose file, started as a process on real servers."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from deploy.local.processes import until
from deploy.local.stack import ROOT, Stack
from tests.deploy.composed import API_PORT, WORKER_PORT, roles, services

STARTED_WITHIN_SECONDS = 120
GRACE_SECONDS = 30


def test_all_roles_start_are_healthy_are_scraped_and_leave_in_order(
    own_stack: Stack,
    tmp_path: Path,
) -> None:
    for _ in range(2):
        assert (
            subprocess.run(**_process("migrate", own_stack, tmp_path), check=False).returncode == 0
        )
    own_stack.prometheus.start()
    with _started(own_stack, tmp_path) as running:
        for name, process in running.items():
            assert _becomes_healthy(name, process, own_stack), (
                tmp_path / f"{name}.log"
            ).read_text()
        wanted = {name.replace("-", " "): "1" for name in roles()}
        until(lambda: _seen_by(own_stack) == wanted, STARTED_WITHIN_SECONDS)
        assert _seen_by(own_stack) == wanted
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        ended = {name: process.wait(GRACE_SECONDS) for name, process in running.items()}
    assert ended == dict.fromkeys(roles(), 0)


def test_the_compose_file_starts_every_role_of_every_service() -> None:
    declared = set()
    for module in (ROOT / "services").glob("*/__main__.py"):
        service = module.parent.name
        asked = [sys.executable, "-m", f"services.{service}"]
        usage = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stderr
        declared |= {f"{service}-{role}" for role in usage.split()[-1].split("|")}
    assert declared == set(roles())
    for name, role in roles().items():
        service, _, kind = name.rpartition("-")
        assert role["command"] == [f"services.{service}", kind]


@contextmanager
def _started(stack: Stack, folder: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    with ExitStack() as opened:
        running = {}
        for name in roles():
            log = opened.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(**_process(name, stack, folder), stdout=log, stderr=log)
            opened.callback(process.wait)
            opened.callback(process.kill)
            running[name] = process
        yield running


def _process(name: str, stack: Stack, folder: Path) -> dict[str, Any]:
    """Return what the image would run, with this machine's addresses for those of the network."""
    service = services()[name]
    entry = next(
        json.loads(line.removeprefix("ENTRYPOINT "))
        for line in (ROOT / "deploy/Dockerfile").read_text().splitlines()
        if line.startswith("ENTRYPOINT ")
    )
    assert entry[0] == "python"
    said = {
        key: _here(key, value, name, stack, folder) for key, value in service["environment"].items()
    }
    outside = {key: value for key, value in os.environ.items() if not key.startswith("KETNAP_")}
    return {
        "args": [sys.executable, *entry[1:], *service["command"]],
        "env": {**outside, "KETNAP_DATA": str(folder), **said},  # as the image says it
        "cwd": ROOT,
    }


def _here(variable: str, value: str, name: str, stack: Stack, folder: Path) -> str:
    if value.startswith("/run/secrets/"):
        return str(_secret(value.rpartition("/")[2], stack, folder))
    if variable in {"KETNAP_PORT", "KETNAP_METRICS_PORT"}:
        serves = (variable == "KETNAP_PORT") == name.endswith("-api")
        return str(stack.roles[name]) if serves and name in stack.roles else "0"
    return {**stack.environment(), "KETNAP_HOST": "127.0.0.1"}[variable]


def _secret(name: str, stack: Stack, folder: Path) -> Path:
    path = folder / name
    if not path.exists():
        dsn = name.removesuffix("_dsn")
        path.write_text(stack.dsn(dsn) if dsn != name else secrets.token_hex(32))
    return path


def _becomes_healthy(name: str, process: subprocess.Popen[bytes], stack: Stack) -> bool:
    until(lambda: process.poll() is not None or _is_healthy(name, stack), STARTED_WITHIN_SECONDS)
    return _is_healthy(name, stack)


def _is_healthy(name: str, stack: Stack) -> bool:
    """Run the container's own check, its port exchanged."""
    kind, program, *arguments = roles()[name]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    port = API_PORT if name.endswith("-api") else WORKER_PORT
    asked = [text.replace(f":{port}/", f":{stack.roles[name]}/") for text in arguments]
    return (
        subprocess.run([sys.executable, *asked], capture_output=True, check=False).returncode == 0
    )


def _seen_by(stack: Stack) -> dict[str, str]:
    asking = http.client.HTTPConnection("127.0.0.1", stack.prometheus.port)
    try:
        asking.request("GET", "/api/v1/query?query=up")
        found = json.load(asking.getresponse())["data"]["result"]
    finally:
        asking.close()
    return {series["metric"]["role"]: series["value"][1] for series in found}
