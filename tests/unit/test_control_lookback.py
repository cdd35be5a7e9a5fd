from __future__ import annotations

from typing import Any

import pytest

from celerytui.control import ACTIONS, action, registered
from celerytui.control.lookback import Seen, finding
from celerytui.model import Item, Outcome, Reply, Section, Task, TaskState, Worker

W = "w1@test"
BEGAN, ENDED, NOW = 100.0, 101.0, 111.0


def outcome(action: str, *targets: str, ok: bool | None = True, **more: Any) -> Outcome:
    return Outcome(action, targets, (Reply(W, ok, "text"),), BEGAN, ENDED, **more)


def judge(
    done: Outcome, tasks: tuple[Task, ...] = (), workers: tuple[Worker, ...] = (), **sections: Any
) -> tuple[bool | None, str] | None:
    told = {name: Section(W, name, NOW, data=data) for name, data in sections.items()}
    seen = Seen(
        NOW,
        {task.id: task for task in tasks},
        {worker.hostname: worker for worker in workers},
        {W: told} if told else {},
    )
    look = action(done.action).look
    assert look is not None
    found = finding(look, done, seen)
    if found is None:
        return None
    assert (found.action, found.started_at, found.at) == (done.action, BEGAN, NOW)
    return found.ok, found.text


def task(state: TaskState, started: float | None = None, **more: Any) -> Task:
    return Task("t1", 1, state=state, name="shop.pay", started=started, **more)


def worker(**more: Any) -> Worker:
    return Worker(W, 1.0, NOW, **more)


def test_looks_belong_to_actions_that_change_something() -> None:
    assert {one.id for one in ACTIONS if one.look} <= {one.id for one in ACTIONS if one.changes}


class TestRevoked:
    done = outcome("task.revoke", "t1")

    def test_one_that_started_all_the_same(self) -> None:
        late = task(TaskState.SUCCESS, started=105.0, worker=W)
        assert judge(self.done, (late,)) == (False, "shop.pay t1 started anyway")
        told = judge(self.done, (late,), (worker(pool="celery.concurrency.thread:TaskPool"),))
        assert told is not None
        assert "threads pool" in told[1]

    def test_one_that_runs_waits_or_is_gone(self) -> None:
        running = judge(self.done, (task(TaskState.STARTED, started=50.0),))
        assert running is not None
        assert running[0] is False
        assert "terminate stops running tasks" in running[1]
        waiting = judge(self.done, (task(TaskState.RECEIVED),))
        assert waiting is not None
        assert waiting[0] is True
        assert judge(self.done, (task(TaskState.REVOKED),)) == (True, "none is running")
        assert judge(self.done) is None


def test_terminated() -> None:
    done = outcome("task.terminate", "t1")
    assert judge(done, (task(TaskState.STARTED, 50.0),)) == (False, "shop.pay t1 is still running")
    assert judge(done, (task(TaskState.REVOKED),)) == (True, "none is running")


def test_sent() -> None:
    done = outcome("task.send", "x", items=(Item("shop.pay", True, "", "t1"),))
    nobody = judge(done)
    assert nobody == (None, "1 of 1 not received by any worker yet")
    assert judge(done, (task(TaskState.SENT),)) == nobody
    assert judge(done, (task(TaskState.STARTED),)) == (True, "shop.pay t1 was received by a worker")
    assert judge(done, (task(TaskState.FAILURE),)) == (False, "shop.pay t1 failed")


class TestShutDown:
    done = outcome("worker.shutdown", W, ok=None, expected={W: 7})

    @pytest.mark.parametrize(
        ("seen", "ok", "told"),
        [
            (None, True, "shut down"),
            ({"status": "offline", "pid": 7}, True, "shut down"),
            ({"pid": 7, "last_heartbeat": NOW - 1, "status": "online"}, False, "still there"),
            ({"pid": 7, "last_heartbeat": NOW - 9, "status": "late"}, True, "shut down"),
            ({"pid": 8, "last_heartbeat": NOW - 1, "status": "online"}, True, "new process"),
        ],
    )
    def test_judged(self, seen: dict[str, Any] | None, ok: bool, told: str) -> None:
        found = judge(self.done, workers=() if seen is None else (worker(**seen),))
        assert found is not None
        assert found[0] is ok
        assert told in found[1]


class TestPools:
    def test_sizes(self) -> None:
        done = outcome("worker.pool_grow", W, expected={W: 3})
        stats = {"pool": {"max-concurrency": 2, "processes": [1, 2, 3]}}
        assert judge(done, stats=stats) == (True, "the pool has its new size")
        stats = {"pool": {"max-concurrency": 3, "processes": [1, 2]}}
        assert judge(done, stats=stats) == (False, f"{W} has 2, not 3")
        assert judge(done, stats={"pool": {"max-concurrency": 3}}) is not None

    def test_a_worker_that_refused_is_not_judged(self) -> None:
        done = outcome("worker.pool_grow", W, ok=False, expected={W: 3})
        assert judge(done, stats={"pool": {"processes": [1]}}) is None

    @pytest.mark.parametrize("junk", [None, [], {"pool": 3}, {"pool": {"processes": "x"}}, "x"])
    def test_junk_is_no_answer_that_counts(self, junk: Any) -> None:
        for name in ("worker.pool_restart", "worker.autoscale", "type.rate_limit"):
            judge(outcome(name, W, params={"rate": "1/s"}), stats=junk, registered=junk)


def test_consumers() -> None:
    added = outcome("worker.add_consumer", W, params={"queue": "mail"})
    gone = outcome("worker.cancel_consumer", W, params={"queue": "mail"})
    here, nothing = [{"name": "mail"}], [{"name": "celery"}]
    assert judge(added, active_queues=here) == (True, "now consuming")
    assert judge(added, active_queues=nothing) == (False, f"{W}: does not consume it")
    assert judge(gone, active_queues=here) == (False, f"{W}: still consumes it")
    assert judge(gone, active_queues=nothing) == (True, "no longer consuming")


@pytest.mark.parametrize(
    ("params", "line", "ok"),
    [
        ({"soft": "3", "hard": "1m"}, "a.b [soft_time_limit=3.0 time_limit=60.0]", True),
        ({"soft": "3", "hard": "1m"}, "a.b [time_limit=60.0]", False),
        ({"soft": "3", "hard": "1m"}, "a.b [soft_time_limit=3.0 time_limit=50.0]", False),
        ({}, "a.b", True),
        ({}, "a.b [time_limit=60.0]", False),
        ({"hard": "0"}, "a.b", True),
    ],
)
def test_time_limits(params: dict[str, str], line: str, ok: bool) -> None:
    found = judge(outcome("type.time_limits", "a.b", params=params), registered=[line])
    assert found is not None
    assert found[0] is ok


def test_registered_lines() -> None:
    assert registered(["a.b [rate_limit=10/m time_limit=3]", "c", "d[0] [x=1]", 3]) == {
        "a.b": {"rate_limit": "10/m", "time_limit": "3"},
        "c": {},
        "d[0]": {"x": "1"},
    }
