"""Facts as bytes, and back."""

from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import codec
from events.dossiers import CeremonyHeld, Facets, PersonRegistered
from events.envelope import Fact, FirstFact
from events.registry import TYPES, UnknownTypeError
from events.training import ClassOpened

STREAM = UUID("01920000-0000-7000-8000-000000000001")
RECORDED = datetime(2026, 3, 3, 4, 5, 6, 7, UTC)
OUTSIDE: dict[str, Any] = {"originator_id": STREAM, "originator_version": 3, "timestamp": RECORDED}


def values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - what an annotation says
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of([values(choice) for choice in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        hints = get_type_hints(hint)
        return st.builds(hint, **{name: values(hints[name]) for name in hint.__struct_fields__})
    if hint is int:
        return st.integers(-(2**63), 2**63 - 1)
    if hint is Decimal:
        return st.decimals(0, 10, places=2)
    return st.from_type(hint)


def facts(kind: type[Fact]) -> st.SearchStrategy[Fact]:
    hints = get_type_hints(kind)
    own = [each.name for each in fields(kind) if each.name not in codec.OF_THE_LIBRARY]
    first = {"originator_topic": st.just("")} if issubclass(kind, FirstFact) else {}
    return st.builds(
        kind,
        **{name: st.just(value) for name, value in OUTSIDE.items()},
        **{name: values(hints[name]) for name in own},
        **first,
    )


def decoded(fact: Fact, state: bytes, sealed: dict[str, Any] | None = None) -> Fact:
    return codec.decode(
        fact.TOPIC, state, stream=STREAM, version=3, recorded=RECORDED, sealed=sealed
    )


def a_ceremony(on: object = date(2026, 3, 3)) -> CeremonyHeld:
    known = {"person": STREAM, "unit": STREAM, "facets": Facets(sex="female")}
    return CeremonyHeld(**OUTSIDE | {"on": on, "actor": "a-1"} | known)


@pytest.mark.parametrize("name", sorted(TYPES))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_type_comes_back_as_it_went(name: str, data: st.DataObject) -> None:
    fact = data.draw(facts(TYPES[name]))

    state, sealed = codec.encode(fact)

    # Through JSON, as a box holds them.
    opened = msgspec.json.decode(msgspec.json.encode(sealed))
    assert vars(decoded(fact, state, opened)) == vars(fact)
    assert type(decoded(fact, state)) is TYPES[name]


@pytest.mark.parametrize("name", sorted(name for name, kind in TYPES.items() if kind.sealed))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_no_sealed_field_is_in_the_state(name: str, data: st.DataObject) -> None:
    fact = data.draw(facts(TYPES[name]))

    state, sealed = codec.encode(fact)

    assert not set(TYPES[name].sealed) & msgspec.json.decode(state).keys()
    assert sealed == {
        field: getattr(fact, field)
        for field in TYPES[name].sealed
        if getattr(fact, field) is not None
    }


def test_sealed_fields_are_none_without_their_box() -> None:
    personal = {"full_name": "Synthetic Name", "birth_date": date(2000, 2, 29)}
    known = {"originator_topic": "", "on": date(2026, 3, 3), "actor": "a-1"}
    person = PersonRegistered(**OUTSIDE | known | personal)
    state, sealed = codec.encode(person)

    read = decoded(person, state)
    opened = decoded(person, state, sealed)

    assert isinstance(read, PersonRegistered)
    assert (read.full_name, read.birth_date) == (None, None)
    assert isinstance(opened, PersonRegistered)
    assert (opened.full_name, opened.birth_date) == ("Synthetic Name", date(2000, 2, 29))


def test_defaults_and_fields_of_the_library_are_not_stored() -> None:
    state, _ = codec.encode(a_ceremony())

    assert msgspec.json.decode(state) == {
        "on": "2026-03-03",
        "actor": "a-1",
        "person": str(STREAM),
        "unit": str(STREAM),
        "facets": {"sex": "female"},
    }


def test_a_value_that_its_annotation_forbids_is_never_written() -> None:
    with pytest.raises(msgspec.ValidationError, match="date"):
        codec.encode(a_ceremony(on="yesterday"))


def test_a_field_that_nobody_here_knows_is_ignored() -> None:
    ceremony = a_ceremony()
    state, _ = codec.encode(ceremony)
    newer = msgspec.json.encode(msgspec.json.decode(state) | {"music": {"anthem": True}})

    assert vars(decoded(ceremony, newer)) == vars(ceremony)


def test_a_type_that_nobody_here_knows_is_refused() -> None:
    with pytest.raises(UnknownTypeError, match=r"dossiers\.PersonSainted"):
        codec.decode("dossiers.PersonSainted", b"{}", stream=STREAM, version=1, recorded=RECORDED)


@pytest.mark.parametrize(
    "state", [b"", b"{", b"[]", b"null", b"{}", b'{"on":"2026-02-30","actor":"a"}', b"\xff"]
)
def test_what_is_no_such_fact_is_undecodable(state: bytes) -> None:
    with pytest.raises(codec.UndecodableError, match=r"training\.ClassOpened"):
        codec.decode(ClassOpened.TOPIC, state, stream=STREAM, version=1, recorded=RECORDED)


class Weighed(Fact):
    """Version 1 had `pounds`, version 2 `grams`; since version 3 the scale is sealed."""

    TOPIC = "tests.Weighed"
    class_version = 3
    sealed = ("scale",)
    grams: int
    scale: str | None = None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["grams"] = state.pop("pounds") * 454

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        state["scale"] = state.get("scale")


def weighed(state: bytes, sealed: dict[str, Any] | None = None) -> Weighed:
    fact = codec.form(Weighed).decode(state, sealed, OUTSIDE)
    assert isinstance(fact, Weighed)
    return fact


@pytest.mark.parametrize(
    ("state", "grams"),
    [
        (b'{"on":"2026-03-03","actor":"a","pounds":2}', 908),
        (b'{"on":"2026-03-03","actor":"a","grams":5,"class_version":2}', 5),
        (b'{"on":"2026-03-03","actor":"a","grams":6,"class_version":3}', 6),
    ],
)
def test_every_version_ever_stored_is_brought_to_the_present_one(state: bytes, grams: int) -> None:
    assert weighed(state).grams == grams
    assert weighed(state).scale is None
    assert weighed(state, {"scale": "brass"}).scale == "brass"


def test_the_present_version_is_stored() -> None:
    state, sealed = codec.encode(
        Weighed(**OUTSIDE | {"on": date(2026, 3, 3), "actor": "a", "grams": 7, "scale": "brass"})
    )

    assert msgspec.json.decode(state)["class_version"] == 3
    assert vars(weighed(state, sealed))["grams"] == 7


@pytest.mark.parametrize("rest", [b'"grams":7', b'"stones":1'])
def test_a_newer_version_is_an_error_that_says_so(rest: bytes) -> None:
    state = b'{"on":"2026-03-03","actor":"a",' + rest + b',"class_version":4}'

    with pytest.raises(codec.NewerVersionError, match="version 4; this release knows up to 3"):
        weighed(state)


def test_a_field_that_is_sealed_must_exist() -> None:
    class Misspelt(Fact):
        TOPIC = "tests.Misspelt"
        sealed = ("nmae",)
        name: str | None = None

    with pytest.raises(TypeError, match="nmae"):
        codec.form(Misspelt)
