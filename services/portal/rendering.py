"""What renders the pages: the templates, and what they may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from services.portal import naming, written
from services.wording.telling import ROUND_FIELDS


@pass_context
def _link(context: Context, path: str, **changes: object) -> str:
    """Return an address that keeps to the moment of the page."""
    address: str = context["page"].link(path, **changes)
    return address


def _part(text: object) -> str:
    return quote(str(text), safe="")


FILTERS: Mapping[str, Any] = {
    "clause": naming.clause,
    "clock": written.clock,
    "said_at": written.said_at,
    "day": written.day,
    "frees": naming.frees,
    "minute": written.minute,
    "number": written.number,
    "part": _part,
    "period": written.period,
}
GLOBALS: Mapping[str, Any] = {
    "asset": written.asset,
    "behind_finding": naming.behind_finding,
    "behind_target": naming.behind_target,
    "category_called": naming.category_called,
    "code_words": written.code_words,
    "document_of": naming.document_of,
    "fact_called": naming.fact_called,
    "has_words": written.has_words,
    "link": _link,
    "measured_by": naming.measured_by,
    "new_key": lambda: uuid4().hex,
    "OPEN": naming.OPEN,
    "particulars": naming.particulars,
    "place": naming.place,
    "positions_text": naming.positions_text,
    "ROUND": ROUND_FIELDS[1:],
    "words": written.words,
}


def environment() -> Environment:
    """Return what renders the pages."""
    made = Environment(
        loader=FileSystemLoader(written.HERE / "templates"),
        autoescape=True,
        auto_reload=False,  # a page asks for a dozen, and none changes while it is served
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(GLOBALS)
    return made
