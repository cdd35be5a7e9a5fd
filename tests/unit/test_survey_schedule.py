"""Who is asked, and who is asked again."""

from __future__ import annotations

from celerytui.engine.survey_schedule import AGAIN_SECONDS, SurveySchedule
from celerytui.model import Worker


def _worker(name: str = "w1", pid: int | None = 1, *, answered: bool = True) -> Worker:
    worker = Worker(name, 0.0, 0.0, pid=pid, status="online")
    worker.inspected = 5.0 if answered else None
    worker.no_answer = None if answered else 5.0
    return worker


def test_a_new_worker_is_asked_once() -> None:
    asking, worker = SurveySchedule(), _worker()
    assert asking.due([worker], 0.0) == ["w1"]
    asking.note(["w1"], [worker], 0.0)
    assert asking.due([worker], 1000.0) == []


def test_a_restarted_worker_is_asked_again() -> None:
    asking = SurveySchedule()
    asking.note(["w1"], [_worker(pid=1)], 0.0)
    assert asking.due([_worker(pid=2)], 1.0) == ["w1"]


def test_a_silent_worker_is_asked_again_less_and_less_often() -> None:
    asking, worker = SurveySchedule(), _worker(answered=False)
    now = 0.0
    for wait in (*AGAIN_SECONDS, AGAIN_SECONDS[-1]):
        assert asking.due([worker], now) == ["w1"]
        asking.note(["w1"], [worker], now)
        assert asking.due([worker], now + wait - 0.1) == []
        now += wait
    asking.note(["w1"], [_worker()], now)
    assert asking.due([_worker()], now + 1000.0) == []


def test_a_new_connection_asks_everybody() -> None:
    asking = SurveySchedule()
    asking.note(["w1"], [_worker()], 0.0)
    asking.forget()
    assert asking.due([_worker()], 0.0) == ["w1"]


def test_who_is_gone_is_not_asked() -> None:
    worker = _worker()
    worker.status = "lost"
    assert SurveySchedule().due([worker], 0.0) == []


def test_it_can_be_asked_once_more_at_a_time() -> None:
    asking, worker = SurveySchedule(), _worker()
    asking.note(["w1"], [worker], 0.0)
    asking.again(["w1"], 6.0)
    assert asking.due([worker], 5.9) == []
    assert asking.due([worker], 6.0) == ["w1"]
    asking.note(["w1"], [worker], 6.0)
    assert asking.due([worker], 100.0) == []
