"""The trend of a queue: it follows the last readings, through bursts, turns and noise."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from copy import copy
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.health.queues import GROWING
from celerytui.model import Queue, QueueDepth
from celerytui.store.pace import FLOOR
from celerytui.store.queues import QueueHistory
from celerytui.store.trend import Trend
from tests.unit.judged import judged
from tests.unit.store_stream import T0

pytestmark = pytest.mark.slow

EVERY = 2.0
A_FEW = 6
"""Readings after which a turn shows: twelve seconds."""

Depths = Sequence[float]


def trace(depths: Iterable[float], every: float = EVERY) -> list[Queue]:
    """The queue after each reading of a series."""
    history = QueueHistory("mail")
    seen = []
    for number, depth in enumerate(depths):
        history.take(QueueDepth("mail", ready=round(depth)), T0 + number * every)
        seen.append(copy(history.queue))
    return seen


def line(start: float, rate: float, readings: int, every: float = EVERY) -> list[float]:
    """Depths of a queue that moves by `rate` a second, never below none."""
    return [max(0.0, start + rate * every * number) for number in range(readings)]


def said(queue: Queue) -> str:
    """What the cell says: that it is `never` empty, `drains`, or neither."""
    if queue.empty_in is not None:
        return "drains"
    return "never" if queue.growth and queue.growth > 0 else ""


@given(
    st.floats(2.0, 5000.0),
    st.sampled_from((0.5, 1.0, 2.0, 5.0, 10.0)),
    st.sampled_from((1, -1)),
)
def test_a_constant_pace_is_the_growth(rate: float, every: float, way: int) -> None:
    readings = max(8, round(16.0 / every))
    start = 0.0 if way > 0 else rate * every * (readings + 5)
    queue = trace(line(start, way * rate, readings, every), every)[-1]
    # Depths are whole messages.
    assert queue.growth == pytest.approx(way * rate, rel=0.02, abs=0.2)
    assert GROWING.on(judged(queue)) == (way > 0)
    if way < 0:
        assert queue.empty_in == pytest.approx((queue.ready or 0) / rate, rel=0.12)


@given(st.floats(0.06, 2.0), st.sampled_from((1, -1)))
def test_a_slow_queue_shows_within_minutes(rate: float, way: int) -> None:
    readings = round(330 / EVERY)
    start = 5.0 if way > 0 else rate * 330 + 20
    queue = trace(line(start, way * rate, readings))[-1]
    assert queue.growth == pytest.approx(way * rate, abs=0.05)


@given(st.floats(3.0, 500.0), st.floats(3.0, 500.0), st.integers(10, 200))
def test_a_burst_into_a_draining_queue_never_reads_as_growth(
    rate: float, seconds: float, before: int
) -> None:
    burst = 40 * rate + seconds
    start = rate * EVERY * before + 50 * rate
    depths = line(start, -rate, before)
    depths += line(depths[-1] + burst, -rate, 20)
    seen = trace(depths)[8:]
    assert {said(queue) for queue in seen} == {"drains"}
    assert not any(GROWING.on(judged(queue)) for queue in seen[-20::4])


@given(st.floats(3.0, 500.0), st.integers(10, 60), st.integers(1, 3))
def test_a_step_and_then_a_drain_reads_as_draining_within_a_few_readings(
    rate: float, before: int, readings: int
) -> None:
    stands = [100.0] * before
    # The burst takes up to three readings to arrive.
    arrives = [100 + 40 * rate * (part + 1) / readings for part in range(readings)]
    drains = line(arrives[-1], -rate, 15)
    seen = trace([*stands, *arrives, *drains[1:]])
    after = [said(queue) for queue in seen[before + readings :]]
    assert set(after[A_FEW:]) == {"drains"}
    assert after.count("never") <= A_FEW


@given(st.floats(3.0, 500.0), st.floats(3.0, 500.0), st.integers(10, 180))
def test_a_turn_shows_within_a_few_readings(up: float, down: float, before: int) -> None:
    depths = line(20, up, before)
    top = max(depths[-1], down * EVERY * 16)
    depths = [depth + top - depths[-1] for depth in depths]
    seen = trace([*depths, *line(top, -down, 12)[1:]])
    assert said(seen[before - 1]) == "never"
    assert {said(queue) for queue in seen[before + A_FEW :]} == {"drains"}


@given(st.lists(st.integers(0, FLOOR - 1), min_size=10, max_size=200))
def test_a_queue_of_a_few_messages_is_neither_growing_nor_draining(depths: list[int]) -> None:
    assert {said(queue) for queue in trace(depths)} == {""}


def flips(words: Iterable[str]) -> int:
    """How often it turns between `never` and draining."""
    return len([word for word, _ in groupby(word for word in words if word)]) - 1


def random_walk(come: float, go: float, start: int, seed: int) -> list[float]:
    """Ten minutes of a queue that so many come to a second and so many could go from."""
    chance = random.Random(seed)
    depth, depths = float(start), []
    for _ in range(300):
        for _ in range(20):
            arrived, left = chance.random() < come / 10, chance.random() < go / 10
            depth = max(0.0, depth + arrived - left)
        depths.append(depth)
    return depths


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("come", "go"), [(0.4, 0.5), (3.0, 5.0), (4.0, 5.0), (4.75, 5.0)])
def test_a_queue_that_is_kept_up_with_hardly_ever_flips(come: float, go: float, seed: int) -> None:
    assert flips(said(queue) for queue in trace(random_walk(come, go, 0, seed))) <= 4


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=100), st.floats(0.1, 70.0))
def test_the_growth_lies_between_the_steepest(depths: list[int], every: float) -> None:
    trend = Trend()
    for number, depth in enumerate(depths):
        trend.add(number * every, depth)
    if trend.growth is not None:
        steepest = max(depths) / min(every, 1.8)
        assert -steepest <= trend.growth <= steepest


def test_there_is_no_trend_of_too_little_or_across_a_long_silence() -> None:
    seen = trace(line(100, 10, 6))
    assert [queue.growth is None for queue in seen] == [True] * 5 + [False]
    trend = Trend()
    for at in range(0, 40, 2):
        trend.add(float(at), 100 + at)
    assert trend.growth == pytest.approx(1.0)
    trend.add(200.0, 100)
    assert trend.growth is None


def test_a_clock_that_is_set_back_begins_anew() -> None:
    trend = Trend()
    for at in (*range(1000, 1040, 2), *range(0, 40, 2)):
        trend.add(float(at), 1000 + at * 7)
    assert trend.growth == pytest.approx(7.0)
