"""Queues to which a batch comes every so often: what goes up and down stands, grows or drains."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from celerytui.model import Queue
from celerytui.store.pace import FLOOR
from celerytui.store.swings import TURNS, Swings
from celerytui.store.trend import Trend
from tests.unit.test_store_trend import EVERY, said, trace

SECONDS = 400.0
PERIODS = st.floats(5.0, 90.0)
"""What comes with every second or third reading of the queue looks like a slower swing."""
SELDOM = 0.25
"""The part of the readings that may say what is not so.

Batches that meet the readings at nearly the same places, and one that is larger than all that were
seen, look for a while like a queue that grows or drains; of the periods that there are, in one of
some hundreds.
"""
SHARES = st.floats(0.3, 1.0)
"""The part of the time between two batches in which one is worked off."""


def batches(
    sizes: Sequence[float], period: float, share: float, left: float = 0.0, net: float = 0.0
) -> list[float]:
    """Depths of a queue: each batch is worked off to `left`, which grows by `net` each time."""
    depths, at = [], 0.0
    while at < SECONDS:
        number, phase = divmod(at, period)
        size = sizes[int(number) % len(sizes)]
        depths.append(max(0.0, left + net * number + size * max(0.0, 1 - phase / (period * share))))
        at += EVERY
    return depths


def after(periods: float, seen: list[Queue], period: float) -> list[Queue]:
    """The readings after so many periods, and at least a minute."""
    return seen[int(max(60.0, periods * period + 20) / EVERY) :]


def nearly_in_step(period: float) -> bool:
    """Whether batches meet readings at places that drift by less than a tenth of a second each."""
    return 0 < abs(period / EVERY - round(period / EVERY)) * EVERY < 0.1


@given(st.integers(50, 5000), st.integers(20, 2000), PERIODS, SHARES)
def test_what_never_gets_empty_neither_grows_nor_drains(
    size: int, left: int, period: float, share: float
) -> None:
    assume(not nearly_in_step(period))
    seen = after(2.5, trace(batches([size], period, share, left)), period)
    assert sum(said(queue) != "" for queue in seen) <= SELDOM * len(seen)


@given(st.lists(st.integers(300, 600), min_size=3, max_size=9), PERIODS, SHARES)
@example([300, 300, 300, 300, 300, 300, 416], 28.0, 0.75)
def test_batches_of_any_size_are_no_growth(sizes: list[int], period: float, share: float) -> None:
    seen = after(2.5, trace(batches(sizes, period, share, 100)), period)
    assert sum(said(queue) == "never" for queue in seen) <= SELDOM * len(seen)


@given(st.integers(100, 5000), st.floats(20.0, 90.0), st.floats(0.5, 0.9))
def test_what_gets_empty_each_time_drains_until_then(
    size: int, period: float, share: float
) -> None:
    seen = after(2.5, trace(batches([size], period, share)), period)
    assert {said(queue) for queue in seen} <= {"drains", ""}
    pace = size / (period * share)
    told = [queue for queue in seen if said(queue) == "drains"]
    assert told
    for queue in told:
        assert queue.empty_in == pytest.approx((queue.ready or 0) / pace, rel=0.1, abs=EVERY)


@given(st.integers(200, 2000), st.floats(5.0, 25.0), SHARES, st.floats(0.15, 0.9))
def test_what_is_left_of_each_batch_is_growth(
    size: int, period: float, share: float, part: float
) -> None:
    # Where each batch meets the same readings, one of these may see next to nothing of its ending.
    assume(period > 10.0 or min(period % EVERY, -period % EVERY) > 0.1)
    net = size * part
    seen = after(7.0, trace(batches([size], period, share, 50, net)), period)
    growing = [queue for queue in seen if said(queue) == "never"]
    assert len(growing) >= 0.3 * len(seen)
    assert "drains" not in {said(queue) for queue in seen[len(seen) // 2 :]}


@given(st.integers(100, 2000), st.floats(5.0, 30.0), st.floats(3.0, 50.0), st.sampled_from((1, -1)))
def test_a_queue_that_breaks_out_of_its_swings_does_so(
    size: int, period: float, rate: float, way: int
) -> None:
    depths = batches([size], period, 0.8, 5000)
    # A pace at which it leaves its swings within a minute or two.
    pace = max(rate, size / 20)
    depths += [max(0.0, depths[-1] + way * pace * EVERY * step) for step in range(1, 61)]
    words = [said(queue) for queue in trace(depths)]
    ends = depths.index(0.0) if 0.0 in depths else len(depths)
    wanted = "never" if way > 0 else "drains"
    assert wanted in words[ends - 30 : ends]
    if way > 0:
        assert set(words[-10:]) == {wanted}


def test_once_no_batch_comes_any_more_it_stands() -> None:
    words = [said(one) for one in trace([*batches([500], 20, 0.8, 100), *[100.0] * 60])]
    assert set(words[-50:]) == {""}


def test_as_many_turns_are_kept_and_small_moves_are_none() -> None:
    swings, chance = Swings(), random.Random(1)
    for second in range(1000):
        swings.add(float(second), chance.randrange(1000))
    assert len(swings._turns) == TURNS
    swings.clear()
    for second in range(1000):
        swings.add(float(second), 500 + second % FLOOR)
        assert not swings.explain(float(second), 500, 0.0, 0)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200), st.floats(0.1, 70.0))
def test_highs_and_lows_take_turns(depths: list[int], every: float) -> None:
    swings, trend = Swings(), Trend()
    for number, depth in enumerate(depths):
        swings.add(number * every, depth)
        trend.add(number * every, depth)
        turns = [ready for _, ready in swings._turns]
        steps = [later - sooner for sooner, later in pairwise(turns)]
        assert all(a * b < 0 for a, b in pairwise(steps))
