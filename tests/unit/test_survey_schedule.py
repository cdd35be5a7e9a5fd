"""Who is asked what, and who is asked again: the schedule alone, at times that a test makes up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, rule

from celerytui.control import SURVEY_SECTIONS, TASK_SECTIONS
from celerytui.engine.survey_schedule import (
    AGAIN_SECONDS,
    ENABLE,
    PIDS_KEPT,
    Question,
    SurveySchedule,
)
from celerytui.model import Worker

pytestmark = pytest.mark.slow

EVERYTHING = tuple(SURVEY_SECTIONS)


def _worker(name: str = "w1", pid: int | None = 1, *, answered: bool = False) -> Worker:
    worker = Worker(name, 0.0, 0.0, pid=pid, status="online")
    worker.inspected = 5.0 if answered else None
    return worker


def _ask(name: str = "w1", sections: Sequence[str] = EVERYTHING) -> list[Question]:
    return [Question((name,), tuple(sections))]


def _answer(schedule: SurveySchedule, worker: Worker, now: float) -> None:
    """It answers all that it is asked at that time."""
    worker.inspected = now
    for question in schedule.due([worker], now):
        schedule.note([worker], question.sections, {worker.hostname}, now, now)


def test_a_new_worker_is_asked_once_and_its_events_are_turned_on_then() -> None:
    schedule, worker = SurveySchedule(enable=True), _worker()
    assert schedule.due([worker], 0.0) == _ask()
    _answer(schedule, worker, 0.0)
    assert schedule.due([worker], 0.0) == _ask(sections=[ENABLE])
    _answer(schedule, worker, 0.0)
    assert schedule.due([worker], 1000.0) == []


def test_events_that_are_on_are_not_turned_on() -> None:
    schedule, worker = SurveySchedule(enable=True), _worker()
    worker.task_events = True
    _answer(schedule, worker, 0.0)
    assert schedule.due([worker], 0.0) == []
    worker.task_events = False
    assert schedule.due([worker], 0.0) == []


def test_events_that_are_left_alone_are_never_turned_on() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    _answer(schedule, worker, 0.0)
    schedule.start_over()
    _answer(schedule, worker, 1.0)
    assert schedule.due([worker], 1000.0) == []


def test_several_are_asked_together() -> None:
    schedule = SurveySchedule(enable=True)
    workers = [_worker("w1"), _worker("w2")]
    assert schedule.due(workers, 0.0) == [Question(("w1", "w2"), EVERYTHING)]


def test_a_restarted_worker_is_asked_at_once() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    _answer(schedule, worker, 0.0)
    assert schedule.due([_worker(pid=2, answered=True)], 1.0) == _ask()


def test_so_is_one_with_the_same_pid_whose_answers_the_store_forgot() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    _answer(schedule, worker, 0.0)
    assert schedule.due([_worker(answered=False)], 1.0) == _ask()


def test_so_is_one_that_was_silent_before() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    for _ in AGAIN_SECONDS:
        schedule.note([worker], EVERYTHING, (), 0.0, 0.0)
    assert schedule.due([worker], 10.0) == []
    assert schedule.due([_worker(pid=2)], 10.0) == _ask()


def test_one_that_was_restarted_while_it_was_asked_does_not_wait() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    assert schedule.due([worker], 0.0) == _ask()
    schedule.note([_worker(pid=2)], EVERYTHING, (), 0.0, 1.0)
    assert schedule.due([_worker(pid=2)], 1.0) == _ask()


def test_a_pid_that_becomes_known_is_no_restart() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker(pid=None)
    schedule.note([worker], EVERYTHING, (), 0.0, 0.0)
    assert schedule.due([_worker(pid=7)], 1.0) == []


def test_a_silent_worker_is_asked_again_less_and_less_often() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    now = 0.0
    for wait in (*AGAIN_SECONDS, AGAIN_SECONDS[-1]):
        assert schedule.due([worker], now) == _ask()
        schedule.note([worker], EVERYTHING, (), now, now)
        assert schedule.due([worker], now + wait - 0.1) == []
        now += wait
    _answer(schedule, worker, now)
    assert schedule.due([worker], now + 1000.0) == []


def test_a_silent_worker_that_only_came_to_be_known_by_then_waits_too() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    schedule.note([worker], EVERYTHING, (), 0.0, 1.0)
    assert schedule.due([worker], 1.0 + AGAIN_SECONDS[0] - 0.1) == []
    assert schedule.due([worker], 1.0 + AGAIN_SECONDS[0]) == _ask()


def test_one_that_answers_once_is_patiently_asked_from_the_beginning_again() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    for _ in AGAIN_SECONDS:
        schedule.note([worker], EVERYTHING, (), 0.0, 0.0)
    worker.inspected = 100.0
    schedule.note([worker], EVERYTHING, {"w1"}, 100.0, 100.0)
    schedule.note([worker], TASK_SECTIONS, (), 200.0, 200.0)
    assert schedule.due([worker], 202.0) == _ask(sections=TASK_SECTIONS)


def test_a_new_connection_asks_everybody_and_leaves_their_events() -> None:
    schedule, worker = SurveySchedule(enable=True), _worker()
    _answer(schedule, worker, 0.0)
    _answer(schedule, worker, 0.0)
    schedule.start_over()
    assert schedule.due([worker], 1.0) == _ask()
    _answer(schedule, worker, 1.0)
    assert schedule.due([worker], 1000.0) == []


def test_events_that_somebody_saw_to_are_left_as_long_as_the_process_lives() -> None:
    schedule, worker = SurveySchedule(enable=True), _worker()
    _answer(schedule, worker, 0.0)
    schedule.leave_events("w1")
    assert schedule.due([worker], 1.0) == []
    worker = _worker(pid=2)
    _answer(schedule, worker, 2.0)
    assert schedule.due([worker], 2.0) == _ask(sections=[ENABLE])


def test_who_is_gone_is_not_asked() -> None:
    worker = _worker()
    for worker.status in ("lost", "offline", "unknown"):
        assert SurveySchedule(enable=True).due([worker], 0.0) == []
    worker.status = "late"
    assert SurveySchedule(enable=True).due([worker], 0.0) == _ask()


def test_it_can_be_asked_once_more_at_a_time() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    _answer(schedule, worker, 0.0)
    schedule.book(["w1"], TASK_SECTIONS, 6.0)
    assert schedule.due([worker], 5.9) == []
    assert schedule.due([worker], 6.0) == _ask(sections=TASK_SECTIONS)
    _answer(schedule, worker, 6.0)
    assert schedule.due([worker], 100.0) == []


def test_no_question_before_takes_the_place_of_one_that_is_booked() -> None:
    schedule, worker = SurveySchedule(enable=False), _worker()
    _answer(schedule, worker, 0.0)
    schedule.book(["w1"], TASK_SECTIONS, 6.0)
    # Asked before it is due, answered after it: that is not what was wanted.
    worker.inspected = 7.0
    schedule.note([worker], EVERYTHING, {"w1"}, 5.0, 7.0)
    schedule.start_over()
    schedule.note([worker], EVERYTHING, {"w1"}, 5.5, 7.0)
    assert schedule.due([worker], 7.0) == _ask(sections=TASK_SECTIONS)


def test_who_left_the_store_is_forgotten() -> None:
    schedule = SurveySchedule(enable=False)
    for number in range(1000):
        _answer(schedule, _worker(f"w{number}"), 0.0)
    assert len(schedule._known) == 1


def _turns(schedule: SurveySchedule, turns: Iterable[tuple[int, int]], *, mute: bool) -> int:
    """How much is asked of workers of one name: before and while they are asked one is heard."""
    questions, heard = 0, None
    for number, (before, after) in enumerate(turns):
        now = number * 0.5
        for _ in range(2):
            # The store forgets what was answered as often as the pid changes.
            for question in schedule.due([_worker(pid=before, answered=before == heard)], now):
                questions += 1
                worker = _worker(pid=after, answered=not mute)
                answered = set() if mute else {"w1"}
                schedule.note([worker], question.sections, answered, now, now)
                heard = None if mute else after
        heard = heard if before == after else None
    return questions


PIDS = strategies.integers(1, PIDS_KEPT)


@given(strategies.lists(strategies.tuples(PIDS, PIDS), min_size=100, max_size=400))
def test_workers_that_share_a_name_are_asked_once_each(turns: list[tuple[int, int]]) -> None:
    # The first that comes back tells that the name is shared: until then it may be a restart.
    assert _turns(SurveySchedule(enable=True), turns, mute=False) <= 3 * 2 * PIDS_KEPT


def test_two_that_take_turns_for_ever_are_asked_once_each() -> None:
    schedule = SurveySchedule(enable=True)
    assert _turns(schedule, [(1, 1), (2, 2)] * 1000, mute=False) == 2 * 2
    assert len(schedule._known["w1"].processes) == 2


def test_silent_workers_that_share_a_name_are_asked_with_pauses() -> None:
    turns = [(1, 2), (2, 1), (1, 1), (2, 2)] * 500
    patient = 1000.0 / AGAIN_SECONDS[-1] + len(AGAIN_SECONDS)
    assert _turns(SurveySchedule(enable=True), turns, mute=True) <= 2 * patient + 2


def test_only_the_last_few_that_had_a_name_are_remembered() -> None:
    schedule = SurveySchedule(enable=True)
    turns = [(pid, pid) for pid in range(1000)]
    _turns(schedule, turns, mute=False)
    assert len(schedule._known["w1"].processes) == PIDS_KEPT


def test_an_old_pid_after_a_goodbye_is_a_new_process() -> None:
    schedule = SurveySchedule(enable=False)
    for pid in (1, 2):
        _answer(schedule, _worker(pid=pid), 0.0)
    gone = _worker(pid=2)
    gone.status = "offline"
    assert schedule.due([gone], 1.0) == []
    assert schedule.due([_worker(pid=1)], 2.0) == _ask()


class Life:
    """A worker as it really is: what it was asked, and what it answered."""

    def __init__(self, name: str) -> None:
        self.worker = _worker(name)
        self.mute = False
        self.owed: list[float] = []
        self.told: dict[str, float] = {}
        self.silent: list[float] = []

    def restart(self, pid: int | None) -> None:
        self.worker.pid = pid
        self.worker.inspected = None
        self.told.clear()
        self.silent.clear()


class Cluster(RuleBasedStateMachine):
    """Workers that come, go, are mute and restart, and a schedule that is to keep up with them."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule = SurveySchedule(enable=True)
        self.lives: dict[str, Life] = {}
        self.now = 0.0
        self.pids = 100

    names = strategies.sampled_from(("w1", "w2", "w3"))

    @rule(name=names)
    def come(self, name: str) -> None:
        self.lives.setdefault(name, Life(name))

    @rule(name=names, mute=strategies.booleans())
    def fall_silent(self, name: str, mute: bool) -> None:
        if name in self.lives:
            self.lives[name].mute = mute

    @rule(name=names, same_pid=strategies.booleans())
    def restart(self, name: str, same_pid: bool) -> None:
        life = self.lives.get(name)
        if life is not None and (not same_pid or life.worker.inspected is not None):
            self.pids += 1
            life.restart(life.worker.pid if same_pid else self.pids)

    @rule(name=names, status=strategies.sampled_from(("online", "late", "lost", "offline")))
    def change(self, name: str, status: str) -> None:
        if name in self.lives:
            self.lives[name].worker.status = status  # type: ignore[assignment]  # one of its literals

    @rule(seconds=strategies.sampled_from((0.5, 2.0, 7.0, 61.0)))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def lose_the_connection(self) -> None:
        self.schedule.start_over()
        for life in self.lives.values():
            life.told = {name: at for name, at in life.told.items() if name == ENABLE}
            life.silent.clear()
        self._put(self.lives, EVERYTHING)

    @rule()
    def ask_everybody(self) -> None:
        self._put(self.lives, EVERYTHING)

    @rule(name=names)
    def book(self, name: str) -> None:
        if name in self.lives:
            self.schedule.book([name], TASK_SECTIONS, self.now + 6.0)
            self.lives[name].owed.append(self.now + 6.0)

    @rule()
    def turn(self) -> None:
        for question in self.schedule.due([one.worker for one in self.lives.values()], self.now):
            for name in question.hostnames:
                life = self.lives[name]
                assert life.worker.status in ("online", "late")
                if life.silent:
                    pause = AGAIN_SECONDS[min(len(life.silent), len(AGAIN_SECONDS)) - 1]
                    assert self.now >= life.silent[-1] + pause
                if ENABLE in question.sections:
                    assert ENABLE not in life.told
                    assert set(EVERYTHING) <= set(life.told)
            self._put(question.hostnames, question.sections)

    def _put(self, names: Iterable[str], sections: Sequence[str]) -> None:
        asked = [self.lives[name] for name in names]
        self.schedule.meet([life.worker for life in asked])
        answered = [life for life in asked if not life.mute and life.worker.status != "offline"]
        for life in asked:
            if life in answered:
                life.worker.inspected = self.now
                life.told |= dict.fromkeys(sections, self.now)
                life.silent.clear()
                if set(TASK_SECTIONS) <= set(sections):
                    life.owed = [at for at in life.owed if at > self.now]
            else:
                life.silent.append(self.now)
        heard = {life.worker.hostname for life in answered}
        self.schedule.note([life.worker for life in asked], sections, heard, self.now, self.now)

    def teardown(self) -> None:
        for life in self.lives.values():
            life.mute, life.worker.status = False, "online"
        for _ in range(3):
            self.now += AGAIN_SECONDS[-1]
            self.turn()
        for life in self.lives.values():
            assert set(life.told) == {*EVERYTHING, ENABLE}
            assert life.owed == []
        assert self.schedule.due([one.worker for one in self.lives.values()], self.now) == []


TestCluster = Cluster.TestCase
TestCluster.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
