"""What the policy asks and turns on, at times that a test makes up, of workers that it makes up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from celerytui.control import SURVEY_SECTIONS, TASK_SECTIONS
from celerytui.engine.survey_policy import (
    BROADCAST_PAUSE,
    SETTLE_SECONDS,
    WITHOUT_EVENTS_SECONDS,
    SurveyPolicy,
)
from celerytui.engine.survey_schedule import AGAIN_SECONDS, LOST_PING_SECONDS
from celerytui.errors import BrokerUnavailable
from celerytui.model import Batch, Blockage, Event, Outcome, Reply, Survey
from celerytui.store import PING_SECONDS, Store
from celerytui.store.verdicts import PING_TRIES

EVERYTHING = tuple(SURVEY_SECTIONS)
ON, ALREADY = "task events enabled", "task events already enabled"


class FakeControl:
    """Workers by their pid; `mute` ones answer nothing. `asked` has what came, in order."""

    def __init__(self) -> None:
        self.pids: dict[str, int] = {}
        self.mute: set[str] = set()
        self.says = ON
        self.able = True
        self.reachable = True
        self.asked: list[tuple[Any, ...]] = []
        self.pools: dict[str, dict[str, Any]] = {}

    def survey(
        self,
        workers: Sequence[str] = (),
        *,
        expected: Sequence[str] = (),
        sections: Sequence[str] = EVERYTHING,
    ) -> Survey:
        self.asked.append((tuple(workers) or None, tuple(sections)))
        if not self.reachable:
            raise BrokerUnavailable("refused")
        heard = [one for one in workers or self.pids if one not in self.mute and one in self.pids]
        found: dict[str, dict[str, Any]] = {name: {} for name in EVERYTHING}
        for host in heard:
            for name in sections:
                found[name][host] = self._stats(host) if name == "stats" else []
        missing = sorted({*workers, *expected} - set(heard))
        return Survey(taken_at=time.time(), missing=tuple(missing), **found)

    def _stats(self, host: str) -> dict[str, Any]:
        return {"pid": self.pids[host], **self.pools.get(host, {})}

    def enable_events(self, workers: Sequence[str]) -> Outcome:
        self.asked.append((tuple(workers), "enable_events"))
        replies = tuple(
            Reply(one, None if one in self.mute else self.able, self.says) for one in workers
        )
        return Outcome("worker.enable_events", tuple(workers), replies, 1.0, 2.0)

    def disable_events(self, workers: Sequence[str]) -> Outcome:
        self.asked.append((tuple(workers), "disable_events"))
        replies = tuple(Reply(one, True, "task events disabled") for one in workers)
        return Outcome("worker.disable_events", tuple(workers), replies, 1.0, 2.0)

    def ping(self, workers: Sequence[str]) -> set[str]:
        self.asked.append((tuple(workers), "ping"))
        if not self.reachable:
            raise BrokerUnavailable("refused")
        return set(workers) - self.mute

    def close(self) -> None:
        """Nothing to close."""


class At:
    """A policy at the time `now`, and all that is around it."""

    def __init__(self, *hostnames: str, enable: bool = True) -> None:
        self.now = 1000.0
        self.control = FakeControl()
        self.store = Store()
        self.said: list[Outcome] = []
        self.blockage: Blockage | None = None
        control: Any = self.control
        self.policy = SurveyPolicy(
            control,
            self.store,
            self.said.append,
            lambda: None,
            enable=enable,
            blocked=lambda: self.blockage,
            monotonic=lambda: self.now,
        )
        for number, hostname in enumerate(hostnames, 1):
            self.beat(hostname, number)

    def beat(self, hostname: str, pid: int, active: int = 0) -> None:
        """The worker is there and tells so."""
        self.control.pids[hostname] = pid
        now = time.time()
        event = Event("worker-heartbeat", hostname=hostname, timestamp=now, pid=pid, freq=2.0)
        event.active = active
        self.store.apply(Batch([event], now))

    def asked(self) -> list[tuple[Any, ...]]:
        """What was asked since the last time."""
        found, self.control.asked = self.control.asked, []
        return found

    def wait(self, seconds: float) -> list[tuple[Any, ...]]:
        """What is asked meanwhile, half a second by half a second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.5)
            self.policy.step()
        return self.asked()


def test_the_start_asks_once_turns_events_on_and_settles_once() -> None:
    at = At("w1", "w2")
    at.policy.start_over()
    assert at.asked() == [(None, EVERYTHING), (("w1", "w2"), "enable_events")]
    assert at.wait(SETTLE_SECONDS - 0.5) == []
    assert at.wait(0.5) == [(("w1", "w2"), TASK_SECTIONS)]
    assert at.wait(500.0) == []
    [said] = at.said
    assert (said.action, said.targets) == ("worker.enable_events", ("w1", "w2"))


