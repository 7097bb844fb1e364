"""The wire of the fault suite tells both ends what became of the other."""

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.chaos.wire import Wire


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def client(server: socket.socket) -> Iterator[socket.socket]:
    host, port = server.getsockname()
    wire = Wire(f"host={host} port={port}")
    end = dict(part.split("=") for part in wire.dsn.split())
    with socket.create_connection((end["host"], int(end["port"])), timeout=10.0) as client:
        yield client
    wire.close()


def test_a_client_that_waits_hears_that_its_server_was_killed(
    server: socket.socket, client: socket.socket
) -> None:
    taken, _ = server.accept()
    client.sendall(b"select")
    assert taken.recv(6, socket.MSG_WAITALL) == b"select"

    _reset(taken)

    assert _heard(client) == b""


def test_a_server_hears_that_its_client_was_killed(
    server: socket.socket, client: socket.socket
) -> None:
    with server.accept()[0] as taken:
        taken.settimeout(10.0)

        _reset(client)

        assert _heard(taken) == b""


def _reset(end: socket.socket) -> None:
    """Close it as the system does where a process is killed that has not read all."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def _heard(end: socket.socket) -> bytes:
    try:
        return end.recv(1)
    except ConnectionError:
        return b""
