"""Boxes, the keys of people, shredding, and the log of reads."""

import sqlite3
import stat
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from infra.sealing import (
    SCHEMA,
    BoxTamperedError,
    KeyDestroyed,
    Keys,
    MasterKeyError,
    ShreddingUnfinishedError,
)
from tests.infra.vaults import File, Schema, Vault

ANN = UUID("01920000-0000-7000-8000-000000000001")
BEN = UUID("01920000-0000-7000-8000-000000000002")
STREAM = UUID("01920000-0000-7000-8000-00000000000f")
FIELDS = {"full_name": "Người Tổng Hợp", "birth_date": "2000-01-01"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def master(tmp_path: Path) -> Path:
    path = tmp_path / "the-province.key"
    path.write_text("ab" * 32 + "\n")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stack)])
def vault(request: pytest.FixtureRequest, folder: Path) -> Vault:
    if request.param == "sqlite":
        return File(folder / "keys.db", SCHEMA)
    return Schema(request.getfixturevalue("database"), "keys", SCHEMA)


@pytest.fixture
def another(vault: Vault, master: Path) -> Iterator[Callable[[], Keys]]:
    """Return what opens the same keys, as another process does."""
    opened: list[Keys] = []

    def open_keys() -> Keys:
        opened.append(Keys(vault.place, master))
        return opened[-1]

    yield open_keys
    for keys in opened:
        keys.close()


@pytest.fixture
def keys(another: Callable[[], Keys]) -> Keys:
    return another()


def at_once(*runs: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(runs)) as pool:
        for running in [pool.submit(run) for run in runs]:
            running.result()


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


def test_keys_outlive_the_process(another: Callable[[], Keys], keys: Keys) -> None:
    keys.create(ANN)
    box = keys.box(ANN, STREAM, 1, FIELDS)
    reference = keys.reference("079 synthetic")
    keys.close()

    again = another()

    assert again.open(ANN, STREAM, 1, box) == FIELDS
    assert again.reference("079 synthetic") == reference


def test_another_process_opens_the_box_at_once(another: Callable[[], Keys], keys: Keys) -> None:
    other = another()

    keys.create(ANN)

    assert other.open(ANN, STREAM, 1, keys.box(ANN, STREAM, 1, FIELDS)) == FIELDS


def test_a_shredded_key_is_gone_for_every_process(another: Callable[[], Keys], keys: Keys) -> None:
    keys.create_all([ANN, BEN])
    boxes = {person: keys.box(person, STREAM, 1, FIELDS) for person in (ANN, BEN)}
    other = another()

    other.shred(ANN)

    assert keys.open(ANN, STREAM, 1, boxes[ANN]) is None
    assert other.open(ANN, STREAM, 1, boxes[ANN]) is None
    assert keys.open(BEN, STREAM, 1, boxes[BEN]) == FIELDS


def test_no_file_keeps_a_trace_of_a_shredded_key(vault: Vault, keys: Keys) -> None:
    people = [UUID(int=n) for n in range(1, 400)]
    keys.create_all([*people, ANN])
    [(canary,)] = vault.rows("select wrapped from keys where person = ?", ANN.bytes)
    assert isinstance(canary, bytes)
    assert canary in vault.everything()

    keys.entomb(keys.reference("079 synthetic"), ANN)
    keys.shred(ANN)

    assert canary not in vault.everything()
    assert ANN.bytes not in vault.everything()


def test_a_trace_that_a_crash_left_in_the_log_is_gone_after_the_next_start(folder: Path) -> None:
    first, vault = Keys.in_folder(folder), File(folder / "keys.db", SCHEMA)
    first.create_all([ANN, BEN])
    [(canary,)] = vault.rows("select wrapped from keys where person = ?", ANN.bytes)
    deleting = sqlite3.connect(folder / "keys.db", isolation_level=None)
    deleting.execute("pragma secure_delete = on")
    deleting.execute("delete from keys where person = ?", (ANN.bytes,))
    assert canary in vault.everything()

    second = Keys.in_folder(folder)

    assert canary not in vault.everything()
    for each in (first, second, deleting):
        each.close()


def test_a_shredding_that_a_reader_holds_up_is_said_to_be_unfinished(
    vault: Vault, keys: Keys, master: Path
) -> None:
    keys.create(ANN)
    keys.entomb("r", ANN)
    with vault.opened() as reader, reader.reading():
        reader.execute("select * from keys").fetchall()

        hurried = Keys(vault.hasty, master)
        with pytest.raises(ShreddingUnfinishedError):
            hurried.shred(ANN)
        hurried.close()
        assert ANN not in keys
        assert keys.unfinished() == [("r", ANN)]

    keys.shred(ANN)
    assert keys.unfinished() == []