@pytest.mark.parametrize("interrupt", ["everybody", "these", "start over"])
def test_nothing_that_is_asked_meanwhile_takes_the_place_of_settling(interrupt: str) -> None:
    at = At("w1")
    at.policy.start_over()
    at.wait(3.0)
    if interrupt == "everybody":
        at.policy.ask_everybody()
    elif interrupt == "these":
        at.policy.ask(["w1"])
    else:
        at.policy.start_over()
    assert len(at.asked()) == 1
    assert at.wait(SETTLE_SECONDS) == [(("w1",), TASK_SECTIONS)]


def test_events_that_were_on_need_no_settling_and_no_word() -> None:
    at = At("w1")
    at.control.says = ALREADY
    at.policy.start_over()
    assert at.asked() == [(None, EVERYTHING), (("w1",), "enable_events")]
    assert at.wait(100.0) == []
    assert at.said == []
    worker = at.store.worker("w1")
    assert worker is not None
    assert (worker.task_events, worker.events_enabled_by_us) == (True, False)


def test_a_worker_that_cannot_turn_them_on_is_not_pressed() -> None:
    at = At("w1")
    at.control.able = False
    at.policy.start_over()
    at.asked()
    assert at.wait(100.0) == []


def test_a_silent_worker_is_asked_again_with_growing_pauses() -> None:
    at = At("w1")
    at.control.mute.add("w1")
    at.policy.start_over()
    assert at.asked() == [(None, EVERYTHING)]
    for pause in (*AGAIN_SECONDS, AGAIN_SECONDS[-1]):
        assert at.wait(pause - 0.5) == []
        assert at.wait(0.5) == [(("w1",), EVERYTHING)]
    at.control.mute.clear()
    assert at.wait(AGAIN_SECONDS[-1]) == [(("w1",), EVERYTHING), (("w1",), "enable_events")]


def test_a_restarted_worker_is_asked_at_once_whatever_it_waited_for() -> None:
    at = At("w1")
    at.control.mute.add("w1")
    at.policy.start_over()
    at.wait(200.0)
    at.control.mute.clear()
    at.beat("w1", 77)
    assert at.wait(0.5) == [(("w1",), EVERYTHING), (("w1",), "enable_events")]


def test_two_workers_of_one_name_are_asked_once_each() -> None:
    at = At("w1")
    at.policy.start_over()
    at.asked()
    found = []
    for number in range(200):
        at.beat("w1", 1 + number % 2)
        found += at.wait(1.0)
    assert found.count((("w1",), EVERYTHING)) == 1
    assert found.count((("w1",), "enable_events")) == 1
    assert found.count((("w1",), TASK_SECTIONS)) <= 2
    assert len(found) <= 4


def test_a_new_worker_is_asked_alone() -> None:
    at = At("w1", enable=False)
    at.policy.start_over()
    at.beat("w2", 9)
    at.asked()
    assert at.wait(100.0) == [(("w2",), EVERYTHING)]


def test_a_broker_that_cannot_be_asked_is_tried_with_pauses_too() -> None:
    at = At("w1")
    at.control.reachable = False
    at.policy.start_over()
    errors = [at.policy.error]
    assert at.policy.asking_since is None
    at.asked()
    assert len(at.wait(30.0)) == 3
    at.control.reachable = True
    at.wait(60.0)
    errors.append(at.policy.error)
    assert errors == ["refused", None]
    assert at.policy.survey is not None


def test_what_the_user_turned_off_stays_off() -> None:
    at = At("w1")
    at.policy.start_over()
    at.wait(100.0)
    at.policy.note_events(at.control.disable_events(["w1"]))
    at.asked()
    at.policy.ask(["w1"])
    at.policy.start_over()
    assert at.asked() == [(("w1",), EVERYTHING), (None, EVERYTHING)]
    assert at.wait(100.0) == []


def test_events_that_the_user_turned_on_are_settled_as_well() -> None:
    at = At("w1", enable=False)
    at.policy.start_over()
    at.policy.note_events(at.control.enable_events(["w1"]))
    at.asked()
    assert at.wait(100.0) == [(("w1",), TASK_SECTIONS)]


