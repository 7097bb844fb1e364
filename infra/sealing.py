"""Personal fields in and out of their boxes, the keys of people, and the log of who read them."""

from __future__ import annotations

import hmac
import os
import threading
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from events.refusal import Refusal
from infra.database import Away, Database, Keep, Place, SqliteFile

_NONCE_BYTES = 12
_KEY_BYTES = 32
_BLIND_BYTES = 10
"""Few, as an index has many; enough that two parts of names in a province are never one."""

SCHEMA = """
create table if not exists master (one integer primary key check (one = 1), fits blob not null);
create table if not exists keys (person blob primary key, wrapped blob not null) without rowid;
create table if not exists tombstones (
    reference text primary key,
    person blob -- only until the key of that person is destroyed
) without rowid;
create table if not exists reads (
    n integer primary key,
    at text not null,
    actor text not null,
    person blob not null,
    purpose text not null,
    fields text not null,
    digest blob not null
);
create table if not exists reads_head (
    one integer primary key check (one = 1),
    n integer not null,
    digest blob not null
);
"""


class KeyDestroyed(Refusal):
    """The person's data is shredded: nothing can be sealed for that person any more."""


class MasterKeyError(RuntimeError):
    """There is no master key, or it is not the one with which the keys were wrapped."""


class BoxTamperedError(ValueError):
    """A box is not what was sealed for that person at that place of that stream."""


class ShreddingUnfinishedError(OSError):
    """The key is destroyed, but a reader kept a trace of it in the database: shred again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Who saw which personal fields of whom, and why."""

    n: int
    at: datetime
    actor: str
    person: UUID
    purpose: str
    fields: tuple[str, ...]


