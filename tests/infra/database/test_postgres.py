"""What is so of a schema of Postgres, and of no file."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Queue
from threading import Event, Thread
from uuid import uuid4

import psycopg
import pytest

from deploy.local.stack import Stack
from infra.database import Away, Database, Keep, NotMigrated, PostgresSchema, Readers, Taken
from infra.database.listening import listen
from infra.database.postgres import NotOursError
from tests.infra.database.places import LAYOUT, SCHEMA

pytestmark = pytest.mark.stack
SECONDS = 20.0
"""How long is waited for what must come."""


@pytest.fixture
def place(database: str) -> PostgresSchema:
    return PostgresSchema(database, "view", busy_seconds=SECONDS)


@pytest.fixture
def made(place: PostgresSchema) -> PostgresSchema:
    place.make(SCHEMA, LAYOUT)
    return place


@contextmanager
def opened(place: PostgresSchema, keep: Keep = Keep.CACHE) -> Iterator[Database]:
    db = place.open(SCHEMA, LAYOUT, keep=keep)
    try:
        yield db
    finally:
        db.close()


def counted(db: Database, unit: int) -> list[tuple[int]]:
    return db.execute("select n from counters where unit = ?", (unit,)).fetchall()


def cut(dsn: str, of: str = "ketnap view") -> None:
    """End every connection of a program, as a server that goes does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where application_name = %s and datname = current_database()",
            (of,),
        )


# Schemas


def test_what_was_never_migrated_is_not_opened_and_not_made(place: PostgresSchema) -> None:
    for _ in range(2):
        with pytest.raises(NotMigrated, match=r"schema view .* run `ketnap migrate`"):
            place.open(SCHEMA, LAYOUT)
    assert not place.is_outdated(LAYOUT)


def test_what_another_release_laid_out_is_not_opened(made: PostgresSchema) -> None:
    with pytest.raises(NotMigrated):
        made.open(SCHEMA, LAYOUT + 1)
    with pytest.raises(NotMigrated):
        made.make(SCHEMA, LAYOUT + 1)
    with opened(made) as db:
        assert counted(db, 1) == []


def test_making_again_keeps_what_is_there(made: PostgresSchema) -> None:
    with opened(made) as db:
        db.put("counters", [(1, "a", 2)])
        made.make(SCHEMA, LAYOUT)
        assert counted(db, 1) == [(2,)]


def test_many_may_make_it_at_once(place: PostgresSchema) -> None:
    together, failed = threading.Barrier(4), Queue[Exception]()

    def make() -> None:
        together.wait()
        try:
            place.make(SCHEMA, LAYOUT)
        except Exception as error:  # noqa: BLE001 - told below
            failed.put(error)

    in_threads(*[make] * 4)
    assert failed.empty()
    with opened(place) as db:
        assert counted(db, 1) == []


