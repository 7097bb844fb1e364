"""The role of the pages in a process of its own: `python -m services.portal api`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from infra import roles
from infra.roles import API, Process, Role
from infra.settings import ADDRESSED
from services.portal import portal
from services.portal.remote import Remote


def api(here: Process) -> Role:
    """Serve the pages."""
    remote = Remote({name: here.said.url(name) for name in ADDRESSED})
    pages = portal(here.access, remote)
    opened = pages.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(app):
            yield
        await remote.close()

    pages.router.lifespan_context = lifespan
    return Role(app=pages)


if __name__ == "__main__":
    roles.main("portal", {API: api})
