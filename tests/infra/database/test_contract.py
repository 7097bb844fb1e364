"""What every statement may count on, whatever database it is said to."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.database import Away, Database, Taken
from tests.infra.database.places import House

ADD = "insert into things(id, name, n, note) values (:id, :name, :n, :note)"


def thing(key: int, name: str, **rest: Any) -> dict[str, Any]:  # noqa: ANN401 - of any column
    return {"id": bytes([key]), "name": name, "n": None, "note": None, **rest}


def names(db: Database) -> list[str]:
    return [name for (name,) in db.execute("select name from things order by name")]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    key=st.binary(),
    name=TEXTS,
    n=st.none() | st.integers(-(2**63), 2**63 - 1),
    note=st.none() | TEXTS,
)
def test_a_value_comes_back_as_it_went(
    db: Database, key: bytes, name: str, n: int | None, note: str | None
) -> None:
    values = {"id": key, "name": name, "n": n, "note": note}
    found = "select id, name, n, note from things where id = :id and name = :name"
    db.execute("delete from things")
    db.execute(ADD, values)
    assert db.execute(found, values).fetchall() == [tuple(values.values())]
    db.execute("delete from things")
    db.put("things", [tuple(values.values())], "on conflict (id) do nothing")
    assert db.execute(found, values).fetchall() == [tuple(values.values())]


def test_yes_and_no_are_one_and_nothing(db: Database) -> None:
    db.execute(ADD, thing(1, "a", n=True))
    row = db.execute("select n, n = 1, n = 2, n is null from things").fetchone()
    assert repr(row) == "(1, 1, 0, 0)"


def test_a_sum_is_a_whole_number(db: Database) -> None:
    db.put("counters", [(1, "a", 2), (1, "b", 3)])
    [[total, most]] = db.execute("select sum(n), max(n) from counters").fetchall()
    assert (repr(total), repr(most)) == ("5", "3")


def test_marks_in_a_literal_are_letters(db: Database) -> None:
    db.execute(ADD, thing(1, "100% :n ? ''"))
    found = db.execute("select ':n ? 100% ''' || name, 7 % 4 from things where id = ?", (b"\1",))
    assert found.fetchall() == [(":n ? 100% '100% :n ? ''", 3)]


def test_one_parameter_may_stand_twice(db: Database) -> None:
    db.execute(ADD, thing(1, "a", n=5))
    asked = {"n": 5, "other": None}
    sql = "select name from things where (n = :n or n = :n + 1) and n is not null"
    assert db.execute(sql, asked).fetchall() == [("a",)]


VIETNAMESE = ["Ân", "An", "an", "Ấn", "Ẩn", "Đạt", "Dat", "đạt", "Ý", "Y", "z", "a b", "ab", "a-b"]


def test_texts_are_ordered_by_their_bytes(db: Database) -> None:
    for n, name in enumerate(VIETNAMESE):
        db.execute(ADD, thing(n, name, note=json.dumps({"name": name})))
    in_order = sorted(VIETNAMESE, key=str.encode)
    assert names(db) == in_order
    after = db.execute("select name from things where name > ? order by name", ("Dat",))
    assert [name for (name,) in after] == in_order[in_order.index("Dat") + 1 :]
    by_key = db.execute("select field(note, 'name') from things order by 1")
    assert [name for (name,) in by_key] == in_order
    listed = db.execute("select value from words(?) order by value", (json.dumps(VIETNAMESE),))
    assert [name for (name,) in listed] == in_order
    most = db.execute("select max(name), min(name) from things").fetchone()
    assert most == (in_order[-1], in_order[0])


def test_blobs_are_ordered_by_their_bytes(db: Database) -> None:
    keys = [b"", b"\x00", b"\x00\x01", b"\x7f", b"\x80", b"\xff", b"\xff\x00"]
    db.executemany(
        "insert into things(id, name) values (?, ?)", [(key, key.hex()) for key in reversed(keys)]
    )
    assert [key for (key,) in db.execute("select id from things order by id")] == keys


def test_rows_are_compared_as_wholes(db: Database) -> None:
    db.put("counters", [(1, "a", 0), (1, "b", 0), (2, "a", 0)])
    sql = "select unit, kind from counters where (unit, kind) > (?, ?) order by 1, 2 limit ?"
    assert db.execute(sql, (1, "a", 9)).fetchall() == [(1, "b"), (2, "a")]
    assert db.execute(sql, (1, "a", 1)).fetchall() == [(1, "b")]


def test_a_list_is_a_table_of_words(db: Database) -> None:
    db.executemany(ADD, [thing(1, "a"), thing(2, "b"), thing(3, "%s")])
    asked = {"list": json.dumps(["%s", "a", "elsewhere"])}
    inside = "select name from things where name in (select value from words(:list)) order by 1"
    assert db.execute(inside, asked).fetchall() == [("%s",), ("a",)]
    joined = "select t.name from words(:list) w join things t on t.name = w.value order by 1"
    assert db.execute(joined, asked).fetchall() == [("%s",), ("a",)]
    assert db.execute(inside, {"list": "[]"}).fetchall() == []


def test_a_list_is_a_table_of_numbers(db: Database) -> None:
    db.put("counters", [(n, "a", 2**40 + n) for n in range(5)])
    asked = {"list": json.dumps([2**40 + 1, 2**40 + 3])}
    inside = "select unit from counters where n in (select value from numbers(:list)) order by 1"
    assert db.execute(inside, asked).fetchall() == [(1,), (3,)]
    joined = "select unit, value + 1 from counters join numbers(:list) on value = n order by 1"
    assert db.execute(joined, asked).fetchall() == [(1, 2**40 + 2), (3, 2**40 + 4)]


def test_a_key_of_a_json_text_is_a_text(db: Database) -> None:
    db.execute(ADD, thing(1, "a", note='{"sex": "female", "none": null}'))
    row = db.execute(
        "select field(note, 'sex'), field(note, 'none'), field(t.note, '%') from things t"
    )
    assert row.fetchall() == [("female", None, None)]
    where = db.execute("select name from things where field(note, 'sex') = ?", ("female",))
    assert where.fetchall() == [("a",)]


def test_rows_are_numbered_as_they_come(db: Database) -> None:
    added = "insert into numbered(name) values (?) returning number"
    numbers = [db.execute(added, (name,)).fetchone()[0] for name in "abc"]
    assert numbers == [1, 2, 3]


def test_how_many_rows_changed(db: Database) -> None:
    db.put("counters", [(n, "a", 0) for n in range(5)])
    assert db.execute("update counters set n = 1 where unit < ?", (3,)).rowcount == 3
    doubled = "insert into counters values (1, 'a', 9) on conflict (unit, kind) do nothing"
    assert db.execute(doubled).rowcount == 0
    assert db.execute("delete from counters where n = 0").rowcount == 2
    assert db.execute("select 1 from counters where n = 0").fetchone() is None


ADD_UP = "on conflict (unit, kind) do update set n = counters.n + excluded.n"


@pytest.mark.parametrize("many", [1, 99, 1000])
def test_rows_are_put_new_or_in_place_of_old_ones(db: Database, many: int) -> None:
    rows = [(n, "a", n) for n in range(many)]
    db.put("counters", rows)
    db.put("counters", rows, ADD_UP)
    db.put("counters", [(0, "a", 7), (0, "b", 1)], "on conflict (unit, kind) do nothing")
    found = db.execute("select unit, kind, n from counters order by 1, 2").fetchall()
    assert found == [(0, "a", 0), (0, "b", 1), *((n, "a", 2 * n) for n in range(1, many))]


@pytest.mark.parametrize("many", [2, 1000])
def test_put_is_all_or_nothing(db: Database, many: int) -> None:
    db.put("counters", [(many - 1, "a", 0)])
    with pytest.raises(Taken), db.writing():
        db.put("counters", [(n, "a", n) for n in range(many)])
    assert db.execute("select count(*) from counters").fetchone() == (1,)


def test_nothing_put_is_nothing_done(db: Database) -> None:
    db.put("counters", [])
    db.executemany("insert into counters values (?, ?, ?)", [])
    assert db.execute("select * from counters").fetchall() == []


def test_many_statements_are_one_for_each_row(db: Database) -> None:
    change = "insert into counters values (:unit, :kind, :n) " + ADD_UP  # noqa: S608 - our own words
    db.executemany(change, [{"unit": 1, "kind": "a", "n": n} for n in range(101)])
    assert db.execute("select n from counters").fetchall() == [(5050,)]


def test_a_key_or_a_null_that_may_not_be_is_taken(db: Database) -> None:
    db.execute(ADD, thing(1, "a"))
    for wrong in (thing(1, "b"), thing(2, "a"), {**thing(3, "c"), "name": None}):
        with pytest.raises(Taken):
            db.execute(ADD, wrong)
    with pytest.raises(Taken):
        db.execute("update things set name = case when n = :n then name end", {"n": 1})
    assert names(db) == ["a"]


def test_a_wrong_statement_is_a_defect(db: Database) -> None:
    with pytest.raises(Exception, match="nowhere") as caught:
        db.execute("select * from nowhere")
    assert not isinstance(caught.value, Taken | Away)


def test_a_block_is_kept_as_a_whole_or_not_at_all(db: Database, house: House) -> None:
    other = house.open()
    with db.writing():
        db.execute(ADD, thing(1, "a"))
        assert names(other) == []
    assert names(other) == ["a"]
    with suppress(KeyError), db.writing():
        db.execute(ADD, thing(2, "b"))
        raise KeyError
    assert names(db) == names(other) == ["a"]


def test_a_block_after_a_refusal_is_undone(db: Database) -> None:
    with pytest.raises(Taken), db.writing():  # noqa: PT012 - the second is refused
        db.execute(ADD, thing(1, "a"))
        db.execute(ADD, thing(1, "b"))
    assert names(db) == []
    db.execute(ADD, thing(1, "b"))
    assert names(db) == ["b"]


def test_writers_take_turns(db: Database, house: House) -> None:
    other = house.open_hasty()
    with db.writing():
        assert names(db) == []
        with pytest.raises(Away), other.writing():
            pytest.fail("both write")
    with other.writing():
        other.execute(ADD, thing(1, "a"))
    assert names(db) == ["a"]


def test_readers_do_not_wait_for_a_writer(db: Database, house: House) -> None:
    other = house.open()
    with db.writing():
        db.execute(ADD, thing(1, "a"))
        with other.reading():
            assert names(other) == []


def test_a_snapshot_does_not_move(db: Database, house: House) -> None:
    other = house.open()
    with db.reading():
        assert names(db) == []
        other.execute(ADD, thing(1, "a"))
        with db.reading():
            assert names(db) == []
        assert names(db) == []
    assert names(db) == ["a"]


def test_a_glance_sees_what_others_have_committed(db: Database, house: House) -> None:
    counted = "select count(*) from things"
    with db.reading():
        build = db.build
    assert db.glance(counted) == (build, 0)
    house.open().execute(ADD, thing(1, "theirs"))
    assert db.glance(counted) == (build, 1)


def test_what_is_written_is_read_in_the_same_block(db: Database) -> None:
    with db.writing():
        db.execute(ADD, thing(1, "a"))
        with db.reading():
            assert names(db) == ["a"]


@pytest.mark.parametrize("many", [1, 300])
def test_what_is_put_at_once_is_there_for_what_is_asked_next(
    db: Database, house: House, many: int
) -> None:
    above = "on conflict (unit, kind) do update set n = counters.n + excluded.n"
    with db.writing(at_once=True):
        db.put("things", [tuple(thing(n % 256, str(n)).values()) for n in range(min(many, 250))])
        db.put("counters", [(n, "a", 1) for n in range(many)], above)
        db.put("counters", [(n, "a", 2) for n in range(many)], above)
        assert db.execute("select count(*), sum(n) from counters").fetchone() == (many, 3 * many)
        db.put("counters", [(0, "a", 4)], above)
        assert db.execute("update counters set n = n where unit < 5").rowcount == min(many, 5)
        db.executemany("update counters set n = 2 * n where unit = ?", [(0,)])
        db.put("counters", [(0, "a", 1)], above)

    other = house.open()
    assert other.execute("select n from counters where unit = 0").fetchone() == (15,)
    assert len(names(other)) == min(many, 250)


@pytest.mark.parametrize("many", [1, 250])
def test_what_is_put_at_once_and_may_not_be_leaves_nothing(db: Database, many: int) -> None:
    db.put("counters", [(1, "a", 2)])

    with pytest.raises(Taken), db.writing(at_once=True):  # noqa: PT012 - the second is refused
        db.put("things", [tuple(thing(1, "a").values())])
        db.put("counters", [(n, "a", 3) for n in range(1, many + 1)])

    assert names(db) == []
    with db.writing(at_once=True):
        db.put("things", [tuple(thing(1, "a").values())])
    db.put("counters", [(2, "a", 3)])
    assert names(db) == ["a"]
    assert db.execute("select n from counters order by unit").fetchall() == [(2,), (3,)]


def test_a_block_that_fails_behind_what_was_put_leaves_nothing(db: Database) -> None:
    with pytest.raises(LookupError), db.writing(at_once=True):  # noqa: PT012 - the block fails
        db.put("counters", [(n, "a", 3) for n in range(250)])
        raise LookupError

    assert db.execute("select count(*) from counters").fetchone() == (0,)
    with db.writing(at_once=True):
        db.put("counters", [(n, "a", 3) for n in range(250)])
    assert db.execute("select count(*) from counters").fetchone() == (250,)


def test_many_rows_after_many_of_another_table_are_all_there(db: Database) -> None:
    with db.writing(at_once=True):
        db.put("counters", [(n, "a", 3) for n in range(250)])
        db.put("things", [tuple(thing(n % 256, str(n)).values()) for n in range(250)])
        db.put("counters", [(n, "b", 3) for n in range(250)])

    assert db.execute("select count(*) from counters").fetchone() == (500,)
    assert len(names(db)) == 250


@pytest.mark.parametrize("many", [0, 1, 3, 1000])
def test_rows_are_found_by_any_of_some_keys(db: Database, many: int) -> None:
    db.put("things", [tuple(thing(n, str(n)).values()) for n in range(3)])
    keys = [b"\1", *(str(n).encode() for n in range(1, many))][:many]

    found = list(db.of_keys("select name, id from things where id in (?)", keys))

    assert found == ([("1", b"\1")] if many else [])


def test_a_table_of_the_moment_is_this_connections_own(db: Database, house: House) -> None:
    for each in (db, house.open()):
        with each.writing():
            each.execute("create temp table days(day integer, name text, primary key (day, name))")
            each.put("days", [(1, "a")])
            assert each.execute("select * from days").fetchall() == [(1, "a")]


def test_another_release_finds_another_layout(house: House) -> None:
    house.open()
    assert not house.place.is_outdated(7)
    assert house.place.is_outdated(8)


def test_what_was_discarded_is_not_outdated(house: House) -> None:
    house.open().close()
    house.place.discard()
    house.place.discard()
    assert not house.place.is_outdated(8)


def test_what_is_erased_was_deleted(db: Database) -> None:
    db.executemany(ADD, [thing(1, "a"), thing(2, "b")])
    db.execute("delete from things where name = ?", ("a",))
    db.erase("things")
    assert names(db) == ["b"]


def test_erasing_waits_for_who_reads_what_was_deleted(db: Database, house: House) -> None:
    other = house.open()
    db.execute(ADD, thing(1, "a"))
    with other.reading():
        assert names(other) == ["a"]
        db.execute("delete from things")
        with pytest.raises(Away):
            house.open_hasty().erase("things")
    db.erase("things")