def in_threads(*runs: Callable[[], None]) -> None:
    threads = [Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_schema_that_went_may_come_back(made: PostgresSchema) -> None:
    with opened(made) as db:
        made.discard()
        for block in (db.reading, db.writing):
            with pytest.raises(psycopg.errors.UndefinedTable), block():
                pytest.fail("begun on nothing")
        made.make(SCHEMA, LAYOUT)
        with db.writing():
            db.put("counters", [(1, "a", 2)])
        assert counted(db, 1) == [(2,)]


def test_two_schemas_of_one_database_know_nothing_of_each_other(made: PostgresSchema) -> None:
    other = PostgresSchema(made.dsn, "other")
    other.make(SCHEMA, LAYOUT)
    with opened(made) as one, opened(other) as two, one.writing():
        one.put("counters", [(1, "a", 2)])
        with two.writing():
            two.put("counters", [(1, "a", 3)])
        assert counted(two, 1) == [(3,)]
    other.discard()
    with opened(made) as one:
        assert counted(one, 1) == [(2,)]


def test_a_database_that_is_not_there_is_away(stack: Stack) -> None:
    with pytest.raises(Away):
        PostgresSchema(stack.dsn("nowhere"), "view").open(SCHEMA)


# Connections that break


def test_a_lost_connection_is_away_once_and_then_replaced(made: PostgresSchema) -> None:
    with opened(made) as db:
        db.put("counters", [(1, "a", 2)])
        cut(made.dsn)
        with pytest.raises(Away):
            counted(db, 1)
        assert counted(db, 1) == [(2,)]


def test_a_connection_that_was_lost_between_blocks_is_nobodys_matter(
    made: PostgresSchema,
) -> None:
    with opened(made) as db:
        with db.writing():
            db.put("counters", [(1, "a", 2)])
        cut(made.dsn)
        with db.reading():
            assert counted(db, 1) == [(2,)]
        cut(made.dsn)
        with db.writing():
            db.execute("update counters set n = 3")
        assert counted(db, 1) == [(3,)]


def test_who_lends_connections_lends_none_that_a_restart_has_broken(made: PostgresSchema) -> None:
    readers = Readers(lambda: made.open(SCHEMA, LAYOUT))
    with readers.snapshot() as db:
        counted(db, 1)
    cut(made.dsn)

    def broken() -> None:
        with readers.snapshot() as db:
            assert counted(db, 1) == []
            cut(made.dsn)
            counted(db, 1)

    with pytest.raises(Away):
        broken()
    with readers.snapshot() as db:
        assert counted(db, 1) == []
    readers.close()


def test_a_block_whose_connection_breaks_is_away_and_undone(made: PostgresSchema) -> None:
    with opened(made) as db:
        with pytest.raises(Away), db.writing():  # noqa: PT012 - cut in the middle
            db.put("counters", [(1, "a", 2)])
            cut(made.dsn)
            counted(db, 1)
        with db.writing():
            db.put("counters", [(2, "a", 2)])
        assert (counted(db, 1), counted(db, 2)) == ([], [(2,)])


def test_inside_a_block_a_connection_is_never_replaced(made: PostgresSchema) -> None:
    with opened(made) as db, pytest.raises(Away), db.writing():  # noqa: PT012 - as above
        cut(made.dsn)
        for _ in range(2):
            with pytest.raises(Away):
                db.execute("insert into counters values (1, 'a', 1)")


def test_a_block_in_which_a_refusal_was_passed_over_does_not_look_committed(
    made: PostgresSchema,
) -> None:
    with opened(made, Keep.DURABLE) as db:
        db.put("counters", [(1, "a", 2)])
        passed_over = pytest.raises(psycopg.errors.InFailedSqlTransaction)
        with passed_over, db.writing(), pytest.raises(Taken):
            db.put("counters", [(1, "a", 3)])
        assert counted(db, 1) == [(2,)]


def test_a_server_that_is_killed_is_away_and_what_it_confirmed_is_there(own_stack: Stack) -> None:
    place = PostgresSchema(own_stack.make_database("killed"), "view")
    place.make(SCHEMA, LAYOUT)
    with opened(place, Keep.DURABLE) as db:
        with db.writing():
            db.put("counters", [(1, "a", 2)])
        own_stack.postgres.kill()
        for _ in range(2):
            with pytest.raises(Away):
                counted(db, 1)
        own_stack.postgres.start()
        own_stack.postgres.wait_ready()
        assert counted(db, 1) == [(2,)]
    own_stack.drop_database("killed")


def test_a_server_that_stands_still_is_away_and_then_found_again(own_stack: Stack) -> None:
    place = PostgresSchema(own_stack.make_database("still"), "view", answer_seconds=0.5)
    place.make(SCHEMA, LAYOUT)
    with opened(place) as db:
        db.put("counters", [(1, "a", 2)])
        own_stack.postgres.pause()
        with pytest.raises(Away, match="no answer"), db.reading():
            counted(db, 1)
        own_stack.postgres.resume()
        with db.reading():
            assert counted(db, 1) == [(2,)]
    own_stack.drop_database("still")


# At once


def test_what_was_refused_is_told_where_something_is_asked_next(made: PostgresSchema) -> None:
    with opened(made) as db:
        db.put("counters", [(1, "a", 1)])
        with pytest.raises(Taken), db.writing(at_once=True):  # noqa: PT012 - the last is refused
            db.execute("update counters set n = ? where unit = ?", (None, 1))
            counted(db, 1)
        with db.writing(at_once=True):
            db.execute("update counters set n = ? where unit = ?", (2, 1))
        assert counted(db, 1) == [(2,)]


@pytest.mark.parametrize("many", [1, 250])
def test_a_server_that_goes_during_a_block_is_away_and_nothing_of_it_is_there(
    made: PostgresSchema, many: int
) -> None:
    with opened(made) as db:
        with pytest.raises(Away), db.writing(at_once=True):  # noqa: PT012 - it goes in between
            db.put("counters", [(n, "a", 1) for n in range(many)])
            cut(made.dsn)
            counted(db, 1)
        with db.writing(at_once=True):
            db.put("counters", [(1, "a", 2)])
        assert counted(db, 1) == [(2,)]


def test_a_refusal_that_somebody_passes_over_is_no_commit(made: PostgresSchema) -> None:
    with opened(made) as db:
        db.put("counters", [(1, "a", 1), (2, "a", 1)])
        with pytest.raises(psycopg.Error), db.writing(at_once=True):  # noqa: PT012 - it ends so
            db.execute("update counters set n = ? where unit = ?", (2, 2))
            db.execute("update counters set n = ? where unit = ?", (None, 1))
            with suppress(Taken):
                counted(db, 1)
        assert counted(db, 2) == [(1,)]


# Swapping


def built(live: PostgresSchema, n: int) -> PostgresSchema:
    new = PostgresSchema(live.dsn, f"{live.schema}_new")
    new.make(SCHEMA, LAYOUT)
    with opened(new, Keep.DRAFT) as db, db.writing():
        db.put("counters", [(1, "a", n)])
    return new


@pytest.mark.parametrize("at_once", [False, True])
def test_after_a_swap_every_connection_finds_the_new_tables(
    made: PostgresSchema, *, at_once: bool
) -> None:
    with opened(made) as reader, opened(made) as writer:
        writer.put("counters", [(1, "a", 1)])
        for _ in range(8):  # until the statements are prepared at the server
            assert counted(reader, 1) == [(1,)]
            writer.execute("update counters set n = ? where unit = ?", (1, 1))
        for n in (2, 3):
            made.swap(built(made, n))
            assert counted(reader, 1) == [(n,)]
            with reader.reading():
                assert counted(reader, 1) == [(n,)]
            before = writer.build
            with writer.writing(at_once=at_once):
                assert writer.build != before
                writer.execute("update counters set n = ? where unit = ?", (10 * n, 1))
            assert counted(reader, 1) == [(10 * n,)]
    assert not PostgresSchema(made.dsn, "view_new").is_outdated(0)
    assert not PostgresSchema(made.dsn, "view_old").is_outdated(0)


def test_a_schema_that_is_missing_may_be_swapped_in(place: PostgresSchema) -> None:
    place.swap(built(place, 5))
    with opened(place) as db:
        assert counted(db, 1) == [(5,)]


def test_a_snapshot_is_of_one_side_of_a_swap(made: PostgresSchema) -> None:
    with opened(made) as reader, opened(made) as late:
        made.swap(built(made, 1))
        new, swapped = built(made, 2), Event()

        def swap() -> None:
            made.swap(new)
            swapped.set()

        with reader.reading():
            swapping = Thread(target=swap)
            swapping.start()
            wait_for_lock(made.dsn)
            seen: list[list[tuple[int]]] = []

            def read() -> None:
                with late.reading():
                    seen.append(counted(late, 1))

            reading = Thread(target=read)
            reading.start()
            assert counted(reader, 1) == [(1,)]
            assert reader.execute("select * from things").fetchall() == []
            assert not swapped.is_set()
        swapping.join(SECONDS)
        reading.join(SECONDS)
        assert seen == [[(2,)]]


def wait_for_lock(dsn: str) -> None:
    patient_until = time.monotonic() + SECONDS
    with psycopg.connect(dsn, autocommit=True) as connection:
        while not connection.execute(
            "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
            " and datname = current_database()"
        ).fetchone():
            assert time.monotonic() < patient_until


# Telling


def test_a_view_that_moved_wakes_who_listens(made: PostgresSchema) -> None:
    woken, stop = Queue[None](), Event()
    thread = listen(made.dsn, made.channel, lambda: woken.put(None), stop)
    woken.get(timeout=SECONDS)  # listening has begun
    with opened(made) as db:
        with db.writing():
            db.put("counters", [(1, "a", 1)])
        woken.get(timeout=SECONDS)
        with pytest.raises(Taken), db.writing():
            db.put("counters", [(1, "a", 1)])
        with db.reading():
            counted(db, 1)
    with opened(built(made, 1), Keep.DRAFT) as draft, draft.writing():
        draft.put("counters", [(2, "a", 1)])
    made.swap(PostgresSchema(made.dsn, "view_new"))
    woken.get(timeout=SECONDS)
    stop.set()
    thread.join(SECONDS)
    assert woken.empty()


def test_who_listens_is_woken_after_a_lost_connection(made: PostgresSchema) -> None:
    woken, stop = Queue[None](), Event()
    thread = listen(
        f"{made.dsn} application_name=listener", made.channel, lambda: woken.put(None), stop
    )
    woken.get(timeout=SECONDS)
    cut(made.dsn, "listener")
    woken.get(timeout=SECONDS)
    with opened(made) as db, db.writing():
        db.put("counters", [(1, "a", 1)])
    woken.get(timeout=SECONDS)
    stop.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


# What is worth what


@pytest.mark.parametrize(
    ("keep", "waits"), [(Keep.DRAFT, "off"), (Keep.CACHE, "off"), (Keep.DURABLE, "on")]
)
def test_only_what_must_last_waits_for_the_disk(
    made: PostgresSchema, keep: Keep, waits: str
) -> None:
    with opened(made, keep) as db:
        assert db.execute("show synchronous_commit").fetchone() == (waits,)


CANARY = b"the key of somebody, wrapped"


def file_of_things(dsn: str) -> bytes:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("checkpoint")
        [[found]] = connection.execute(
            "select pg_read_binary_file(pg_relation_filepath('view.things'))"
        ).fetchall()
        return bytes(found)


def test_what_was_deleted_and_erased_is_in_no_file_of_its_table(made: PostgresSchema) -> None:
    with opened(made, Keep.DURABLE) as db:
        db.put("things", [(CANARY, "a", None, None), (b"other", "b", None, None)])
        assert CANARY in file_of_things(made.dsn)
        db.execute("delete from things where name = 'a'")
        db.erase("things")
        assert CANARY not in file_of_things(made.dsn)
        assert b"other" in file_of_things(made.dsn)


def test_a_transaction_in_another_database_holds_up_erasing(
    made: PostgresSchema, stack: Stack
) -> None:
    hasty = PostgresSchema(made.dsn, "view", busy_seconds=0.1)
    with opened(made, Keep.DURABLE) as db, opened(hasty, Keep.DURABLE) as hurried:
        db.put("things", [(CANARY, "a", None, None)])
        with psycopg.connect(stack.dsn("postgres")) as elsewhere:
            elsewhere.execute("select pg_current_xact_id()")
            db.execute("delete from things")
            with pytest.raises(Away):
                hurried.erase("things")
        db.erase("things")
        assert CANARY not in file_of_things(made.dsn)


@pytest.fixture
def clerk(made: PostgresSchema) -> Iterator[str]:
    """Return a role that may change every row and owns no table."""
    name = f"clerk_{uuid4().hex[:16]}"
    with psycopg.connect(made.dsn, autocommit=True) as connection:
        connection.execute(f"create role {name}".encode())
        connection.execute(f"grant usage on schema view to {name}".encode())
        connection.execute(f"grant all on all tables in schema view to {name}".encode())
        yield name
        connection.execute(f"drop owned by {name}; drop role {name}".encode())


def test_who_may_not_erase_does_not_think_it_did(made: PostgresSchema, clerk: str) -> None:
    of_clerk = PostgresSchema(f"{made.dsn} options='-c role={clerk}'", "view")
    with opened(of_clerk, Keep.DURABLE) as db:
        db.put("things", [(b"key", "a", None, None)])
        db.execute("delete from things")
        with pytest.raises(NotOursError):
            db.erase("things")
