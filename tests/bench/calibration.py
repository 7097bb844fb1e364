"""What the machine does by itself: a run whose calibrations drift apart says little."""

from __future__ import annotations

import os
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

HASHES = 300_000
SYNCS = 200


def calibrate(folder: Path) -> dict[str, float]:
    """Return microseconds for a sha256 and for a durable write of 4 KiB, the median of several."""
    start = perf_counter()
    digest = bytes(32)
    for _ in range(HASHES):
        digest = sha256(digest).digest()
    hashing = (perf_counter() - start) / HASHES
    syncs = []
    file = os.open(folder / "calibration", os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(SYNCS):
            start = perf_counter()
            os.pwrite(file, bytes(4096), 0)
            os.fdatasync(file)
            syncs.append(perf_counter() - start)
    finally:
        os.close(file)
    return {
        "sha256_us": round(hashing * 1e6, 3),
        "fdatasync_us": round(median(syncs) * 1e6, 1),
    }


def drift(calibrations: list[dict[str, float]]) -> float:
    """Return how far two calibrations that follow each other lie apart, at most."""
    return max(
        abs(after[name] / before[name] - 1)
        for before, after in pairwise(calibrations)
        for name in before
    )
