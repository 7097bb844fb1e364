"""A record carries what the ledger chained, exactly, and nothing that it sealed."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import codec, wire
from infra.ledger.port import EMPTY_DIGEST, link

ROOT = Path(__file__).parents[2] / "contracts"
GOLDEN = [json.loads(path.read_text("utf-8")) for path in sorted(ROOT.glob("golden/*/*.json"))]
EXAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted(ROOT.glob("examples/*/*.json"))]
STATES = [(each["type"], each["state"].encode()) for each in GOLDEN] + [
    (each["type"], json.dumps(each["state"], ensure_ascii=False).encode()) for each in EXAMPLES
]
COPIED = {"on", "actor", "acting_for", "rule_set", "document", "causation", "correlation"}
COPIED |= {"class_version"}
RENAMED = ('{"on":"2026-01-01","actor":"clerk","causation":"training/3","name":"Đảng"}').encode()
ONE_DAY = b'{"on":"2026-01-01"}'
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = 2**63 - 1

moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
rows = st.fixed_dictionaries(
    {
        "position": st.integers(1, LAST),
        "stream": st.uuids(),
        "version": st.integers(1, LAST),
        "recorded": moments,
        "sealed_digest": st.binary(min_size=32, max_size=32),
        "trace": st.none() | st.just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    }
)


def record(
    type_name: str = "dossiers.UnitRenamed", state: bytes = RENAMED, position: int = 7
) -> bytes:
    return wire.encode(
        "dossiers",
        position=position,
        stream=UUID(int=1),
        version=2,
        type_name=type_name,
        recorded=datetime(2026, 11, 24, 5, 0, 0, 123, tzinfo=UTC),
        state=state,
        sealed_digest=sha256().digest(),
    )


def micros(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def digest_of(previous: bytes, carried: wire.Carried) -> bytes:
    """Recompute the chain as a stranger would, from the record alone."""
    return link(
        previous,
        carried.position,
        micros(carried.recorded),
        carried.subject,
        carried.version,
        carried.type,
        bytes(carried.data),
        carried.sealedhash,
    )


@settings(max_examples=25)
@given(row=rows)
def test_the_chain_is_recomputed_from_the_topic(row: dict[str, Any]) -> None:
    for type_name, state in STATES:
        carried = wire.decode(wire.encode("dossiers", type_name=type_name, state=state, **row))

        assert bytes(carried.data) == state
        assert digest_of(EMPTY_DIGEST, carried) == link(
            EMPTY_DIGEST,
            row["position"],
            micros(row["recorded"]),
            row["stream"],
            row["version"],
            type_name,
            state,
            row["sealed_digest"],
        )
        assert (carried.source, carried.traceparent) == ("dossiers", row["trace"])


@given(
    st.dictionaries(
        st.text().filter(lambda name: name not in COPIED),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
    ),
)
def test_a_state_is_carried_as_it_was_stored_whatever_its_form(state: dict[str, object]) -> None:
    stored = json.dumps(state, indent=1).encode()

    assert bytes(wire.decode(record(state=stored)).data) == stored


def test_a_record_bears_the_names_of_cloud_events() -> None:
    carried = json.loads(record())

    assert carried == {
        "specversion": "1.0",
        "id": "dossiers/7",
        "source": "dossiers",
        "type": "dossiers.UnitRenamed",
        "subject": str(UUID(int=1)),
        "time": "2026-11-24T05:00:00.000123Z",
        "datacontenttype": "application/json",
        "dataschema": "ketnap:dossiers.UnitRenamed.v1",
        "position": 7,
        "version": 2,
        "recorded": "2026-11-24T05:00:00.000123Z",
        "sealedhash": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "on": "2026-01-01",
        "actor": "clerk",
        "causationid": "training/3",
        "data": {
            "on": "2026-01-01",
            "actor": "clerk",
            "causation": "training/3",
            "name": "Đảng",
        },
    }


def test_the_version_of_a_type_stands_in_the_name_of_its_schema() -> None:
    carried = wire.decode(record(state=b'{"on":"2026-01-01","actor":"a","class_version":3}'))

    assert carried.dataschema == "ketnap:dossiers.UnitRenamed.v3"


def test_an_attribute_of_a_newer_release_is_ignored() -> None:
    newer = msgspec.json.encode({**json.loads(record()), "partitionkey": "1"})

    assert wire.decode(newer).position == 7


def where(old: str, new: str) -> bytes:
    """Return the record with one thing otherwise."""
    assert record().count(old.encode()) >= 1
    return record().replace(old.encode(), new.encode(), 1)


AT = '"position":7'
POISON = {
    "null": None,
    "empty": b"",
    "truncated": record()[:-9],
    "not an object": b"[1, 2]",
    "not UTF-8": record().replace("Đ".encode(), b"\xc4\x20"),
    "not UTF-8 in an attribute": record().replace(b"clerk", b"cl\xffrk", 1),
    "NaN as a position": where(AT, '"position":NaN'),
    "NaN in the data": record(state=ONE_DAY).replace(b'"2026-01-01"}', b"NaN}"),
    "a huge position": where(AT, '"position":' + "9" * 400),
    "a position past the last": where(AT, f'"position":{2**63}'),
    "a position between two": where(AT, '"position":7.5'),
    "an exponent without end": where(AT, '"position":1e999'),
    "a position before the first": where(AT, '"position":0'),
    "two positions": where(AT, '"position":6,"position":7'),
    "two positions, one written otherwise": where(AT, r'"posit\u0069on":6,"position":7'),
    "an id of another position": where('"id":"dossiers/7"', '"id":"dossiers/8"'),
    "a moment without a zone": where('123Z","sealed', '123","sealed'),
    "a hash that is none": where("47DEQpj8", "47DE"),
    "no data": record().partition(b',"data"')[0] + b"}",
    "nested without end": record(state=ONE_DAY).replace(b'"2026-01-01"}', b"[" * 99_999),
    "more than one": record() + record(),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_what_no_relay_wrote_is_undecodable(poison: bytes | None) -> None:
    with pytest.raises(codec.UndecodableError):
        wire.decode(poison)


def test_a_state_that_is_no_object_is_never_carried() -> None:
    with pytest.raises(codec.UndecodableError, match="dossiers/7"):
        record(state=b"[]")


def test_no_sealed_field_has_a_place_in_a_record() -> None:
    for golden in GOLDEN:
        if golden["sealed"]:
            carried = json.loads(record(golden["type"], golden["state"].encode()))
            assert not json.loads(golden["sealed"]).keys() & (
                carried.keys() | carried["data"].keys()
            )
