"""Imports over HTTP: a file is sent in and checked, looked at, and written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, File, Form, Header, Query, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartParser

from infra.access import Access, Grant, NotFound
from infra.http import (
    Limits,
    WebApplication,
    answer,
    bearer,
    command_key,
    decoded,
    entity_tag,
    gives,
    promised,
    takes,
)
from infra.metrics import Requests
from services.imports.desk import Desk, Wish
from services.imports.template import write_template
from services.imports.uploads import Pointed, Taken, Upload, in_memory, told
from services.installation import Installation
from services.wording import law, refusal_words

# What is larger than this the edge refuses: nothing that is sent in ever touches a disk in clear.
MultiPartParser.spool_max_size = Limits().upload_bytes
_NAME_CHARACTERS = 200
_PATIENCE_SECONDS = 10.0
_CSV = "text/csv"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Import(msgspec.Struct, rename={"id": "import"}):
    """A file that was sent in, and how far it came."""

    id: UUID
    name: str
    state: str
    kind: str | None
    correct: bool
    reason: str | None
    document: str | None
    uploaded: datetime
    expires: datetime
    accept_good: bool
    version: int
    done: int
    total: int
    tables: list[Taken]
    positions: dict[str, int]


class Imports(msgspec.Struct):
    """The files that are kept, the newest first."""

    imports: list[Import]


class FileKind(msgspec.Struct):
    """A kind of file that may be sent in."""

    kind: str
    title: str
    columns: list[Pointed]


class Kinds(msgspec.Struct):
    """The kinds of files that a grant takes in, in the order in which files go."""

    kinds: list[FileKind]


class Commit(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the good rows are written though others are not good."""

    accept_good: bool = False


_COMMIT = msgspec.json.Decoder(Commit)


def api(ketnap: Installation, access: Access, *, requests: Requests | None = None) -> FastAPI:
    """Return the application of imports."""
    desk = Desk(ketnap, access)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(desk.close)

    app = WebApplication(
        refusal_words,
        law=law,
        requests=requests,
        title="ketnap imports",
        version="1",
        lifespan=lifespan,
    )
    app.state.desk = desk
    asking = Depends(bearer(access.tokens))
    _reads(app, desk, asking)
    _kinds(app, desk, asking)
    _acts(app, desk, asking)
    return promised(app, [Import, Imports, Kinds, Commit])


def _reads(app: FastAPI, desk: Desk, asking: Any) -> None:  # noqa: ANN401 - a dependency
    @app.get("/imports", responses=gives({200: Imports}))
    def imports(asked: tuple[Grant, date] = asking) -> Response:
        """Return the files that are kept."""
        return answer({"imports": [_told(desk, each) for each in desk.all(*asked)]})

    @app.get("/imports/{upload}", responses=gives({200: Import}))
    async def found(
        upload: UUID,
        asked: tuple[Grant, date] = asking,
        wait: Annotated[float, Query(ge=0, le=_PATIENCE_SECONDS)] = 0,
    ) -> Response:
        """Return a file; with `wait`, when it is checked or written, or those seconds are over."""
        known = await run_in_threadpool(desk.find, *asked, upload)
        if wait:
            await desk.settled(upload, wait)
            known = await run_in_threadpool(desk.find, *asked, upload)
        return _answer(desk, known)

    @app.get("/imports/{upload}/errors.csv", responses=_file(_CSV))
    def errors(
        upload: UUID,
        asked: tuple[Grant, date] = asking,
        table: Annotated[int, Query(ge=0, le=199)] = 0,
    ) -> Response:
        """Return the rows of a table with what is wrong with each, to be mended and sent again."""
        known = desk.find(*asked, upload)
        content = desk.errors(upload, table)
        name = f"{known.name.rpartition('.')[0] or known.name}.errors.csv"
        return Response(content, media_type=f"{_CSV}; charset=utf-8", headers=_attached(name))


def _kinds(app: FastAPI, desk: Desk, asking: Any) -> None:  # noqa: ANN401 - a dependency
    @app.get("/kinds", responses=gives({200: Kinds}))
    def granted(asked: tuple[Grant, date] = asking) -> Response:
        """Return the kinds of files that may be sent in."""
        return answer(
            {
                "kinds": [
                    FileKind(
                        kind.code,
                        kind.title,
                        [Pointed(column.code, column.name) for column in kind.columns.values()],
                    )
                    for kind in desk.kinds(*asked)
                ]
            }
        )

    @app.get("/templates/{kind}.xlsx", responses=_file(_XLSX))
    def template(kind: str, asked: tuple[Grant, date] = asking) -> Response:
        """Return a workbook to be filled in."""
        wanted = next((each for each in desk.kinds(*asked) if each.code == kind), None)
        if wanted is None:
            raise NotFound
        with in_memory() as path:
            write_template(kind, path)
            content = path.read_bytes()
        return Response(content, media_type=_XLSX, headers=_attached(f"{wanted.title}.xlsx"))


def _acts(app: FastAPI, desk: Desk, asking: Any) -> None:  # noqa: ANN401 - a dependency
    @app.post("/imports", status_code=201, responses=gives({201: Import}))
    async def send(  # noqa: PLR0913, PLR0917 - the fields of the form
        request: Request,
        file: Annotated[UploadFile, File()],
        asked: tuple[Grant, date] = asking,
        kind: Annotated[str | None, Form()] = None,
        correct: Annotated[bool, Form()] = False,  # noqa: FBT002 - a field of a form
        reason: Annotated[str | None, Form(max_length=1000)] = None,
        document: Annotated[str | None, Form(max_length=200)] = None,
        key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,  # noqa: ARG001 - the document names it
    ) -> Response:
        """Take a file to be checked; nothing of it is recorded."""
        known = await run_in_threadpool(
            partial(
                desk.take,
                *asked,
                name=(file.filename or "").rpartition("/")[2][-_NAME_CHARACTERS:] or "-",
                content=await file.read(),
                wish=Wish(kind=kind or None, correct=correct, reason=reason, document=document),
                key=command_key(request, asked[0].account),
            )
        )
        return _answer(desk, known, 201)

    @app.post(
        "/imports/{upload}/commit",
        status_code=202,
        responses=gives({202: Import}, changes=True),
        openapi_extra=takes(Commit),
    )
    async def commit(
        request: Request,
        upload: UUID,
        asked: tuple[Grant, date] = asking,
        version: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> Response:
        """Write a file that was checked; how far that is, `GET` tells."""
        command_key(request, asked[0].account)
        wish = decoded(await request.body() or b"{}", _COMMIT)
        known = await run_in_threadpool(
            partial(desk.commit, *asked, upload, version, accept_good=wish.accept_good)
        )
        return _answer(desk, known, 202)


def _answer(desk: Desk, upload: Upload, status: int = 200) -> Response:
    headers = {"ETag": entity_tag(upload.version), "Location": f"/imports/{upload.id}"}
    return answer(_told(desk, upload), status, headers)


def _told(desk: Desk, upload: Upload) -> dict[str, Any]:
    return told(upload, *desk.progress(upload.id))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    content = {"schema": {"type": "string", "format": "binary"}}
    return {**gives({}), 200: {"description": "OK", "content": {media_type: content}}}
