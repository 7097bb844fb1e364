"""`ketnap doctor`: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from events.registry import UnknownTypeError
from events.rulebook import rulebook
from infra.adapters import Province
from infra.ledger.port import EMPTY_DIGEST, Ledger, link
from infra.sealing import MasterKeyError
from infra.settings import Settings
from services.embedded import Embedded
from services.installation import Installation
from services.surroundings import Check, surroundings

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 38, 0)
TAIL_EVENTS = 1000
LITTLE_SPACE_BYTES = 1 << 30
CALENDAR_HORIZON = timedelta(days=90)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(said: Settings, today: date) -> Iterator[Check]:
    """Look at everything, one after the other; what cannot be opened is itself a finding."""
    yield _version("python", tuple(sys.version_info[:3]), OLDEST_PYTHON)
    yield _version("sqlite", sqlite3.sqlite_version_info, OLDEST_SQLITE)
    yield from _settings(said)
    yield _calendar(today)
    if said.is_distributed:
        yield from _province(said)
    else:
        yield from _folder(said.data, said.master_key_file)


def _folder(folder: Path, master_key_file: Path | None) -> Iterator[Check]:
    if not (folder / "ledgers").is_dir():
        is_file = folder.exists() and not folder.is_dir()
        yield Check("folder", "wrong" if is_file else "warning", str(folder), "no-data")
        return
    yield _rights("folder", folder)
    yield _space(folder)
    yield _master_key(master_key_file or folder / "keys" / "master.key")
    yield from _opened(lambda: Embedded(folder, master_key_file=master_key_file))


def _province(said: Settings) -> Iterator[Check]:
    if said.data.is_dir():
        yield _space(said.data)
    key = _master_key(said.key_file, absent="no-master-key-yet")
    yield key
    found = list(surroundings(said))
    yield from found
    if all(check.state != "wrong" for check in (key, *found)):
        yield from _opened(lambda: Installation(Province(said)))


def _opened(opening: Callable[[], Installation]) -> Iterator[Check]:
    try:
        with opening() as ketnap:
            yield from _inside(ketnap)
    except MasterKeyError as error:
        yield Check("keys", "wrong", str(error), "master-key")
    except UnknownTypeError as error:
        yield Check("ledgers", "wrong", str(error.args[0]), "unknown-type")
    except (sqlite3.Error, OSError) as error:
        yield Check("ledgers", "wrong", str(error), "database")


def _version(name: str, found: tuple[int, ...], oldest: tuple[int, ...]) -> Check:
    text = ".".join(map(str, found))
    if found >= oldest:
        return Check(name, "ok", text)
    return Check(name, "wrong", text, "old", {"oldest": ".".join(map(str, oldest))})


def _settings(said: Settings) -> Iterator[Check]:
    for name, value in said.shown().items():
        yield Check("setting", "ok", f"{name}={value}")
    for name in said.unknown:
        yield Check("environment", "warning", name, "unknown-variable")


def _calendar(today: date) -> Check:
    last = rulebook().working_days.last_published
    if last - today < CALENDAR_HORIZON:
        return Check("calendar", "warning", last.isoformat(), "calendar")
    return Check("calendar", "ok", last.isoformat())


def _rights(name: str, path: Path) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        return Check(name, "wrong", f"{path} {mode:04o}", "rights", {"path": path})
    return Check(name, "ok", f"{path} {mode:04o}")


def _space(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    found = f"{free / (1 << 30):.1f} GiB"
    if free < LITTLE_SPACE_BYTES:
        return Check("space", "warning", found, "space")
    return Check("space", "ok", found)


def _master_key(path: Path, absent: str = "no-master-key") -> Check:
    if not path.is_file():
        return Check("master-key", "wrong", str(path), absent)
    return _rights("master-key", path)


def _inside(ketnap: Installation) -> Iterator[Check]:
    for ledger in ketnap.ledgers.values():
        yield _tail(ledger)
    misfits = ketnap.misfits()
    if misfits:
        yield Check("view", "wrong", ", ".join(misfits), "misfit", {"folder": "views"})
    for state in () if misfits else ketnap.states():
        where = f"{state.reader} {state.position}/{state.head}"
        if state.parked:
            reason = f"{where}: {state.parked.type}, {state.parked.reason}"
            yield Check("view", "wrong", reason, "parked")
        elif state.ready:
            yield Check("view", "ok", where)
        else:
            with ketnap.kept.alone(ketnap.kept.keeper(state.reader)) as nobody:
                advice = "nobody-keeps" if nobody and ketnap.is_distributed else "behind"
            yield Check("view", "warning", where, advice)
    unfinished = len(ketnap.keys.unfinished())
    if unfinished:
        yield Check("shredding", "wrong", str(unfinished), "unfinished-shredding")
    wrong = ketnap.keys.verify_reads()
    if wrong is not None:
        yield Check("reads", "wrong", str(wrong), "reads")
    staged = sorted(path.name for path in (ketnap.folder / "staging").glob("*.rows"))
    if staged:
        yield Check("staging", "warning", ", ".join(staged), "staged")


def _tail(ledger: Ledger) -> Check:
    """Recompute the chain of the last events; `ketnap verify` does all of it."""
    head = ledger.head()
    name = f"ledger {ledger.name}"
    after = max(0, head.position - TAIL_EVENTS)
    before = ledger.read(after - 1, 1) if after else []
    digest = before[0].digest if before else EMPTY_DIGEST
    for row in ledger.read(after, TAIL_EVENTS):
        digest = link(
            digest,
            row.position,
            (row.recorded - _EPOCH) // timedelta(microseconds=1),
            row.stream,
            row.version,
            row.type,
            row.state,
            row.sealed_digest,
        )
        if digest != row.digest:
            return Check(name, "wrong", f"{ledger.name}:{row.position}", "chain")
    if digest != head.digest:
        return Check(name, "wrong", f"{ledger.name}:{head.position}", "chain")
    return Check(name, "ok", f"{ledger.name}:{head.position}")
