"""How the pages ask the services: what is sent, what is told of a refusal, what is handed on."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI, Request, Response
from starlette.testclient import TestClient

from infra.access import NotFound
from infra.http import WebApplication
from services.portal.client import Answer, ApiProblem, Client, path_part
from services.wording import refusal_words


def services() -> FastAPI:
    """Return a service that tells what it was asked."""
    app = WebApplication(refusal_words)

    @app.get("/api/echo")
    @app.post("/api/echo")
    async def echo(request: Request, response: Response) -> dict[str, object]:
        response.headers["ETag"] = '"7"'
        response.headers["Link"] = '</api/echo?x=1&cursor=abc>; rel="next"'
        return {
            "query": dict(request.query_params),
            "headers": dict(request.headers),
            "body": (await request.body()).decode(),
        }

    @app.get("/api/missing")
    async def missing() -> None:
        raise NotFound

    @app.get("/api/down")
    async def down() -> Response:
        return Response("no JSON", status_code=502)

    @app.get("/api/file")
    async def file(request: Request) -> Response:
        return Response(request.headers.get("last-event-id", "") + request.url.query)

    return app


def asked(method: str, path: str, after: str | None = None, **more: object) -> Answer:
    async def ask() -> Answer:
        client = Client(services())
        asker = client.of("a-token", {"traceparent": "00-x"}, after)
        try:
            if method == "POST":
                return await asker.post(path, {"on": "2022-08-26"}, key="k-1", version="7")
            return await asker.listed(path, **more)
        finally:
            await client.close()

    return asyncio.run(ask())


def test_a_question_carries_who_asks_and_waits_for_what_was_written() -> None:
    told = asked("GET", "/echo", after="dossiers:12", q="Đặng", empty=None)

    assert told.body["query"] == {"q": "Đặng", "after": "dossiers:12"}
    assert told.body["headers"]["authorization"] == "Bearer a-token"
    assert told.body["headers"]["traceparent"] == "00-x"
    assert (told.etag, told.cursor) == ('"7"', "abc")


def test_a_command_carries_its_key_and_the_version_that_was_seen() -> None:
    told = asked("POST", "/echo", after="dossiers:12")

    assert told.body["headers"]["idempotency-key"] == "k-1"
    assert told.body["headers"]["if-match"] == '"7"'
    assert told.body["query"] == {}
    assert told.body["body"] == '{"on":"2022-08-26"}'


def test_a_refusal_is_told_as_it_was_worded() -> None:
    with pytest.raises(ApiProblem) as refused:
        asked("GET", "/missing")

    problem = refused.value.problem
    assert (problem.status, problem.code, problem.title) == (404, "not-found", "Không tìm thấy.")


def test_an_answer_that_is_no_problem_is_a_defect() -> None:
    with pytest.raises(ApiProblem) as refused:
        asked("GET", "/down")

    assert (refused.value.problem.status, refused.value.problem.code) == (502, "defect")


@pytest.mark.parametrize("seen", ["dossiers:3", "dossiers:3\r\nx: y", "đ", ""])
def test_a_stream_is_asked_from_what_was_seen_on(seen: str) -> None:
    app = FastAPI()

    @app.get("/stream")
    async def stream(request: Request) -> Response:
        return Client(services()).handed_on("/file", {"q": "1"}, "t", request, seen)

    @app.get("/nothing")
    async def nothing(request: Request) -> Response:
        return Client(services()).handed_on("/missing", {}, "t", request)

    browser = TestClient(app)

    assert browser.get("/stream").text == ("dossiers:3" if seen == "dossiers:3" else "") + "q=1"
    with pytest.raises(ApiProblem):
        browser.get("/nothing")


def test_a_code_is_one_part_of_a_path() -> None:
    assert path_part("a/../b?c=d") == "a%2F..%2Fb%3Fc%3Dd"
