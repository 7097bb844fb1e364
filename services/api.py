"""What every service's application over HTTP is made of."""

from __future__ import annotations

from collections.abc import Mapping

from events.refusal import Refusal
from infra.http import WebApplication
from infra.metrics import Requests
from services.wording import law, refusal_words


def of_service(
    name: str, statuses: Mapping[type[Refusal], int], requests: Requests | None
) -> WebApplication:
    """Return the application of a service, without addresses."""
    return WebApplication(
        refusal_words,
        statuses=statuses,
        law=law,
        requests=requests,
        title=f"ketnap: {name}",
        version="1",
        docs_url=None,
        redoc_url=None,
    )
