from __future__ import annotations

from prometheus_client import generate_latest

from infra.metrics import Lag, Unread, registry


def test_a_scrape_shows_where_ledgers_and_views_stand() -> None:
    lag = Lag(reader="units", ledger="dossiers", head=12, position=9, parked=1)

    page = generate_latest(registry(lambda: [lag], lambda: {"dossiers": 12})).decode()

    assert 'ketnap_ledger_position{ledger="dossiers"} 12.0' in page
    assert 'ketnap_reader_lag_events{ledger="dossiers",reader="units"} 3.0' in page
    assert 'ketnap_reader_parked{ledger="dossiers",reader="units"} 1.0' in page
    assert "process_resident_memory_bytes" in page


def test_a_reader_whose_broker_is_away_has_no_lag_and_all_else_is_told() -> None:
    lag = Lag(reader="units", ledger="dossiers", head=None, position=9, parked=1)

    page = generate_latest(registry(lambda: [lag], lambda: {"dossiers": 12})).decode()

    assert "ketnap_reader_lag_events{" not in page
    assert "ketnap_reader_lag_seconds{" not in page
    assert 'ketnap_reader_position{ledger="dossiers",reader="units"} 9.0' in page
    assert 'ketnap_reader_parked{ledger="dossiers",reader="units"} 1.0' in page


def test_the_ledgers_are_read_when_they_are_asked() -> None:
    asked: list[int] = []

    def lags() -> list[Lag]:
        asked.append(1)
        return []

    made = registry(lags)
    assert asked == []

    generate_latest(made)
    assert asked == [1]


def test_what_is_not_read_waits_since_its_ledger_was_first_seen_to_hold_it() -> None:
    now = [100.0]
    unread = Unread(lambda: now[0])

    def age(head: int, position: int) -> float | None:
        lag = Lag(reader="units", ledger="dossiers", head=head, position=position, parked=0)
        return unread.age(lag)

    assert age(5, 5) == 0
    assert age(7, 5) == 0
    now[0] += 10
    assert age(9, 5) == 10, "the two events of before wait"
    now[0] += 1
    assert age(9, 8) == 1, "they are read, and what came later is not"
    assert age(9, 9) == 0
