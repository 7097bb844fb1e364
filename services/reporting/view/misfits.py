"""What stands behind a finding of the whole answer: it adds up to what the finding tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from services.reporting.view.behind import Behind, PersonLine

if TYPE_CHECKING:
    from services.reporting.view.listing import Listing

SUMS = ("classes.learners", "classes.certified", "members")
"""The figures that one unknown part makes unknown."""


def misfit(listing: Listing, kind: str) -> Iterable[Behind] | None:
    """Return what makes up a finding's difference or, without one, what it actually found.

    None for a finding on the act of a person, which is a line of its own.
    """
    listed = _KINDS.get(kind)
    return listed(listing) if listed else None


def _residual(listing: Listing) -> Iterator[Behind]:
    target, allocated = listing.figures.residual()
    for unit, aim in allocated:
        yield listing.aim(aim, aim.minimum, unit)
    for aim in target.aims if target and allocated else ():
        yield listing.aim(aim, -aim.minimum, listing.figures.unit.number)


def _after_deadline(listing: Listing) -> Iterator[Behind]:
    figures = listing.figures
    for aim in figures.aims.get(figures.unit.number, ()):
        if aim.overlaps(figures.first, figures.last):
            for fact in listing.toward(aim, aim.closes + 1, aim.last):
                yield _of(fact, aim.stream)


def _overlap(listing: Listing) -> Iterator[Behind]:
    figures = listing.figures
    for count in figures.inside():
        for row in figures.knowledge.lines_beside(figures.unit.number, count):
            yield _of(listing.person(PersonLine(*row)), count.stream)


def _early(listing: Listing) -> Iterator[Behind]:
    return (listing.count(count, -count.amount) for count in listing.figures.early())


def _excess(listing: Listing) -> Iterator[Behind]:
    for figure, _, base, _ in listing.figures.excesses(listing.figures.answer()):
        for fact in listing.behind(figure):
            yield _of(fact, figure)
        for fact in listing.behind(base):
            yield _of(fact, base)._replace(n=-(fact.n or 0))


def _unknown(listing: Listing) -> Iterator[Behind]:
    for figure in SUMS:
        for fact in listing.behind(figure):
            if fact.n is None:
                yield _of(fact, figure)._replace(n=-1)


def _unmeasured(listing: Listing) -> Iterator[Behind]:
    figures = listing.figures
    target = figures.measure(figures.unit.number)
    return iter(()) if target and target.minimum else listing.flow("admitted")


def _of(fact: Behind, apart: object) -> Behind:
    """Return a fact that may stand behind several findings, each for itself."""
    return fact._replace(key=(*fact.key, apart))


_KINDS: dict[str, Callable[[Listing], Iterator[Behind]]] = {
    "allocation-residual": _residual,
    "after-deadline": _after_deadline,
    "count-overlap": _overlap,
    "count-not-yet-effective": _early,
    "count-exceeds-base": _excess,
    "unknown-part": _unknown,
    "ratio-without-denominator": _unmeasured,
}