def test_an_answer_about_an_action_is_taken_and_silence_is_asked_again() -> None:
    at = At("w1", "w2", enable=False)
    at.policy.start_over()
    at.asked()
    stats = {"w1": {"pid": 1, "pool": {"max-concurrency": 7}}}
    at.policy.learn(Survey(time.time(), {}, {}, {}, stats, {}, missing=("w2",)), ["stats"])
    worker = at.store.worker("w1")
    assert worker is not None
    assert worker.concurrency == 7
    assert at.wait(AGAIN_SECONDS[0] - 0.5) == []
    assert at.wait(100.0) == [(("w2",), ("stats",))]


def test_without_events_everybody_is_asked_every_few_seconds() -> None:
    at = At("w1")
    for _ in range(40):
        at.policy.step_without_events()
        at.now += 0.5
    assert at.asked() == [(None, EVERYTHING)] * int(20 / WITHOUT_EVENTS_SECONDS)


def test_at_the_exit_those_are_turned_off_that_were_turned_on_here() -> None:
    at = At("w1", "w2")
    at.policy.start_over()
    at.policy.note_events(at.control.disable_events(["w2"]))
    at.asked()
    control: Any = at.control
    at.policy.restore_events(control, time.monotonic() + 30.0)
    assert at.asked() == [(("w1",), "disable_events")]
    assert at.said[-1].action == "worker.disable_events"
    assert at.said[-1].replies[0].text == "task events disabled"


def test_what_has_no_answer_at_the_exit_is_told_as_that() -> None:
    at = At("w1")
    at.policy.start_over()

    class Slow(FakeControl):
        closed = False

        def disable_events(self, workers: Sequence[str]) -> Outcome:
            while not self.closed:
                time.sleep(0.01)
            return super().disable_events(workers)

        def close(self) -> None:
            self.closed = True

    control: Any = Slow()
    at.policy.restore_events(control, time.monotonic())
    assert at.said[-1].replies == (Reply("w1", None, "no reply"),)


def test_a_worker_without_heartbeats_is_pinged_slowly_and_no_other_is() -> None:
    at = At("w1", enable=False)
    at.control.pids["mute"] = 9
    at.policy.start_over()
    at.asked()
    found = at.wait(PING_SECONDS * 4)
    assert found == [(("mute",), "ping")] * 4
    at.control.reachable = False
    at.wait(PING_SECONDS * 4)
    worker = at.store.worker("mute")
    assert worker is not None
    # That the broker could not be asked says nothing of it.
    assert worker.no_answer is None


def test_a_worker_that_answers_no_ping_is_lost_and_asked_more_seldom() -> None:
    at = At(enable=False)
    at.control.pids["mute"] = 9
    at.policy.start_over()
    at.control.mute.add("mute")
    at.asked()
    found = []
    while (worker := at.store.worker("mute")) is not None and worker.status != "lost":
        found += at.wait(1.0)
        at.store.sweep(time.time())
    assert found == [(("mute",), "ping")] * PING_TRIES
    at.asked()
    at.wait(PING_SECONDS)
    at.asked()
    assert at.wait(LOST_PING_SECONDS * 3) == [(("mute",), "ping")] * 3


ALARM = Blockage("RabbitMQ blocks publishers: memory alarm", silences=True)
FULL = Blockage("Redis is full")


def test_nobody_is_asked_while_the_broker_is_blocked_and_everybody_afterwards() -> None:
    at = At("w1")
    at.policy.start_over()
    at.wait(60)
    at.blockage = ALARM
    at.beat("w2", 2)
    at.policy.ask(["w1"])
    at.policy.ask_everybody()
    assert at.wait(300) == []
    assert (at.policy.error, at.policy.asking_since) == (ALARM.text, None)
    at.blockage = None
    assert at.wait(0.5) == [(None, EVERYTHING), (("w2",), "enable_events")]
    assert at.policy.error is None
    assert at.wait(5) == []


def test_a_blockage_that_comes_and_goes_has_everybody_asked_now_and_then() -> None:
    at = At("w1", enable=False)
    at.policy.start_over()
    at.wait(60)
    asked = []
    for _ in range(30):
        at.blockage = ALARM
        assert at.wait(3) == []
        at.blockage = None
        asked += at.wait(3)
    assert set(asked) == {(None, EVERYTHING)}
    assert len(asked) == 180 / BROADCAST_PAUSE


def test_while_redis_refuses_their_replies_those_wait_who_are_due() -> None:
    at = At("w1", enable=False)
    at.policy.start_over()
    at.asked()
    at.blockage = FULL
    at.beat("w2", 2)
    assert at.wait(30) == []
    assert at.policy.error == FULL.text
    at.blockage = None
    # Nothing was missed: all others were heard meanwhile.
    assert at.wait(5) == [(("w2",), EVERYTHING)]
    assert at.policy.error is None
