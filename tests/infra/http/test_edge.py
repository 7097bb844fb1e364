"""Limits, the id of a request, what every answer carries, and what is counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from infra.http import Edge, Limits
from tests.infra.http.inn import LIMITS, PROBLEMS, a_guest, the_inn


@pytest.fixture(scope="module")
def guest() -> TestClient:
    return a_guest()


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "path", ["/rooms", "/errors/refusal", "/errors/defect", "/no/such", "/bills/x"]
)
def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(guest: TestClient, path: str) -> None:
    headers = guest.get(path).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]


def test_an_answer_may_say_otherwise_itself(guest: TestClient) -> None:
    response = guest.get("/cached")

    assert response.headers.get_list("cache-control") == ["private, max-age=60"]


def test_a_request_keeps_the_id_of_its_caller(guest: TestClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    response = guest.get("/trace", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert response.headers["x-request-id"] == response.json()["id"] == trace
    assert response.json()["traceparent"].startswith(f"00-{trace}-")
    assert "00f067aa0ba902b7" not in response.json()["traceparent"]


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-<script>4bf92f3577b34da6a3ce929-00f067aa0ba902b7-01",
    ],
)
def test_a_request_without_a_good_id_is_given_one(guest: TestClient, traceparent: str) -> None:
    ids = {
        guest.get("/trace", headers={"traceparent": traceparent}).headers["x-request-id"]
        for _ in range(2)
    }

    assert len(ids) == 2
    assert all(len(each) == 32 and int(each, 16) for each in ids)


def test_log_lines_of_a_request_carry_its_id(guest: TestClient) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        response = guest.get("/errors/defect")

    assert [(line["event"], line["trace"], line["error"]) for line in lines] == [
        ("defect", response.headers["x-request-id"], "KeyError")
    ]
    assert lines[0]["at"][-1].endswith(" error")
    assert "Bí Mật" not in str(lines)
    assert structlog.contextvars.get_contextvars() == {}


def test_a_body_is_as_large_as_the_limit_and_no_larger(guest: TestClient) -> None:
    assert guest.post("/echo", content=b"x" * 2000).json() == 2000

    refused = guest.post("/echo", content=b"x" * 2001)
    assert refused.status_code == 413
    assert refused.json()["code"] == "body-too-large"


def test_a_body_that_hides_its_size_is_counted(guest: TestClient) -> None:
    def parts(count: int) -> Iterator[bytes]:
        yield from (b"x" * 100 for _ in range(count))

    assert guest.post("/echo", content=parts(20)).json() == 2000
    assert guest.post("/echo", content=parts(21)).status_code == 413


def test_a_file_may_be_larger_and_has_its_own_limit(guest: TestClient) -> None:
    assert guest.post("/books", files={"book": b"x" * 15_000}).json() == 15_000

    for body in (b"x" * 21_000,):
        refused = guest.post("/books", files={"book": body})
        assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")


def test_a_file_that_hides_its_size_is_counted_while_it_comes(guest: TestClient) -> None:
    edge = b'--b\r\nContent-Disposition: form-data; name="book"; filename="a"\r\n\r\n'

    def parts() -> Iterator[bytes]:
        yield edge
        yield from (b"x" * 1000 for _ in range(30))
        yield b"\r\n--b--\r\n"

    refused = guest.post(
        "/books", content=parts(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "", "٣"])
def test_a_length_that_is_none_is_malformed(length: str) -> None:
    status, told = ask([("content-length", length)], [b""])

    assert (status, told["code"]) == (422, "malformed")


def test_a_text_that_no_database_can_hold_is_refused_wherever_it_stands(guest: TestClient) -> None:
    assert guest.get("/rooms%00").json()["code"] == "not-found"
    assert guest.get("/rooms?of=a%00").json()["code"] == "malformed"
    assert guest.post("/echo", content=rb'{"a": "\u0000"}').json()["code"] == "malformed"
    assert guest.post("/echo", content=rb'{"a": "\\u0000"}').status_code == 200


def test_headers_are_counted(guest: TestClient) -> None:
    many = {f"x-{n}": "1" for n in range(60)}

    refused = guest.get("/rooms", headers=many)

    assert (refused.status_code, refused.json()["code"]) == (431, "headers-too-many")


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (nested(32), 422),  # the route itself takes no list
        (nested(33), 422),
        (json.dumps({"on": "2026-11-24", "nights": 1, "extra": "[" * 900}), 422),
    ],
)
def test_depth_is_refused_before_anything_is_read(
    guest: TestClient, body: str, status: int
) -> None:
    response = guest.post("/rooms/7/stay", content=body, headers=JSON)

    deep = body == nested(33)
    assert response.status_code == status
    assert response.json()["code"] == ("too-deep" if deep else "malformed")


@given(
    st.recursive(
        st.none() | st.integers() | st.text('[]{}\\"a', max_size=30),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}"\\'), inner, max_size=3)
        ),
        max_leaves=30,
    )
)
def test_depth_is_of_brackets_and_never_of_text(value: object) -> None:
    def depth(each: object) -> int:
        match each:
            case list():
                return 1 + max(map(depth, each), default=0)
            case dict():
                return 1 + max(map(depth, each.values()), default=0)
            case _:
                return 0

    body = json.dumps(value).encode()
    for most in (1, 2, 3):
        status, _ = ask([("content-length", str(len(body)))], [body], Limits(depth=most))
        assert (status == 422) == (depth(value) > most)


def ask(
    headers: list[tuple[str, str]], parts: list[bytes | None], limits: Limits = LIMITS
) -> tuple[int, dict[str, Any]]:
    """Send a body part by part, None being one that never comes; return what was answered."""
    sent: list[Message] = []

    async def receive() -> Message:
        if (part := parts.pop(0)) is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    parts = list(parts)
    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": raw}
    asyncio.run(Edge(app, problems=PROBLEMS, limits=limits)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data; boundary=b"]
)
def test_a_body_that_stops_coming_is_not_waited_for(content_type: str) -> None:
    headers = [("content-type", content_type), ("transfer-encoding", "chunked")]

    status, told = ask(headers, [b"{", None])

    assert (status, told["code"]) == (408, "slow-body")


def test_an_answer_that_breaks_off_is_cut_and_not_patched_up() -> None:
    with pytest.raises(KeyError, match="the other"):
        TestClient(the_inn()).get("/half")


def test_requests_are_counted_by_route_and_status_and_never_by_address() -> None:
    registry = CollectorRegistry()
    guest = a_guest(registry)
    for path in (
        "/bills/1",
        "/bills/2",
        "/bills/x",
        "/wing/rooms/9",
        "/secret/a",
        "/errors/defect",
    ):
        guest.get(path)
    guest.request("BREW", "/bills/1")
    guest.post("/echo", content=b"x" * 3000)

    told = generate_latest(registry).decode()

    def count(method: str, route: str, status: int) -> str:
        return f'ketnap_http_requests_total{{method="{method}",route="{route}",status="{status}"}}'

    assert f"{count('GET', '/bills/{bill}', 200)} 2.0" in told
    assert f"{count('GET', '/bills/{bill}', 422)} 1.0" in told
    assert f"{count('GET', '/wing/rooms/{room}', 200)} 1.0" in told
    assert f"{count('GET', '-', 404)} 1.0" in told
    assert f"{count('GET', '/errors/{name}', 500)} 1.0" in told
    assert f"{count('other', '/bills/{bill}', 405)} 1.0" in told
    assert f"{count('POST', '-', 413)} 1.0" in told
    assert 'ketnap_http_answer_seconds_count{route="/bills/{bill}"} 4.0' in told
    assert "secret" not in told


def test_what_is_no_request_passes_through() -> None:
    passed: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        passed.append(message["type"])

    asyncio.run(Edge(app, problems=PROBLEMS)({"type": "lifespan"}, receive, send))

    assert passed == ["lifespan"]