def test_within_a_command_a_key_is_read_once_and_then_forgotten(vault: Vault, keys: Keys) -> None:
    keys.create(ANN)
    box = keys.box(ANN, STREAM, 1, FIELDS)

    with keys.held():
        keys.open(ANN, STREAM, 1, box)
        vault.rows("delete from keys")
        assert keys.open(ANN, STREAM, 1, box) == FIELDS

    assert keys.open(ANN, STREAM, 1, box) is None


def test_keys_of_many_people_are_read_at_once_and_held_no_longer_than_the_command(
    vault: Vault, keys: Keys
) -> None:
    keys.create_all([ANN, BEN])

    with keys.held():
        keys.hold([ANN, BEN, STREAM])
        vault.rows("delete from keys")
        assert [each in keys for each in (ANN, BEN, STREAM)] == [True, True, False]

    assert [each in keys for each in (ANN, BEN)] == [False, False]


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


def test_two_master_keys_call_one_reference_by_two_names(keys: Keys, tmp_path: Path) -> None:
    other = Keys.in_folder(tmp_path / "other")

    assert other.reference("079") != keys.reference("079")
    assert other.fingerprint(b"body") != keys.fingerprint(b"body")
    other.close()


def test_files_are_readable_by_their_owner_alone(folder: Path) -> None:
    keys = Keys.in_folder(folder)
    keys.create(ANN)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert {"keys.db", "master.key"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    keys.close()


def test_a_master_key_that_does_not_fit_is_refused(folder: Path) -> None:
    Keys.in_folder(folder).close()
    (folder / "master.key").write_text("11" * 32)

    with pytest.raises(MasterKeyError, match="not the one"):
        Keys.in_folder(folder)


def test_a_lost_master_key_is_never_replaced(folder: Path) -> None:
    Keys.in_folder(folder).close()
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
    vault: Vault, keys: Keys, tampering: str, first_wrong: int
) -> None:
    for n in range(3):
        keys.log_read(f"a-{n}", ANN, "facts", ["full_name"])

    for statement in tampering.split(";"):
        vault.rows(statement.strip())

    assert keys.verify_reads() == first_wrong


def test_a_read_of_another_past_does_not_fit_in(vault: Vault, keys: Keys) -> None:
    keys.log_read("a-1", ANN, "facts", [])
    [(first_head,)] = vault.rows("select digest from reads_head")
    keys.log_read("a-2", ANN, "facts", [])
    vault.rows("create table past as select * from reads where n = 2")
    vault.rows("delete from reads where n = 2")
    vault.rows("update reads_head set n = 1, digest = ?", first_head)
    keys.log_read("a-3", ANN, "facts", [])
    keys.log_read("a-4", ANN, "facts", [])
    assert keys.verify_reads() is None

    vault.rows("delete from reads where n = 2")
    vault.rows("insert into reads select * from past")

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


def test_a_part_of_a_name_stands_for_itself_under_one_master_key_alone(
    another: Callable[[], Keys], keys: Keys, tmp_path: Path
) -> None:
    other, again = Keys.in_folder(tmp_path / "other"), another()

    assert keys.blind("an") == again.blind("an")
    assert keys.blind("an") not in {keys.blind("ann"), other.blind("an")}
    other.close()


def test_the_cipher_for_staging_is_the_same_after_a_restart(
    another: Callable[[], Keys], keys: Keys
) -> None:
    staged = keys.staging_cipher().encrypt(bytes(12), b"row", b"file")
    keys.close()
    again = another()

    assert again.staging_cipher().decrypt(bytes(12), staged, b"file") == b"row"


def test_keys_are_not_opened_under_another_master_key(
    vault: Vault, keys: Keys, master: Path
) -> None:
    keys.create(ANN)
    master.write_text("cd" * 32)

    with pytest.raises(MasterKeyError, match="not the one"):
        Keys(vault.place, master)


def test_a_master_key_is_never_made_for_a_place_that_may_be_anywhere(
    vault: Vault, tmp_path: Path
) -> None:
    with pytest.raises(MasterKeyError, match="no master key at"):
        Keys(vault.place, tmp_path / "missing.key")
    assert not (tmp_path / "missing.key").exists()


def test_reads_of_two_processes_make_one_chain(another: Callable[[], Keys]) -> None:
    first, second = another(), another()

    def read(keys: Keys) -> None:
        for _ in range(20):
            keys.log_reads("a-1", (ANN, BEN), "facts", ["full_name"])

    at_once(lambda: read(first), lambda: read(second))

    assert len(first.reads()) == 80
    assert second.verify_reads() is None


def test_a_key_that_two_processes_make_at_once_is_one(another: Callable[[], Keys]) -> None:
    first, second = another(), another()
    people = [UUID(int=n) for n in range(1, 60)]

    def create(keys: Keys) -> None:
        for person in people:
            keys.create(person)

    at_once(lambda: create(first), lambda: create(second))

    for person in people:
        box = first.box(person, STREAM, 1, FIELDS)
        assert second.open(person, STREAM, 1, box) == FIELDS
