"""Boxes, the keys of people, shredding, and the log of reads."""

import sqlite3
import stat
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from infra.sealing import (
    BoxTamperedError,
    KeyDestroyed,
    Keys,
    MasterKeyError,
    ShreddingUnfinishedError,
)

ANN = UUID("01920000-0000-7000-8000-000000000001")
BEN = UUID("01920000-0000-7000-8000-000000000002")
STREAM = UUID("01920000-0000-7000-8000-00000000000f")
FIELDS = {"full_name": "Người Tổng Hợp", "birth_date": "2000-01-01"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keys(folder: Path) -> Iterator[Keys]:
    keys = Keys.in_folder(folder)
    yield keys
    keys.close()


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(folder / "keys.db", isolation_level=None)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_a_box_opens_to_what_was_sealed(keys: Keys) -> None:
    keys.create(ANN)

    box = keys.box(ANN, STREAM, 1, FIELDS)

    assert "Người".encode() not in box
    assert keys.open(ANN, STREAM, 1, box) == FIELDS


@pytest.mark.parametrize(
    ("person", "stream", "version"), [(BEN, STREAM, 1), (ANN, ANN, 1), (ANN, STREAM, 2)]
)
def test_a_box_opens_nowhere_else(keys: Keys, person: UUID, stream: UUID, version: int) -> None:
    keys.create_all([ANN, BEN])
    box = keys.box(ANN, STREAM, 1, FIELDS)

    with pytest.raises(BoxTamperedError):
        keys.open(person, stream, version, box)


@pytest.mark.parametrize("at", [0, 12, -1])
def test_an_altered_box_does_not_open(keys: Keys, at: int) -> None:
    keys.create(ANN)
    box = bytearray(keys.box(ANN, STREAM, 1, FIELDS))
    box[at] ^= 1

    with pytest.raises(BoxTamperedError):
        keys.open(ANN, STREAM, 1, bytes(box))


@pytest.mark.parametrize("box", [b"", b"short", bytes(12)])
def test_a_cut_box_does_not_open(keys: Keys, box: bytes) -> None:
    keys.create(ANN)

    with pytest.raises(BoxTamperedError):
        keys.open(ANN, STREAM, 1, box)


def test_a_key_is_made_once(keys: Keys) -> None:
    keys.create(ANN)
    box = keys.box(ANN, STREAM, 1, FIELDS)

    keys.create_all([BEN, ANN])

    assert keys.open(ANN, STREAM, 1, box) == FIELDS


def test_nothing_is_sealed_for_someone_without_a_key(keys: Keys) -> None:
    with pytest.raises(KeyDestroyed):
        keys.box(ANN, STREAM, 1, FIELDS)


def test_keys_outlive_the_process(folder: Path, keys: Keys) -> None:
    keys.create(ANN)
    box = keys.box(ANN, STREAM, 1, FIELDS)
    reference = keys.reference("079 synthetic")
    keys.close()

    again = Keys.in_folder(folder)

    assert again.open(ANN, STREAM, 1, box) == FIELDS
    assert again.reference("079 synthetic") == reference
    again.close()


def test_another_process_opens_the_box_at_once(folder: Path, keys: Keys) -> None:
    other = Keys.in_folder(folder)

    keys.create(ANN)

    assert other.open(ANN, STREAM, 1, keys.box(ANN, STREAM, 1, FIELDS)) == FIELDS
    other.close()


def test_a_shredded_key_is_gone_for_every_process(folder: Path, keys: Keys) -> None:
    keys.create_all([ANN, BEN])
    boxes = {person: keys.box(person, STREAM, 1, FIELDS) for person in (ANN, BEN)}
    other = Keys.in_folder(folder)

    other.shred(ANN)

    assert keys.open(ANN, STREAM, 1, boxes[ANN]) is None
    assert other.open(ANN, STREAM, 1, boxes[ANN]) is None
    assert keys.open(BEN, STREAM, 1, boxes[BEN]) == FIELDS
    other.close()


def test_no_file_keeps_a_trace_of_a_shredded_key(folder: Path, keys: Keys) -> None:
    people = [UUID(int=n) for n in range(1, 400)]
    keys.create_all([*people, ANN])
    [(canary,)] = rows(folder, f"select wrapped from keys where person = x'{ANN.hex}'")  # noqa: S608
    assert isinstance(canary, bytes)
    assert canary in everything_in(folder)

    keys.entomb(keys.reference("079 synthetic"), ANN)
    keys.shred(ANN)

    assert canary not in everything_in(folder)
    assert ANN.bytes not in everything_in(folder)


def test_a_trace_that_a_crash_left_in_the_log_is_gone_after_the_next_start(folder: Path) -> None:
    first = Keys.in_folder(folder)
    first.create_all([ANN, BEN])
    [(canary,)] = rows(folder, f"select wrapped from keys where person = x'{ANN.hex}'")  # noqa: S608
    assert isinstance(canary, bytes)
    deleting = sqlite3.connect(folder / "keys.db", isolation_level=None)
    deleting.execute("pragma secure_delete = on")
    deleting.execute("delete from keys where person = ?", (ANN.bytes,))
    assert canary in everything_in(folder)

    second = Keys.in_folder(folder)

    assert canary not in everything_in(folder)
    for each in (first, second, deleting):
        each.close()


def test_a_shredding_that_a_reader_holds_up_is_said_to_be_unfinished(folder: Path) -> None:
    keys = Keys.in_folder(folder, busy_seconds=0.0)
    keys.create(ANN)
    keys.entomb("r", ANN)
    reader = sqlite3.connect(folder / "keys.db", isolation_level=None)
    reader.execute("begin")
    reader.execute("select * from keys").fetchall()

    with pytest.raises(ShreddingUnfinishedError):
        keys.shred(ANN)
    assert ANN not in keys
    assert keys.unfinished() == [("r", ANN)]

    reader.execute("rollback")
    keys.shred(ANN)
    assert keys.unfinished() == []
    reader.close()
    keys.close()


def test_within_a_command_a_key_is_read_once_and_then_forgotten(folder: Path, keys: Keys) -> None:
    keys.create(ANN)
    box = keys.box(ANN, STREAM, 1, FIELDS)

    with keys.held():
        keys.open(ANN, STREAM, 1, box)
        rows(folder, "delete from keys")
        assert keys.open(ANN, STREAM, 1, box) == FIELDS

    assert keys.open(ANN, STREAM, 1, box) is None


def test_shredding_inside_a_command_forgets_the_held_key(keys: Keys) -> None:
    keys.create(ANN)
    with keys.held():
        box = keys.box(ANN, STREAM, 1, FIELDS)

        keys.shred(ANN)

        assert keys.open(ANN, STREAM, 1, box) is None


def test_a_tombstone_names_its_person_until_the_key_is_destroyed(keys: Keys) -> None:
    keys.create(ANN)
    reference = keys.reference("079 synthetic")

    keys.entomb(reference, ANN)
    assert keys.unfinished() == [(reference, ANN)]
    keys.shred(ANN)

    assert keys.unfinished() == []
    assert keys.entombed(reference)
    assert not keys.entombed(keys.reference("080 synthetic"))


def test_shredding_again_is_harmless(keys: Keys) -> None:
    reference = keys.reference("079 synthetic")
    for _ in range(2):
        keys.entomb(reference, ANN)
        keys.shred(ANN)

    assert keys.entombed(reference)
    assert keys.unfinished() == []


def test_a_reference_is_the_same_however_it_is_typed(keys: Keys) -> None:
    decomposed = unicodedata.normalize("NFD", "số 12")

    assert keys.reference(f"  {decomposed} ") == keys.reference("số 12")
    assert keys.reference("số 12") != keys.reference("số 13")


def test_a_likeness_overlooks_case_and_spaces_but_not_marks(keys: Keys) -> None:
    born = date(2000, 1, 1)

    assert keys.likeness("NGUYỄN  Văn a", born) == keys.likeness(" nguyễn văn A", born)
    assert keys.likeness("Nguyễn Văn A", born) != keys.likeness("Nguyen Van A", born)
    assert keys.likeness("Nguyễn Văn A", born) != keys.likeness("Nguyễn Văn A", date(2000, 1, 2))


def test_two_folders_call_one_reference_by_two_names(keys: Keys, tmp_path: Path) -> None:
    other = Keys.in_folder(tmp_path / "other")

    assert other.reference("079") != keys.reference("079")
    assert other.fingerprint(b"body") != keys.fingerprint(b"body")
    other.close()


def test_files_are_readable_by_their_owner_alone(folder: Path, keys: Keys) -> None:
    keys.create(ANN)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert {"keys.db", "master.key"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_master_key_that_does_not_fit_is_refused(folder: Path, keys: Keys) -> None:
    keys.close()
    (folder / "master.key").write_text("11" * 32)

    with pytest.raises(MasterKeyError, match="not the one"):
        Keys.in_folder(folder)


def test_a_lost_master_key_is_never_replaced(folder: Path, keys: Keys) -> None:
    keys.close()
    (folder / "master.key").unlink()

    with pytest.raises(MasterKeyError, match=r"no master key at .*master\.key"):
        Keys.in_folder(folder)
    assert not (folder / "master.key").exists()


@pytest.mark.parametrize("text", ["", "11" * 31, "zz" * 32, "đ" * 64])
def test_what_is_no_master_key_is_refused(tmp_path: Path, text: str) -> None:
    given = tmp_path / "given.key"
    given.write_text(text)

    with pytest.raises(MasterKeyError, match="32 bytes"):
        Keys.in_folder(tmp_path / "keys", master_key_file=given)


def test_a_master_key_kept_elsewhere_is_used_and_must_be_there(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.key"
    with pytest.raises(MasterKeyError, match="elsewhere"):
        Keys.in_folder(tmp_path / "keys", master_key_file=elsewhere)

    elsewhere.write_text("ab" * 32 + "\n")
    Keys.in_folder(tmp_path / "keys", master_key_file=elsewhere).close()

    assert not (tmp_path / "keys" / "master.key").exists()


def test_reads_are_on_record_and_in_order(keys: Keys) -> None:
    keys.log_read("a-1", ANN, "facts", ["full_name", "birth_date"])
    keys.log_read("a-2", BEN, "export", [])

    assert [
        (read.n, read.actor, read.person, read.purpose, read.fields) for read in keys.reads()
    ] == [
        (1, "a-1", ANN, "facts", ("birth_date", "full_name")),
        (2, "a-2", BEN, "export", ()),
    ]
    assert keys.verify_reads() is None


@pytest.mark.parametrize(
    ("tampering", "first_wrong"),
    [
        ("update reads set actor = 'a-9' where n = 2", 2),
        ("update reads set at = at || ' ' where n = 1", 1),
        ("delete from reads where n = 2", 2),
        ("delete from reads where n = 3", 3),
        ("delete from reads", 1),
        ("delete from reads; delete from reads_head", 1),
        ("update reads set n = 10 where n = 3", 3),
        ("update reads_head set n = 4", 4),
    ],
)
def test_tampering_with_the_log_of_reads_is_found(
    folder: Path, keys: Keys, tampering: str, first_wrong: int
) -> None:
    for n in range(3):
        keys.log_read(f"a-{n}", ANN, "facts", ["full_name"])

    for statement in tampering.split(";"):
        rows(folder, statement)

    assert keys.verify_reads() == first_wrong


def test_a_read_of_another_past_does_not_fit_in(folder: Path, keys: Keys) -> None:
    keys.log_read("a-1", ANN, "facts", [])
    first_head = rows(folder, "select hex(digest) from reads_head")[0][0]
    keys.log_read("a-2", ANN, "facts", [])
    rows(folder, "create table past as select * from reads where n = 2")
    rows(folder, "delete from reads where n = 2")
    rows(folder, f"update reads_head set n = 1, digest = x'{first_head}'")  # noqa: S608
    keys.log_read("a-3", ANN, "facts", [])
    keys.log_read("a-4", ANN, "facts", [])
    assert keys.verify_reads() is None

    rows(folder, "insert or replace into reads select * from past")

    assert keys.verify_reads() == 3


def test_reads_of_many_are_chained_like_reads_of_one(keys: Keys) -> None:
    keys.log_read("a", ANN, "x", ("name",))
    keys.log_reads("b", (BEN, ANN), "y", ("name", "birth"))
    keys.log_reads("c", (), "z", ("name",))

    assert [(read.n, read.actor, read.person) for read in keys.reads()] == [
        (1, "a", ANN),
        (2, "b", BEN),
        (3, "b", ANN),
    ]
    assert keys.verify_reads() is None


def test_a_part_of_a_name_stands_for_itself_in_one_folder_alone(
    folder: Path, keys: Keys, tmp_path: Path
) -> None:
    other, again = Keys.in_folder(tmp_path / "other"), Keys.in_folder(folder)

    assert keys.blind("an") == again.blind("an")
    assert keys.blind("an") not in {keys.blind("ann"), other.blind("an")}
    for each in (other, again):
        each.close()


def test_the_cipher_for_staging_is_the_same_after_a_restart(folder: Path, keys: Keys) -> None:
    staged = keys.staging_cipher().encrypt(bytes(12), b"row", b"file")
    keys.close()
    again = Keys.in_folder(folder)

    assert again.staging_cipher().decrypt(bytes(12), staged, b"file") == b"row"
    again.close()
