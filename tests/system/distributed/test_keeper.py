"""No role outlives the `ketnap serve` that started it, however that ends."""

from __future__ import annotations

import socket
from dataclasses import replace

from deploy.local.processes import alive, until
from tests.system.distributed.province import Province, free_ports

SECONDS = 60.0


def test_roles_end_in_order_when_who_keeps_them_is_killed(province: Province) -> None:
    elsewhere = replace(province, port=free_ports())
    with elsewhere.serving("dossiers-api", "training-api", "verification-api") as serving:
        roles = [serving.pid(role) for role in serving.roles]
        assert all(alive(pid) for pid in roles)

        serving.process.kill()

        assert until(lambda: not any(alive(pid) for pid in roles), SECONDS)
        assert all(is_free(serving.address(role)) for role in serving.roles)
        assert serving.log.read_text().count("keeper is gone") == len(roles)


def is_free(address: str) -> bool:
    """Bind the port of an address, as whoever starts next will."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_server((host, int(port))):
        return True
