"""The role of imports in a process of its own: `python -m services.imports api`.

It writes into the ledgers by the same commands as everybody, many in one commit.
"""

from __future__ import annotations

from infra import roles
from infra.roles import API, Process, Role
from services.imports.api import api as application
from services.installation import Installation


def api(here: Process) -> Role:
    """Take files in, check them and write them."""
    ketnap = here.keep(Installation(here.kept))
    return Role(
        app=application(ketnap, here.access, requests=here.requests), not_ready=here.not_ready
    )


if __name__ == "__main__":
    roles.main("imports", {API: api})
