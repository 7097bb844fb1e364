from __future__ import annotations

import pytest

from tests.bench.paired import Compared, Measured, interleave, interval


def test_pairs_change_their_order_so_that_neither_is_always_first() -> None:
    order: list[str] = []

    def measured(name: str, seconds: float) -> Measured:
        order.append(name)
        return Measured(seconds, seconds, 100)

    compared = interleave(
        Compared(name="x", ours_is="a", other_is="b", aim=2),
        lambda: measured("a", 1.0),
        lambda: measured("b", 3.0),
        pairs=4,
        progress=lambda _: None,
    )

    assert "".join(order) == "abbaabba"
    assert compared.ratio == pytest.approx(3)
    assert compared.cpu_ratio == pytest.approx(3)
    assert compared.met


def test_an_aim_may_be_an_upper_bound_or_none() -> None:
    one = [Measured(1.0, 1.0, 10)]
    other = [Measured(1.5, 1.5, 10)]

    bounded = Compared(
        name="x", ours_is="a", other_is="b", aim=1.2, aim_is="at most", ours=one, other=other
    )
    free = Compared(name="x", ours_is="a", other_is="b", aim=None, ours=one, other=other)

    assert bounded.met is False
    assert free.met is None
    assert bounded.told()["aim"] == "at most 1.2"


def test_the_interval_holds_the_median_and_is_the_same_each_time() -> None:
    ratios = [1.0, 1.1, 1.2, 1.3, 5.0]

    low, high = interval(ratios)

    assert low <= 1.2 <= high
    assert interval(ratios) == (low, high)
