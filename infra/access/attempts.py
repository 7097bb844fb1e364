"""How often somebody may try to sign in: per name and per address, over all processes."""

from __future__ import annotations

import hmac
import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from events.refusal import Refusal
from infra.database import Database

WINDOW = timedelta(minutes=15)
A_NAME = 5
AN_ADDRESS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class TooManySignIns(Refusal):
    """Too many have failed lately, of that name or from that address."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, counted before its password is looked at."""

    name: bytes
    address: bytes
    at: int
    n: bytes


class Attempts:
    """Failed sign-ins of the last quarter of an hour, by digest of name and of address."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def begin(self, db: Database, name: str, address: str, now: datetime) -> Attempt:
        """Count a try. Raises TooManySignIns, which tells when the next may come."""
        at = microseconds(now)
        attempt = Attempt(
            self._digest("name", name),
            self._digest("address", neighbourhood(address)),
            at,
            secrets.token_bytes(8),
        )
        since = at - microseconds_of(WINDOW)
        db.execute("delete from attempts where at <= ?", (since,))
        free_at = max(_free_at(db, attempt.name, A_NAME), _free_at(db, attempt.address, AN_ADDRESS))
        if free_at > at:
            raise TooManySignIns(
                retry_after_seconds=math.ceil((free_at - at) / 1_000_000),
                until=_EPOCH + timedelta(microseconds=free_at),
            )
        for who in (attempt.name, attempt.address):
            db.execute("insert into attempts values (?, ?, ?)", (who, at, attempt.n))
        return attempt

    def forget(self, db: Database, attempt: Attempt) -> None:
        """Let a try not count: its password was not looked at, or is the right one."""
        db.execute(
            "delete from attempts where who in (?, ?) and at = ? and n = ?",
            (attempt.name, attempt.address, attempt.at, attempt.n),
        )

    def succeed(self, db: Database, attempt: Attempt) -> None:
        """Forget the failures of the name; of the address, only that try."""
        db.execute("delete from attempts where who = ?", (attempt.name,))
        self.forget(db, attempt)

    def _digest(self, what: str, text: str) -> bytes:
        # A name that was tried may be a password, typed into the wrong field.
        return hmac.digest(self._key, f"{what}/{text}".encode("utf-8", "surrogatepass"), "sha256")


def _free_at(db: Database, who: bytes, most: int) -> int:
    """Return when one more try may come: when the oldest of the last `most` is forgotten."""
    row = db.execute(
        "select at from attempts where who = ? order by at desc limit 1 offset ?", (who, most - 1)
    ).fetchone()
    return row[0] + microseconds_of(WINDOW) if row else 0


def neighbourhood(address: str) -> str:
    """Return what one household is given: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return str(read)
    if mapped := read.ipv4_mapped:
        return str(mapped)
    return str(ip_network((int(read) >> 64 << 64, 64)))


def microseconds(moment: datetime) -> int:
    """Return a moment as it is stored."""
    return microseconds_of(moment - _EPOCH)


def microseconds_of(span: timedelta) -> int:
    """Return a span as it is compared."""
    return span // _MICROSECOND
