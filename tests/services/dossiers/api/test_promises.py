from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from tests.services.dossiers.api.office import JOURNEY, NOMINATION, Office

HOSTILE: tuple[object, ...] = (
    None,
    "",
    " ",
    "x",
    "\x00",
    "\ud800",
    "Ă" * 3000,
    "' or 1=1 --",
    "%",
    -1,
    0,
    1.5,
    1e308,
    2**63,
    2**64,
    10**400,
    True,
    [],
    {},
    [[[[]]]],
    {"name": "sex", "value": {"a": 1}},
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "1930-02-03",
    "2026-11-24",
    "X",
)
BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"\xff\xfe",
    b'{"on": NaN}',
    b'{"on": "\\ud800"}',
    b"[" * 5000,
    b'{"on":' * 40 + b"1" + b"}" * 40,
    b'{"on": "' + b"9" * 70_000 + b'"}',
    b"on=2026-02-09",
)


ASKED_BY_SERVICES = "/directory/"
"""Questions that hold what no address may: they change nothing."""


def operations(office: Office) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in office.app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def documented(office: Office, method: str, path: str) -> set[str]:
    return set(office.app.openapi()["paths"][path][method]["responses"])


def test_every_operation_says_what_it_answers_and_takes(office: Office) -> None:
    for method, path, operation in operations(office):
        responses = operation["responses"]
        assert {"401", "404", "409", "422"} <= set(responses), path
        assert operation["security"], path
        for status, response in responses.items():
            kind = "application/json" if status.startswith("2") else "application/problem+json"
            if status != "304":
                assert list(response["content"]) == [kind], (path, status)
        if method == "post" and not path.startswith(ASKED_BY_SERVICES):
            assert operation["requestBody"]["content"]["application/json"]["schema"]
            if path == "/people/search":
                continue  # it only asks; what it asks is no matter of addresses
            assert "428" in responses or path == "/candidacies"
            assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}


def test_every_type_that_is_named_is_defined(office: Office) -> None:
    document = office.app.openapi()
    named: set[str] = set()

    def walk(part: object) -> None:
        if isinstance(part, Mapping):
            if isinstance(part.get("$ref"), str):
                named.add(part["$ref"].rpartition("/")[2])
            for each in part.values():
                walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(document)

    assert named
    assert named <= set(document["components"]["schemas"])


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_no_body_breaks_anything(office: Office, body: bytes) -> None:
    candidacy = office.nominated()
    paths = ["/candidacies", f"/candidacies/{candidacy}/corrections"] + [
        f"/candidacies/{candidacy}/{act}" for act in ("application", "cell-vote", "ceremony")
    ]

    for path in paths:
        answer = office.http.post(
            path,
            content=body,
            headers={
                "Authorization": f"Bearer {office.token('cell')}",
                "Idempotency-Key": "k",
                "If-Match": '"2"',
            },
        )
        assert answer.status_code in {413, 422}, (path, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(office.facts(candidacy)) == 2


def test_no_field_breaks_anything(office: Office) -> None:
    candidacy = office.brought_to("political-standard")
    chance = random.Random(20261124)
    sent = [("cell", "/candidacies", NOMINATION)] + [
        (who, f"/candidacies/{candidacy}/{name}", body) for name, (who, body) in JOURNEY.items()
    ]
    corrections: list[dict[str, Any]] = [
        {"fact": "cell_vote", "day": "2026-04-14", "reason": "r", "document": "d"},
        {"fact": "cell_vote", "of": 8, "unit": "C1", "reason": "r", "document": "d"},
        {"facet": {"name": "occupation", "value": "x"}, "reason": "r", "document": "d"},
    ]
    sent += [("base", f"/candidacies/{candidacy}/corrections", each) for each in corrections]

    for _ in range(150):
        who, path, body = chance.choice(sent)
        changed = {**body, chance.choice(sorted(body)): chance.choice(HOSTILE)}
        answer = _posted(office, who, path, changed)
        template = path.replace(candidacy, "{candidacy}")
        assert str(answer[0]) in documented(office, "post", template), (path, changed, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/candidacies/{}",
        "/candidacies/{}/person?purpose=x",
        "/candidacies/{}/ceremony",
    ],
)
@pytest.mark.parametrize("text", ["x", "0", "'", "%00", "..%2f..", "a" * 4000, "%ff", "ￂ"])
def test_an_id_that_is_none_is_refused(office: Office, path: str, text: str) -> None:
    answer = office.http.get(
        path.format(text), headers={"Authorization": f"Bearer {office.token('cell')}"}
    )

    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/work", {"unit": "\x00"}),
        ("/work", {"cursor": "é"}),
        ("/work", {"after": "nothing:1"}),
        ("/units", {"on": "0001-01-01"}),
        ("/units", {"on": "9999-12-31"}),
        ("/units", {"on": "99999999999"}),
    ],
)
def test_no_question_breaks_anything(office: Office, path: str, query: dict[str, str]) -> None:
    answer = office.get("commune", path, **query)

    assert str(answer.status_code) in documented(office, "get", path)


@pytest.mark.parametrize(
    ("q", "query"),
    [
        ("\x00", {}),
        ("\ufffd" * 200, {}),
        (" ".join("abcdefghijklmnopqrstuvwxyz" * 3), {}),
        ("a", {"limit": "9" * 400}),
        ("a", {"cursor": "A" * 400}),
        ("a", {"after": "dossiers:" + "9" * 30}),
        (["a"], {}),
    ],
)
def test_no_search_breaks_anything(office: Office, q: object, query: dict[str, str]) -> None:
    answer = office.searched("commune", q, **query)

    assert str(answer.status_code) in documented(office, "post", "/people/search")


def test_another_method_is_not_taken(office: Office) -> None:
    answer = office.http.delete(f"/candidacies/{uuid4()}")

    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")


def _posted(office: Office, who: str, path: str, body: Mapping[str, Any]) -> tuple[int, str]:
    answer = office.http.post(
        path,
        content=json.dumps(body).encode("utf-8", "surrogatepass"),
        headers={
            "Authorization": f"Bearer {office.token(who)}",
            "Idempotency-Key": uuid4().hex,
            "If-Match": "*",
        },
    )
    return answer.status_code, answer.text