class Keys:
    """One random key a person, wrapped under the master key; a deleted one is gone for good.

    It has its own database, so that it has its own backups. A key is durable when
    `create` returns, and is kept in memory only inside `held()`.
    """

    def __init__(self, place: Place, master_key_file: Path) -> None:
        master = _master_key(master_key_file)
        self._wrapping = AESGCM(_derived(master, "wrapping"))
        self._staging = AESGCM(_derived(master, "staging"))
        self._pepper = _derived(master, "references")
        self._fingerprints = _derived(master, "fingerprints")
        self._index = _derived(master, "index")
        self._chain = _derived(master, "reads")
        self.access_secret = _derived(master, "access")
        """What sessions and the tokens between services are signed under."""
        self.cursor_secret = _derived(master, "cursors")
        """What a place in a list is encrypted under."""
        self._lock = threading.RLock()
        self._here = threading.local()
        self._db = place.open(SCHEMA, keep=Keep.DURABLE, forgets=True)
        try:
            self._fit(_derived(master, "fits"))
            with suppress(Away):  # a crash after a deletion may have left the key in the log
                self._db.erase()
        except BaseException:
            self._db.close()
            raise

    @classmethod
    def in_folder(
        cls, folder: Path, *, master_key_file: Path | None = None, busy_seconds: float = 30.0
    ) -> Self:
        """Open the keys of a folder, which has its own master key unless one is given.

        That key is made with the folder's first database, and never again.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        own, database = folder / "master.key", folder / "keys.db"
        if master_key_file is None and not own.exists() and not database.exists():
            make_master_key(own)
        place = SqliteFile(database, busy_seconds=busy_seconds)
        return cls(place, master_key_file or own)

    def _fit(self, fits: bytes) -> None:
        with self._commit() as db:
            first = db.execute(
                "insert into master values (1, ?) on conflict (one) do nothing", (fits,)
            )
            if first.rowcount:
                db.execute("insert into reads_head values (1, 0, ?)", (self._start(),))
        if self._db.execute("select fits from master").fetchone() != (fits,):
            raise MasterKeyError("the master key is not the one that wrapped these keys")

    @contextmanager
    def _commit(self) -> Iterator[Database]:
        with self._lock, self._db.writing():
            yield self._db

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the keys that this thread uses in memory, for what it does together, no longer."""
        if getattr(self._here, "keys", None) is not None:
            yield
            return
        self._here.keys = {}
        try:
            yield
        finally:
            self._here.keys = None

    def create(self, person: UUID) -> None:
        """Make a person's key; nothing happens if there is one."""
        self.create_all((person,))

    def create_all(self, persons: Iterable[UUID]) -> None:
        """Make the keys of many people in one commit."""
        rows = [
            (person.bytes, _encrypt(self._wrapping, AESGCM.generate_key(256), person.bytes))
            for person in persons
        ]
        if rows:
            with self._commit() as db:
                db.executemany(
                    "insert into keys values (?, ?) on conflict (person) do nothing", rows
                )

    def __contains__(self, person: UUID) -> bool:
        return self._key(person) is not None

    def _key(self, person: UUID) -> AESGCM | None:
        held: dict[UUID, AESGCM] | None = getattr(self._here, "keys", None)
        if held is not None and person in held:
            return held[person]
        with self._lock:
            row = self._db.execute(
                "select wrapped from keys where person = ?", (person.bytes,)
            ).fetchone()
        if row is None:
            return None
        key = self._unwrapped(person, row[0])
        if held is not None:
            held[person] = key
        return key

    def hold(self, persons: Collection[UUID]) -> None:
        """Read the keys of many people in one journey, for as long as this thread holds keys."""
        held: dict[UUID, AESGCM] | None = getattr(self._here, "keys", None)
        if held is None or not (lacking := [each.bytes for each in persons if each not in held]):
            return
        with self._lock:
            found = list(
                self._db.of_keys("select person, wrapped from keys where person in (?)", lacking)
            )
        for raw, wrapped in found:
            person = UUID(bytes=raw)
            held[person] = self._unwrapped(person, wrapped)

    def _unwrapped(self, person: UUID, wrapped: bytes) -> AESGCM:
        return AESGCM(_decrypt(self._wrapping, wrapped, person.bytes))

    def box(self, person: UUID, stream: UUID, version: int, fields: Mapping[str, Any]) -> bytes:
        """Seal fields for their place in their stream. Raises KeyDestroyed."""
        if (key := self._key(person)) is None:
            raise KeyDestroyed(person=person)
        return _encrypt(key, msgspec.json.encode(fields), _place(stream, version))

    def open(self, person: UUID, stream: UUID, version: int, box: bytes) -> dict[str, Any] | None:
        """Return the fields as JSON has them, or None if the key is destroyed.

        Raises BoxTamperedError.
        """
        if (key := self._key(person)) is None:
            return None
        opened: dict[str, Any] = msgspec.json.decode(_decrypt(key, box, _place(stream, version)))
        return opened

    def reference(self, text: str) -> str:
        """Return what stands for a person's reference in claims; it reveals nothing of it."""
        return _hmac(self._pepper, "reference", unicodedata.normalize("NFC", text.strip()))

    def likeness(self, full_name: str, birth_date: date) -> str:
        """Return what two entries of one person most likely share: the name and the birth date."""
        name = " ".join(unicodedata.normalize("NFC", full_name).casefold().split())
        return _hmac(self._pepper, "likeness", f"{name}/{birth_date.isoformat()}")

    def fingerprint(self, body: bytes) -> bytes:
        """Return the fingerprint of a command's body, which nobody can guess back to a name."""
        return hmac.digest(self._fingerprints, body, "sha256")

    def blind(self, part: str) -> bytes:
        """Return what stands for a part of a name in an index that is searched and not read."""
        return hmac.digest(self._index, part.encode(), "sha256")[:_BLIND_BYTES]

    def staging_cipher(self) -> AESGCM:
        """Return the cipher for files that wait to be imported."""
        return self._staging

    def entomb(self, reference: str, person: UUID) -> None:
        """Refuse a reference from now on, and remember whose key is still to be destroyed."""
        with self._commit() as db:
            db.execute(
                "insert into tombstones values (?, ?) on conflict (reference) do nothing",
                (reference, person.bytes),
            )

    def entombed(self, reference: str) -> bool:
        """Tell whether the person with that reference is shredded, or being shredded."""
        with self._lock:
            row = self._db.execute(
                "select 1 from tombstones where reference = ?", (reference,)
            ).fetchone()
        return row is not None

    def unfinished(self) -> list[tuple[str, UUID]]:
        """Return the references and people whose shredding was begun but not ended."""
        with self._lock:
            rows = self._db.execute(
                "select reference, person from tombstones where person is not null order by 1"
            ).fetchall()
        return [(reference, UUID(bytes=person)) for reference, person in rows]

    def shred(self, person: UUID) -> None:
        """Destroy a person's key, and what its database keeps of deleted rows; again is harmless.

        The tombstone then forgets whose it is. Raises ShreddingUnfinishedError.
        """
        with self._lock:
            with self._commit() as db:
                db.execute("delete from keys where person = ?", (person.bytes,))
            self._erase("keys", person)
            # Last, so that `unfinished` names the person until no trace of the key is left.
            with self._commit() as db:
                db.execute("update tombstones set person = null where person = ?", (person.bytes,))
            self._erase("tombstones", person)
            if held := getattr(self._here, "keys", None):
                held.pop(person, None)

    def _erase(self, table: str, person: UUID) -> None:
        try:
            self._db.erase(table)
        except Away as error:
            raise ShreddingUnfinishedError(f"the keys are in use; shred {person} again") from error

    def log_read(self, actor: str, person: UUID, purpose: str, fields: Collection[str]) -> None:
        """Put on record that an actor reads personal fields; durable when it returns."""
        self.log_reads(actor, (person,), purpose, fields)

    def log_reads(
        self, actor: str, persons: Iterable[UUID], purpose: str, fields: Collection[str]
    ) -> None:
        """Put on record that an actor reads personal fields of many people, in one commit."""
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        read = ",".join(sorted(fields))
        rows = [(at, actor, person.bytes, purpose, read) for person in persons]
        if not rows:
            return
        with self._commit() as db:
            n, digest = db.execute("select n, digest from reads_head").fetchone()
            for row in rows:
                n += 1
                digest = self._linked(digest, n, row)
                db.execute("insert into reads values (?, ?, ?, ?, ?, ?, ?)", (n, *row, digest))
            db.execute("update reads_head set n = ?, digest = ?", (n, digest))

    def reads(self) -> list[Read]:
        """Return the log of reads, in order."""
        with self._lock:
            rows = self._db.execute("select * from reads order by n").fetchall()
        return [
            Read(
                n=n,
                at=datetime.fromisoformat(at),
                actor=actor,
                person=UUID(bytes=person),
                purpose=purpose,
                fields=tuple(fields.split(",")) if fields else (),
            )
            for n, at, actor, person, purpose, fields, _ in rows
        ]

    def verify_reads(self) -> int | None:
        """Return the number of the first read that was altered or removed, or None."""
        with self._lock:
            rows = self._db.execute("select * from reads order by n").fetchall()
            last, head = self._db.execute("select n, digest from reads_head").fetchone() or (0, b"")
        previous = self._start()
        for expected, (n, *row, digest) in enumerate(rows, start=1):
            if n != expected or digest != self._linked(previous, n, tuple(row)):
                return expected
            previous = digest
        return None if (len(rows), previous) == (last, head) else len(rows) + 1

    def _start(self) -> bytes:
        return hmac.digest(self._chain, b"", "sha256")

    def _linked(self, previous: bytes, n: int, row: tuple[Any, ...]) -> bytes:
        # Keyed, so that who can write the database but lacks the master key cannot chain anew.
        return hmac.digest(self._chain, previous + msgspec.msgpack.encode((n, row)), "sha256")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()


def _master_key(path: Path) -> bytes:
    if not path.exists():
        raise MasterKeyError(f"no master key at {path}")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise MasterKeyError(f"{path} does not hold {_KEY_BYTES} bytes as hexadecimal digits")
    return key


def make_master_key(path: Path) -> None:
    """Make a master key; where another process was first, its key is the one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(os.urandom(_KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _derived(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"ketnap/{purpose}".encode()).derive(master)


def _hmac(key: bytes, purpose: str, text: str) -> str:
    return hmac.new(key, f"{purpose}/{text}".encode(), sha256).hexdigest()


def _place(stream: UUID, version: int) -> bytes:
    return stream.bytes + version.to_bytes(8, "big")


def _encrypt(cipher: AESGCM, plain: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, aad)


def _decrypt(cipher: AESGCM, box: bytes, aad: bytes) -> bytes:
    try:
        return cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):
        raise BoxTamperedError("the box does not belong here, or was altered") from None
