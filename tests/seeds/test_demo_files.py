"""The demo's files are what its generator writes, and nobody in them is real."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from deploy.demo.generate import HERE, files

MADE = files()


def candidates() -> Iterator[dict[str, str]]:
    for path, text in MADE.items():
        if "sealed_on" in text:
            assert path.endswith(("candidates.csv", "afterwards.csv"))
            yield from csv.DictReader(text.splitlines())


def test_the_committed_files_are_what_the_generator_writes() -> None:
    committed = {
        path.relative_to(HERE).as_posix(): path.read_bytes() for path in HERE.rglob("*.csv")
    }

    assert committed == {path: text.encode() for path, text in MADE.items()}


def test_everybody_is_marked_as_synthetic() -> None:
    people = list(candidates())

    assert len(people) > 2600
    assert all(person["person_ref"].startswith("SYN-") for person in people)
    assert all(person["full_name"].startswith("Tổng hợp ") for person in people)
    assert len({person["full_name"] for person in people}) == len(people)
