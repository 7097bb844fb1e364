from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from uuid_utils.compat import uuid7

from events.envelope import By
from events.registry import UnknownTypeError
from services.dossiers.application import RegisterUnit
from services.embedded import Embedded
from services.installation import ViewsBehindError

BY = By(actor="test")


def register(ketnap: Embedded, code: str) -> None:
    ketnap.dossiers.perform(
        RegisterUnit(unit=uuid7(), code=code, name=code, kind="district_committee", by=BY)
    )


@contextmanager
def projecting(ketnap: Embedded) -> Iterator[None]:
    """Keep the views current, as `ketnap up` does."""
    stop = Event()
    with ketnap.projecting() as ours:
        assert ours
        thread = Thread(target=ketnap.project, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def test_what_a_folder_lacks_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with Embedded.open(tmp_path / "data"):
        pass

    folders = [tmp_path / "data", *(path for path in (tmp_path / "data").iterdir())]
    assert {oct(path.stat().st_mode)[-3:] for path in folders if path.is_dir()} == {"700"}
    assert oct((tmp_path / "data" / "keys" / "master.key").stat().st_mode)[-3:] == "600"


def test_views_show_what_was_recorded_once_they_have_caught_up(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with Embedded.open(tmp_path) as ketnap:
        register(ketnap, "A")
        assert not all(state.ready for state in ketnap.states())

        ketnap.catch_up(lambda done, total: told.append((done, total)))

        assert all(state.ready for state in ketnap.states())
        assert told[-1] == (3, 3)


def test_one_process_projects(tmp_path: Path) -> None:
    with (
        Embedded.open(tmp_path) as one,
        Embedded.open(tmp_path) as other,
        one.projecting() as first,
        other.projecting() as second,
    ):
        assert (first, second) == (True, False)


def test_without_the_lock_a_command_waits_for_the_views(tmp_path: Path) -> None:
    with Embedded.open(tmp_path) as up, Embedded.open(tmp_path) as ketnap, projecting(up):
        register(ketnap, "A")

        ketnap.catch_up()

        assert all(state.ready for state in ketnap.states())


def test_views_that_stand_still_are_not_waited_for_for_ever(tmp_path: Path) -> None:
    with (
        Embedded.open(tmp_path) as stuck,
        Embedded(tmp_path, patience_seconds=0) as ketnap,
        stuck.projecting(),
    ):
        register(ketnap, "A")

        with pytest.raises(ViewsBehindError):
            ketnap.catch_up()


def test_types_of_a_newer_release_are_refused_by_name(tmp_path: Path) -> None:
    with Embedded.open(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "ledgers" / "training.db")) as db:
        db.execute("insert into types values ('training.ExamTaken')")
        db.commit()

    with pytest.raises(UnknownTypeError, match=r"training\.ExamTaken"):
        Embedded.open(tmp_path)

    with closing(sqlite3.connect(tmp_path / "ledgers" / "training.db")) as db:
        db.execute("delete from types where type = 'training.ExamTaken'")
        db.commit()
    with Embedded.open(tmp_path):
        pass


def test_while_one_thread_projects_another_one_waits_for_it(tmp_path: Path) -> None:
    with Embedded.open(tmp_path) as ketnap:
        with ketnap.projecting() as ours, ketnap.projecting() as again:
            assert (ours, again) == (True, False)
        with ketnap.projecting() as ours:
            assert ours


def test_outdated_views_that_another_process_keeps_are_not_taken_from_it(tmp_path: Path) -> None:
    with Embedded.open(tmp_path) as older, older.projecting():
        with closing(sqlite3.connect(tmp_path / "views" / "dossiers.db")) as db:
            db.execute("pragma user_version = 7")

        with pytest.raises(ViewsBehindError):
            Embedded(tmp_path, patience_seconds=0)
    with Embedded.open(tmp_path) as ketnap:
        assert ketnap.discarded == ["dossiers"]
