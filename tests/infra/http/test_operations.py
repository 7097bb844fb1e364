"""Is it alive, is it ready, how is it doing."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge
from starlette.testclient import TestClient

from infra.http import operations


def test_a_process_says_whether_it_is_alive_and_ready_and_how_it_is_doing() -> None:
    registry = CollectorRegistry()
    Gauge("rooms", "Rooms", registry=registry).set(7)
    behind = ["the view is at 3 of 5"]
    guest = TestClient(operations(not_ready=lambda: behind, metrics=registry))

    assert guest.get("/healthz").text == "ok\n"
    assert "rooms 7.0" in guest.get("/metrics").text
    assert guest.get("/readyz").status_code == 503
    assert guest.get("/readyz").json() == {"ready": False, "reasons": behind}

    behind.clear()
    assert guest.get("/readyz").status_code == 200
