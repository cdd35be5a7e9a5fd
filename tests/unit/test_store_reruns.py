"""An id that runs more than once: the newest run is shown, the earlier ones are its attempts.

Here `celery.events.state.State` is no measure: it goes by the precedence of states. The true
histories of runs on several workers are.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec import Struct

from celerytui.model import Attempt, Batch, Event, Message, Task, TaskState
from celerytui.store import Store
from celerytui.store import reruns as reruns_module
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, held, known, task_event

pytestmark = pytest.mark.slow

CLIENT = "gen7@web"
GAMMA = "gamma@host"
STEPS = st.sampled_from([0.003, 0.5, 3.0, 90.0])
ENDS = {
    "succeeded": TaskState.SUCCESS,
    "failed": TaskState.FAILURE,
    "cancelled": TaskState.CANCELLED,
    "rejected": TaskState.REJECTED,
    "retried": TaskState.RETRY,
}


class Truth(Struct):
    """One run as it happened."""

    worker: str
    name: str
    received: float
    sent: float | None = None
    started: float | None = None
    state: TaskState = TaskState.RECEIVED
    ended: float | None = None
    exception: str | None = None
    result: str | None = None

    def as_attempt(self) -> tuple[Any, ...]:
        return (self.worker, self.name, self.received, self.started, self.state, self.exception)


class Histories(RuleBasedStateMachine):
    """Makes a true history of one id and, whenever it likes, holds the store against it.

    The events of each worker, and of the client, come in their order; those of two come as they
    like, and any may come twice.
    """

    @initialize(sends=st.booleans())
    def begin(self, sends: bool) -> None:
        self.sends = sends
        self.now = T0
        self.runs: list[Truth] = []
        self.streams: dict[str, list[Event]] = {}
        self.retries = 0

    def tell(self, kind: str, host: str, **fields: Any) -> float:
        event = task_event(kind, self.now - T0, host=host, **fields)
        self.streams.setdefault(host, []).append(event)
        return event.timestamp

    def run_on(self, worker: str) -> Truth | None:
        """The open run of a worker: it has one of an id at a time."""
        return next((r for r in self.runs if r.worker == worker and r.ended is None), None)

    @rule(worker=st.sampled_from([ALPHA, BETA, GAMMA]), name=st.sampled_from("nm"), after=STEPS)
    def deliver(self, worker: str, name: str, after: float) -> None:
        """It is sent again, or delivered once more though another worker still has it."""
        if self.run_on(worker) is not None:
            return
        self.now += after
        message = {"name": name, "args": "()", "retries": self.retries, "root_id": "a"}
        sent = None
        if self.sends:
            sent = self.tell("sent", CLIENT, queue="q", **message)
            self.now += 0.002
        received = self.tell("received", worker, **message)
        self.runs.append(Truth(worker, name, received, sent))

    @precondition(lambda self: any(run.ended is None for run in getattr(self, "runs", ())))
    @rule(pick=st.data(), kind=st.sampled_from(sorted(ENDS)), after=STEPS)
    def go_on(self, pick: st.DataObject, kind: str, after: float) -> None:
        """A run starts, or ends."""
        run = pick.draw(st.sampled_from([run for run in self.runs if run.ended is None]))
        self.now += after
        if run.started is None:
            run.started, run.state = self.tell("started", run.worker), TaskState.STARTED
            return
        fields: dict[str, Any] = {}
        if kind == "succeeded":
            run.result = fields["result"] = f"{len(self.runs)}"
            fields["runtime"] = self.now - run.started
        elif kind in ("failed", "retried"):
            run.exception = fields["exception"] = f"Boom({self.now - T0})"
        run.ended, run.state = self.tell(kind, run.worker, **fields), ENDS[kind]

    @precondition(lambda self: bool(getattr(self, "runs", ())))
    @rule(data=st.data())
    def compare(self, data: st.DataObject) -> None:
        left = [list(stream) for stream in self.streams.values()]
        arrived: list[Event] = []
        while any(left):
            stream = data.draw(st.sampled_from([stream for stream in left if stream]))
            arrived.append(stream.pop(0))
            if data.draw(st.integers(0, 5)) == 0:
                arrived.append(data.draw(st.sampled_from(arrived)))
        store = Store()
        size = data.draw(st.sampled_from([1, 4, 100]))
        for first in range(0, len(arrived), size):
            store.apply(Batch(arrived[first : first + size], self.now + 100))
        self.check(held(store), store)

    def check(self, task: Task, store: Store) -> None:
        newest = self.runs[-1]
        shown = (task.state, task.worker, task.name, task.received, task.started, task.sent)
        assert shown == (
            *(newest.state, newest.worker, newest.name),
            *(newest.received, newest.started, newest.sent),
        )
        retried = newest.state is TaskState.RETRY
        assert task.finished == (None if retried else newest.ended)
        assert (task.result, task.more.exception) == (newest.result, newest.exception)
        earlier = self.runs if retried else self.runs[:-1]
        assert [
            (one.worker, one.name, one.received, one.started, one.state, one.exception)
            for one in task.more.attempts
        ] == [run.as_attempt() for run in earlier][-reruns_module.MAX_ATTEMPTS :]
        at_hand = [host for host in (ALPHA, BETA, GAMMA) if store.tasks_of(host)]
        active = task.state in (TaskState.RECEIVED, TaskState.STARTED)
        assert at_hand == ([newest.worker] if active else [])


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestHistories = Histories.TestCase


def run(at: float, host: str = ALPHA, end: str = "succeeded", **fields: Any) -> list[Event]:
    """A run from its task-received at `at` to its end two seconds later."""
    return [
        task_event("received", at, host=host, name="proj.add", retries=0),
        task_event("started", at + 1, host=host),
        task_event(end, at + 2, host=host, **fields),
    ]


def states(task: Task) -> list[TaskState]:
    return [attempt.state for attempt in task.more.attempts]


def test_an_id_of_every_day_shows_its_run_of_today() -> None:
    store = feed(Store(), *run(0, result="1", runtime=1.0))
    feed(store, task_event("sent", 86_400, host=CLIENT, name="proj.add", retries=0))
    waiting = held(store)
    assert (waiting.state, waiting.worker, waiting.result) == (TaskState.SENT, None, None)
    assert (waiting.finished, waiting.started) == (None, None)
    feed(store, *run(86_401, BETA, "failed", exception="E()"))
    task = held(store)
    assert (task.state, task.worker, task.more.exception) == (TaskState.FAILURE, BETA, "E()")
    (first,) = task.more.attempts
    assert (first.state, first.worker, first.result) == (TaskState.SUCCESS, ALPHA, "1")
    assert (first.received, first.started, first.at) == (T0, T0 + 1, T0 + 2)


def test_a_failed_task_that_is_sent_again_waits_in_its_queue() -> None:
    store = feed(Store(), task_event("sent", 0, host=CLIENT, queue="a", retries=0))
    feed(store, *run(0.1, end="failed", exception="E()", traceback="tb"))
    feed(store, task_event("sent", 60, host=CLIENT, queue="b", retries=0))
    task = held(store)
    assert (task.state, task.queue, task.more.exception) == (TaskState.SENT, "b", None)
    assert states(task) == [TaskState.FAILURE]
    assert store.summary(T0 + 61).by_state["sent"] == 1


def test_the_end_of_a_run_before_does_not_end_this_one() -> None:
    store = feed(Store(), *run(0), task_event("received", 10), task_event("started", 11))
    feed(store, task_event("succeeded", 2))
    assert (held(store).state, held(store).finished) == (TaskState.STARTED, None)
    assert store.tasks_of(ALPHA)[0].id == "a"


def test_a_first_run_that_ends_after_a_redelivery_is_an_attempt() -> None:
    first = run(0, end="succeeded", result="1", runtime=20.0)
    first[2] = task_event("succeeded", 21, result="1", runtime=20.0)
    store = feed(Store(), *first[:2], task_event("received", 10, host=BETA))
    feed(store, task_event("started", 11, host=BETA), first[2])
    task = held(store)
    assert (task.state, task.worker) == (TaskState.STARTED, BETA)
    assert (states(task), task.more.attempts[0].result) == ([TaskState.SUCCESS], "1")
    assert known(store).succeeded == 1


def test_two_runs_at_once_on_one_worker_are_told_apart_by_their_runtimes() -> None:
    """A Redis visibility timeout: the worker gets a task again that it still runs."""
    store = feed(Store(), task_event("received", 0), task_event("started", 1))
    feed(store, task_event("received", 3600), task_event("started", 3601))
    feed(store, task_event("succeeded", 3701, result="1", runtime=3700.0))
    assert (held(store).state, states(held(store))) == (TaskState.STARTED, [TaskState.SUCCESS])
    feed(store, task_event("succeeded", 7301, result="2", runtime=3700.0))
    assert (held(store).state, held(store).result) == (TaskState.SUCCESS, "2")


def test_a_client_whose_clock_is_ahead_sends_nothing_again() -> None:
    store = feed(Store(), *run(0))
    ahead = task_event("sent", 60, host=CLIENT, retries=0)
    store.apply(Batch([ahead], T0 + 3))
    assert (held(store).state, held(store).sent) == (TaskState.SUCCESS, T0 + 60)


def test_a_task_sent_is_stamped_after_its_message_was_received() -> None:
    """As a client does: it stamps the event once the message is out."""
    store = feed(Store(), task_event("received", 0, retries=0), task_event("started", 0.2))
    feed(store, task_event("sent", 0.3, host=CLIENT, retries=0))
    assert (held(store).state, held(store).sent) == (TaskState.STARTED, T0 + 0.3)


def test_no_more_messages_are_kept_than_attempts() -> None:
    store = Store()
    for number in range(30):
        feed(store, task_event("sent", number, host=CLIENT, retries=0))
    messages = held(store).more.messages
    assert len(messages) == reruns_module.MAX_MESSAGES
    assert messages[-1] == Message(T0 + 29, 0)


# As Celery 5.7 sends it for `self.replace(...)`, with and without task-sent.
REPLACED = [
    task_event("sent", 0.0, host=CLIENT, name="swap", retries=0, root_id="a"),
    task_event("received", 0.02, name="swap", retries=0, root_id="a"),
    task_event("started", 0.12),
    task_event("sent", 0.55, host="gen9@host", name="add", retries=0, root_id="a", parent_id="a"),
    task_event("received", 0.57, name="add", retries=0, root_id="a", parent_id="a"),
    task_event("started", 1.07),
    task_event("succeeded", 1.12, result="3", runtime=0.0002),
]


def test_a_replaced_task_is_sent_again_under_its_new_name() -> None:
    store = feed(Store(), *REPLACED[:4])
    task = held(store)
    assert (task.state, task.name, task.worker) == (TaskState.SENT, "add", None)
    assert (task.parent_id, task.root_id) == (None, "a")
    step = Attempt(T0 + 0.12, None, None, TaskState.STARTED, ALPHA, "swap", 0, T0 + 0.02, T0 + 0.12)
    assert task.more.attempts == (step,)
    feed(store, *REPLACED[4:])
    assert (held(store).state, held(store).more.attempts) == (TaskState.SUCCESS, (step,))


def test_a_replaced_task_is_known_without_task_sent() -> None:
    events = [event for event in REPLACED if event.type != "task-sent"]
    store = feed(Store(), *events[:3])
    assert (held(store).state, held(store).name) == (TaskState.RECEIVED, "add")
    assert [attempt.name for attempt in held(store).more.attempts] == ["swap"]


@pytest.mark.parametrize("late", [False, True])
def test_no_two_tasks_are_each_others_parents(late: bool) -> None:
    """`self.replace(chain(b, c))` in a: b has the parent a, then a is sent again, by b."""
    family: dict[str, Any] = {"root_id": "a", "retries": 0}
    events = [
        task_event("received", 0, "a", name="swap", **family),
        task_event("started", 1, "a"),
        task_event("received", 2, "b", name="b", parent_id="a", **family),
        task_event("received", 3, "a", name="c", parent_id="b", **family),
    ]
    store = feed(Store(), *(events[2:] + events[:2] if late else events))
    a, b = held(store, "a"), held(store, "b")
    assert (a.parent_id, b.parent_id) == (None, "a")
    assert {task.id for task in store.relatives("a")} == {"b"}


def test_a_parent_told_first_by_the_replacement_is_no_child_as_well() -> None:
    c = task_event("received", 3, "a", name="c", root_id="a", parent_id="b")
    store = feed(Store(), c, task_event("received", 2, "b", root_id="a", parent_id="a"))
    assert (held(store, "a").parent_id, held(store, "b").parent_id) == ("b", None)


def test_a_retried_root_has_no_parent() -> None:
    store = feed(Store(), task_event("received", 0, name="n", retries=0, root_id="a"))
    feed(store, task_event("retried", 1, exception="E()"))
    feed(store, task_event("received", 2, name="n", retries=1, root_id="a", parent_id="a"))
    assert (held(store).root_id, held(store).parent_id) == ("a", None)


def test_a_retry_that_is_the_first_to_be_seen_has_no_parent_either() -> None:
    store = feed(Store(), task_event("received", 2, retries=1, root_id="a", parent_id="a"))
    assert (held(store).root_id, held(store).parent_id) == ("a", None)


def test_a_retried_child_keeps_its_parent() -> None:
    store = feed(Store(), task_event("received", 0, retries=0, root_id="r", parent_id="p"))
    feed(store, task_event("retried", 1))
    feed(store, task_event("received", 2, retries=1, root_id="r", parent_id="a"))
    assert (held(store).root_id, held(store).parent_id) == ("r", "p")


def test_an_id_that_another_workflow_uses_goes_over_to_it() -> None:
    store = feed(Store(), task_event("received", 0, root_id="r", parent_id="r"))
    feed(store, task_event("succeeded", 1), task_event("received", 9, root_id="s", parent_id="s"))
    feed(store, task_event("received", 0, "r", root_id="r"))
    assert (held(store).root_id, held(store).parent_id) == ("s", "s")
    assert store.relatives("r") == []


# Recorded from workers of Celery 5.7 that were told to terminate a task: on gevent 26.9 both
# events come in this order, on eventlet 0.41 the other way round.
GEVENT = [
    task_event("received", 0.001, name="slow", retries=0),
    task_event("started", 0.003),
    task_event("revoked", 1.015, terminated=True, signum=15, expired=False),
    task_event("succeeded", 1.035),
]
EVENTLET = [
    task_event("received", 0.012, name="slow", retries=0),
    task_event("started", 0.029),
    task_event("succeeded", 1.014),
    task_event("revoked", 1.022, terminated=True, signum=15, expired=False),
]


@pytest.mark.parametrize("events", [GEVENT, EVENTLET], ids=["gevent", "eventlet"])
def test_a_task_terminated_on_a_pool_of_green_threads_stays_revoked(events: list[Event]) -> None:
    for order in (events, [*events[:2], events[3], events[2]]):
        task = held(feed(Store(), *order))
        assert (task.state, task.more.terminated) == (TaskState.REVOKED, True)
        assert task.more.attempts == ()


def test_a_task_that_outlives_its_signal_has_succeeded() -> None:
    """As on prefork, where the task may handle the signal and return."""
    store = feed(Store(), *GEVENT[:3], task_event("succeeded", 3, result="'done'", runtime=3.0))
    assert (held(store).state, held(store).result) == (TaskState.SUCCESS, "'done'")


def test_clocks_that_cannot_be_compared_go_by_arrival() -> None:
    store = Store()
    store.apply(Batch([beat(-60, BETA)], T0))
    feed(store, *run(0, end="failed", exception="E()"))
    store.apply(Batch(run(-50, BETA), T0 + 10))
    assert (held(store).state, held(store).worker) == (TaskState.SUCCESS, BETA)
    assert states(held(store)) == [TaskState.FAILURE]


def test_what_a_message_says_is_known_though_it_is_heard_after_the_start() -> None:
    sent = task_event("sent", 4, retries=1, expires="2026-12-01T00:00:00")
    task = held(feed(Store(), task_event("started", 7), sent))
    assert (task.state, task.sent, task.retries) == (TaskState.STARTED, T0 + 4, 1)
    assert task.more.expires == datetime(2026, 12, 1, tzinfo=timezone.utc).timestamp()
