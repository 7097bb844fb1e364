"""The compose file as data."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from deploy.local.stack import ROOT

API_PORT, WORKER_PORT = 8000, 9000
ONE_SHOT = {"migrate", "terminal"}


@cache
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def roles() -> dict[str, dict[str, Any]]:
    """Return the containers that run one role of one service each, by their names."""
    return {
        name: service
        for name, service in services().items()
        if service["image"] == "ketnap" and name not in ONE_SHOT
    }
