"""A pool that grew or shrank unasked is noticed, and its worker asked, seldom."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from celerytui.engine.pool_sizes import LONGEST_PAUSE, PAUSE, SCALED_SECONDS, PoolSizes
from celerytui.model import Worker
from tests.unit.test_survey_policy import At

STATS = ("stats",)


def pool(size: int, **more: Any) -> dict[str, Any]:
    return {"pool": {"max-concurrency": size}, **more}


def begun(**pools: dict[str, Any]) -> At:
    at = At(*pools, enable=False)
    at.control.pools = dict(pools)
    at.policy.start_over()
    at.asked()
    return at


def concurrency(at: At, hostname: str) -> int | None:
    worker = at.store.worker(hostname)
    return None if worker is None else worker.concurrency


def test_a_worker_that_runs_more_than_its_pool_takes_is_asked_for_its_size() -> None:
    at = begun(w1=pool(2), w2=pool(2))
    at.control.pools["w1"] = pool(3)
    at.beat("w1", 1, active=3)
    assert at.wait(5.0) == []  # one heartbeat may have counted one that was just ending
    at.beat("w1", 1, active=3)
    assert at.wait(5.0) == [(("w1",), STATS)]
    assert (concurrency(at, "w1"), concurrency(at, "w2")) == (3, 2)
    at.beat("w1", 1, active=3)
    assert at.wait(500.0) == []


def test_one_heartbeat_in_between_that_agrees_begins_anew() -> None:
    at = begun(w1=pool(2))
    for active in (3, 2, 3, 2, 3):
        at.beat("w1", 1, active=active)
        assert at.wait(2.0) == []


def test_an_answer_that_explains_nothing_has_it_asked_less_and_less() -> None:
    sizes, found = PoolSizes(), []
    worker = Worker("w1", 0.0, 0.0, concurrency=2, active=3, status="online")
    for second in range(5_000):
        worker.last_heartbeat = float(second // 2 * 2)
        found += [second for _ in sizes.due([worker], float(second))]
    pauses = [later - sooner for sooner, later in pairwise(found)]
    assert pauses[:4] == [PAUSE, 2 * PAUSE, 4 * PAUSE, 8 * PAUSE]
    assert max(pauses) == LONGEST_PAUSE
    worker.concurrency, worker.active = 4, 5
    worker.last_heartbeat = 6_000.0
    asked = {}
    for after in (0.0, PAUSE, 2 * PAUSE, 3 * PAUSE):
        worker.last_heartbeat = 6_000.0 + after
        asked[after] = sizes.due([worker], 6_000.0 + after)
    assert list(asked.values()) == [["w1"], ["w1"], [], ["w1"]]


def test_a_worker_that_scales_its_pool_is_asked_once_a_minute() -> None:
    at = begun(w1=pool(3, autoscaler={"max": 8, "min": 3, "current": 3}), w2=pool(2))
    at.control.pools["w1"] = pool(8, autoscaler={"max": 8, "min": 3, "current": 8})
    assert at.wait(SCALED_SECONDS - 1.0) == []
    assert at.wait(5.0) == [(("w1",), STATS)]
    assert concurrency(at, "w1") == 8
    assert at.wait(3 * SCALED_SECONDS) == [(("w1",), STATS)] * 3


def test_one_that_scales_its_pool_is_asked_sooner_where_its_heartbeats_say_so() -> None:
    at = begun(w1=pool(1, autoscaler={"max": 8, "min": 1, "current": 1}))
    for _ in range(2):
        at.beat("w1", 1, active=3)
        asked = at.wait(2.0)
    assert asked == [(("w1",), STATS)]


def test_workers_that_share_a_name_or_are_gone_are_not_asked() -> None:
    sizes = PoolSizes()
    both = Worker("w1", 0.0, 0.0, concurrency=2, active=3, pids=(1, 2), status="online")
    gone = Worker("w2", 0.0, 0.0, concurrency=2, active=3, status="lost")
    unknown = Worker("w3", 0.0, 0.0, active=3, status="online")
    for second in range(10):
        for worker in (both, gone, unknown):
            worker.last_heartbeat = float(second)
        assert sizes.due([both, gone, unknown], float(second)) == []
