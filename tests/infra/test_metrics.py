from __future__ import annotations

from prometheus_client import generate_latest

from infra.metrics import Lag, registry


def test_a_scrape_shows_where_ledgers_and_views_stand() -> None:
    lag = Lag(view="units", ledger="dossiers", head=12, position=9, parked=1)

    page = generate_latest(registry(lambda: [lag])).decode()

    assert 'ketnap_ledger_position{ledger="dossiers"} 12.0' in page
    assert 'ketnap_view_lag_events{ledger="dossiers",view="units"} 3.0' in page
    assert 'ketnap_view_parked_records{ledger="dossiers",view="units"} 1.0' in page
    assert "process_resident_memory_bytes" in page


def test_the_ledgers_are_read_when_they_are_asked() -> None:
    asked: list[int] = []

    def lags() -> list[Lag]:
        asked.append(1)
        return []

    made = registry(lags)
    assert asked == []

    generate_latest(made)
    assert asked == [1]
