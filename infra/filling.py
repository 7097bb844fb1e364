"""How full things are: the disk of the data folder, and the databases that grow for ever."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from threading import Lock
from time import monotonic

import psycopg
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from infra.database.patient import PatientConnection

DATABASES_SECONDS = 300.0
"""How often a database is asked for its size: it grows by days, and reads its folder to tell."""
PATIENCE_SECONDS = 2
"""How long a scrape may wait for a database; one that is away is asked again like any other."""


class Disk(Collector):
    """Tells Prometheus how much room the disk of the data folder has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Yield its size, and what of it is free."""
        there = self._folder.absolute()
        usage = shutil.disk_usage(next(path for path in (there, *there.parents) if path.exists()))
        yield GaugeMetricFamily(
            "ketnap_disk_bytes", "The disk on which the data folder lies", value=usage.total
        )
        yield GaugeMetricFamily(
            "ketnap_disk_free_bytes",
            "What is free of the disk on which the data folder lies",
            value=usage.free,
        )


class Databases(Collector):
    """Tells Prometheus how large the databases are that a process is given."""

    def __init__(self, dsns: Mapping[str, str], seconds: Callable[[], float] = monotonic) -> None:
        self._dsns = dsns
        self._seconds = seconds
        self._asked: float | None = None
        self._sizes: dict[str, int] = {}
        self._asking = Lock()

    def collect(self) -> Iterator[Metric]:
        """Yield the sizes as they were a few minutes ago; nothing of one that was away then."""
        with self._asking:
            now = self._seconds()
            if self._asked is None or now - self._asked >= DATABASES_SECONDS:
                self._asked = now
                found = {name: _size(dsn) for name, dsn in self._dsns.items()}
                self._sizes = {name: size for name, size in found.items() if size is not None}
        family = GaugeMetricFamily(
            "ketnap_database_bytes",
            "How much a database holds, its indexes among it",
            labels=["database"],
        )
        for name, size in self._sizes.items():
            family.add_metric([name], size)
        yield family


def _size(dsn: str) -> int | None:
    try:
        with closing(
            PatientConnection.to(dsn, name="ketnap sizes", connect_seconds=PATIENCE_SECONDS)
        ) as connection:
            connection.patience_seconds = PATIENCE_SECONDS
            row = connection.execute("select pg_database_size(current_database())").fetchone()
    except psycopg.Error:
        return None
    return int(row[0]) if row else None
