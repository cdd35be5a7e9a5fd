"""Everything that the store keeps has a bound, and what stands at the bound is still kept."""

from __future__ import annotations

from typing import Any

import pytest

from celerytui.model import OWN_ROOT, Batch, Event, Lineage, QueueDepth, Task, TaskState
from celerytui.store import Store, glance
from celerytui.store import extras as extras_module
from celerytui.store import messages as messages_module
from celerytui.store import queues as queues_module
from celerytui.store import reruns as rules_module
from celerytui.store.changes import ChangeLog
from celerytui.store.eviction import STALE_SLACK, Lane
from celerytui.store.families import MAX_FAMILY, Families
from celerytui.store.interning import SHARED_LENGTH, CommonTexts, InternTable
from celerytui.store.processes import AHEAD_TOLERATED, MAX_FREQ
from celerytui.store.rates import KEPT, MAX_GAPS, Rates, Ring
from celerytui.store.workers import SKEW_TOLERATED
from tests.unit.store_stream import (
    ALPHA,
    BETA,
    T0,
    beat,
    feed,
    held,
    known,
    survey,
    task_event,
    worker_event,
)


def fresh(text: str) -> str:
    """An equal text that is another object."""
    return "".join(list(text))


class TestInterning:
    def test_equal_texts_are_one_object_up_to_the_length(self) -> None:
        intern = InternTable(10, 4)
        text = fresh("abcd")
        assert intern(text) is text
        assert intern(fresh("abcd")) is text
        long = fresh("abcde")
        assert intern(long) is long
        assert intern(fresh("abcde")) is not long

    def test_a_full_table_starts_anew(self) -> None:
        intern = InternTable(3, 10)
        first = [intern(fresh(f"text{n}")) for n in range(3)]
        assert [intern(fresh(f"text{n}")) for n in range(3)] == first
        assert all(intern(fresh(f"text{n}")) is first[n] for n in range(3))
        intern("one more")
        assert intern(fresh("text0")) is not first[0]
        assert len(intern._texts) == 2

    def test_common_texts_are_learned_up_to_a_length_and_a_count(self) -> None:
        common = CommonTexts(limit=2)
        short, long = fresh("x" * SHARED_LENGTH), fresh("x" * (SHARED_LENGTH + 1))
        common.learn(short, None, long)
        assert common(fresh(short)) is short
        assert common(fresh(long)) is not long
        assert len(common._texts) == 1
        common.learn("b")
        common.learn("b")
        assert common(fresh(short)) is short
        common.learn("c")
        assert list(common._texts) == ["c"]
        other = fresh(short)
        assert common(other) is other

    @pytest.mark.parametrize("length", [1, SHARED_LENGTH, SHARED_LENGTH + 1])
    @pytest.mark.parametrize("sent", [False, True])
    def test_tasks_share_short_texts_alone(self, length: int, sent: bool) -> None:
        store = Store()
        for id in "abc":
            texts = {name: fresh("y" * length) for name in ("args", "kwargs")}
            first = [task_event("sent", 0, id, **texts)] if sent else []
            begun = task_event("received", 1, id, **({} if sent else texts))
            done = task_event("succeeded", 3, id, result=fresh("y" * length), runtime=1.0)
            feed(store, *first, begun, task_event("started", 2, id), done)
        b, c = held(store, "b"), held(store, "c")
        assert (b.args, b.kwargs, b.result) == ("y" * length,) * 3
        if length > 1:  # Python itself has one object for each single character
            shared = length <= SHARED_LENGTH
            assert (b.args is c.args) is (b.result is c.result) is (b.kwargs is c.args) is shared


class TestFamilies:
    def family(self, size: int) -> Families:
        families = Families()
        for number in range(size):
            families.join(member(f"m{number}", "root"))
        return families

    def test_a_family_has_so_many_members(self) -> None:
        root = member("root", "root")
        assert len(self.family(MAX_FAMILY - 1).ids(root)) == MAX_FAMILY - 1
        assert len(self.family(MAX_FAMILY).ids(root)) == MAX_FAMILY
        assert self.family(MAX_FAMILY + 50)._members == self.family(MAX_FAMILY)._members
        assert len(self.family(MAX_FAMILY).ids(member("other", "root"))) == MAX_FAMILY

    def test_nobody_is_in_it_twice_and_the_last_to_leave_ends_it(self) -> None:
        families = self.family(2)
        families.join(member("m0", "root"))
        assert families.ids(member("root", "root")) == ["m0", "m1"]
        assert families.ids(member("m1", "root")) == ["root", "m0"]
        for number in (0, 1, 1):
            families.leave(member(f"m{number}", "root"))
        assert families._members == {}

    def test_who_is_its_own_root_costs_nothing(self) -> None:
        families = Families()
        families.join(member("a", "a"))
        families.join(Task("b", 1))
        families.leave(member("a", "a"))
        assert families._members == {}
        assert families.ids(Task("b", 1)) == ["b"][:0]

    def test_a_parent_is_near_though_not_of_the_root(self) -> None:
        child = member("kid", "root", "mum")
        assert Families().ids(child) == ["root", "mum"]


def member(id: str, root: str, parent: str | None = None) -> Task:
    return Task(id, 1, lineage=OWN_ROOT if id == root else Lineage(root, parent))


class TestNames:
    def test_queues_and_tasks_that_were_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(messages_module, "MAX_QUEUES", 3)
        monkeypatch.setattr(messages_module, "MAX_NAMES", 4)
        store = Store()
        for number in range(6):
            feed(store, task_event("sent", 0, f"t{number}", name=f"n{number}", queue=f"q{number}"))
        assert store.queue_names() == {"q0", "q1", "q2"}
        assert store.task_names() == ["n0", "n1", "n2", "n3"]
        assert (held(store, "t5").name, held(store, "t5").queue) == ("n5", "q5")

    def test_queues_that_were_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queues_module, "MAX_QUEUES", 3)
        store = Store()
        store.record_queues([QueueDepth(f"q{n}", ready=n) for n in range(5)], T0)
        store.record_queues([QueueDepth("q2", ready=9), QueueDepth("q4", ready=9)], T0 + 5)
        assert [(queue.name, queue.ready) for queue in store.queues()] == [
            ("q0", 0),
            ("q1", 1),
            ("q2", 9),
        ]

    def test_routes_that_tasks_share(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(extras_module, "MAX_SHARED", 2)
        shared = extras_module.SharedExtras()
        one, two = shared.get("c", "e", "1", None, None), shared.get("c", "e", "2", None, None)
        assert shared.get("c", "e", "1", None, None) is one
        assert shared.get("c", "e", "2", None, None) is two
        assert shared.get("c", "e", "3", None, None).routing_key == "3"
        assert shared.get("c", "e", "1", None, None) is not one
        assert len(shared._known) == 2


class TestHistory:
    def test_so_many_attempts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rules_module, "MAX_ATTEMPTS", 3)
        store = feed(Store(), *(task_event("retried", at, exception=str(at)) for at in range(5)))
        assert [attempt.at - T0 for attempt in held(store).more.attempts] == [2, 3, 4]

    def test_so_many_gaps(self) -> None:
        rates = Rates()
        for number in range(MAX_GAPS + 5):
            rates.mark_gap(number, number + 0.5)
        assert (len(rates.gaps), rates.gap_count) == (MAX_GAPS, MAX_GAPS + 5)
        assert rates.gaps[0] == (5, 5.5)

    def test_an_open_gap_is_one_with_its_end(self) -> None:
        rates = Rates()
        rates.mark_gap(5, None)
        rates.mark_gap(7, None)
        rates.mark_gap(9, 12)
        assert (list(rates.gaps), rates.gap_count) == ([(5, 12)], 1)

    def test_a_ring_holds_its_seconds_and_no_more(self) -> None:
        ring = Ring()
        for second in range(1, KEPT + 1):
            ring.add(second, second)
        assert [ring.at(second) for second in (0, 1, 2, KEPT, KEPT + 1)] == [0, 1, 2, KEPT, 0]
        ring.add(KEPT + 1, 5)
        assert [ring.at(second) for second in (1, 2, KEPT + 1)] == [0, 2, 5]
        ring.add(2, 3)
        assert ring.at(2) == 5
        ring.add(3 * KEPT, 1)
        assert [ring.at(second) for second in (KEPT + 1, 2 * KEPT + 1, 3 * KEPT)] == [0, 0, 1]

    def test_changes_are_known_as_far_as_the_log_goes(self) -> None:
        log = ChangeLog(3)
        for id in "abcd":
            log.note(id)
            log.commit()
        assert log.revision == 4
        assert log.since(1) == ["b", "c", "d"]
        assert log.since(0) is None
        assert (log.since(4), log.since(5)) == ([], None)

    def test_as_many_changes_as_were_asked_for(self) -> None:
        store = feed(Store(), *(task_event("received", 0, id) for id in "abc"))
        assert store.live.changed_since(0, 3) == ["a", "b", "c"]
        assert store.live.changed_since(0, 2) is None

    def test_a_lane_forgets_stale_entries(self) -> None:
        lane = Lane()
        tasks = [Task(f"t{n}", n) for n in range(STALE_SLACK + 1)]
        for task in tasks:
            lane.add(task)
        for task in tasks[:-1]:
            lane.leave(task)
        assert (len(lane), len(lane._line)) == (1, STALE_SLACK + 1)
        lane.leave(tasks[-1])
        assert (len(lane), len(lane._line), lane.pop()) == (0, 0, None)

    def test_as_many_tasks_of_a_worker_as_anybody_looks_through(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(glance, "HELD", 3)
        store = feed(Store(), *(task_event("received", 0, id) for id in "abcde"))
        assert len(store.tasks_of(ALPHA)) == 3


class TestWorkers:
    def test_a_client_is_no_worker_and_makes_no_room(self) -> None:
        store = Store(max_workers=2)
        feed(store, beat(0), beat(0, BETA), task_event("sent", 1, "x", "gen5@web"))
        assert [worker.hostname for worker in store.workers()] == [ALPHA, BETA]

    def test_so_many_workers_and_those_gone_longest_make_room(self) -> None:
        store = feed(Store(max_workers=3), beat(0, "a@h"), beat(1, "b@h"), beat(2, "c@h"))
        feed(store, worker_event("offline", 3, "b@h"))
        feed(store, beat(4, "d@h"))
        assert [worker.hostname for worker in store.workers()] == ["a@h", "c@h", "d@h"]
        feed(store, beat(5, "a@h"), beat(6, "e@h"))
        assert [worker.hostname for worker in store.workers()] == ["a@h", "d@h", "e@h"]

    @pytest.mark.parametrize(
        ("freq", "taken"), [(0.0, 2.0), (0.1, 0.1), (MAX_FREQ, MAX_FREQ), (MAX_FREQ + 1, 2.0)]
    )
    def test_how_often_a_heart_can_beat(self, freq: float, taken: float) -> None:
        assert known(feed(Store(), beat(0, freq=freq))).freq == taken

    @pytest.mark.parametrize(("skew", "synced"), [(SKEW_TOLERATED, True), (2.25, False)])
    def test_clocks_are_compared_up_to_a_skew(self, skew: float, synced: bool) -> None:
        store = Store()
        store.apply(Batch([beat(0)], T0))
        store.apply(Batch([beat(skew, BETA)], T0))
        assert known(store, BETA).clock_skew == skew
        assert store._workers.synced(ALPHA, BETA, None, "who@h") is synced

    @pytest.mark.parametrize(("ahead", "late"), [(60.0, 59.0), (1e6, AHEAD_TOLERATED)])
    def test_a_stamp_ahead_makes_earlier_ones_old_for_a_minute(
        self, ahead: float, late: float
    ) -> None:
        store = Store()
        store.apply(Batch([beat(ahead)], T0))
        store.apply(Batch([worker_event("offline", late - 1)], T0))
        assert known(store).offline_since is None
        store.apply(Batch([worker_event("offline", late + 1)], T0 + 5))
        assert known(store).offline_since == T0 + 5

    @pytest.mark.parametrize(
        ("processed", "told"),
        [
            ((0, 1, 2), False),  # two tasks over two heartbeats, and not a word
            ((0, 0, 1), None),
            ((0, 2), None),
            ((5, 6, 3, 4), None),  # the count began anew
        ],
    )
    def test_silence_about_tasks_is_told_by_two_heartbeats(
        self, processed: tuple[int, ...], told: bool | None
    ) -> None:
        beats = [beat(2 * turn, processed=count) for turn, count in enumerate(processed)]
        assert known(feed(Store(), *beats)).task_events is told


class TestAfterAGap:
    def gap(self, *tasks: Event) -> Store:
        store = feed(Store(), beat(0), *tasks)
        store.mark_gap(T0 + 10, T0 + 20)
        return store

    def answer(self, at: float, *waiting: str) -> Any:
        listed = [{"id": id} for id in waiting]
        return survey(at, active={ALPHA: []}, reserved={ALPHA: listed}, scheduled={ALPHA: []})

    def states(self, store: Store) -> dict[str, str]:
        return {task.id: task.state.label for task in store.all_tasks()}

    def test_a_waiting_task_that_is_not_listed_is_missed(self) -> None:
        store = self.gap(task_event("received", 1, "gone"), task_event("received", 1, "there"))
        store.seed(self.answer(25, "there"))
        assert self.states(store) == {"gone": "missed", "there": "received"}
        assert held(store, "gone").more.lost_from is TaskState.RECEIVED

    def test_and_only_once(self) -> None:
        store = self.gap(task_event("received", 1, "there"))
        store.seed(self.answer(25, "there"))
        store.seed(self.answer(60))  # from here on it may be held back for a rate limit
        assert self.states(store) == {"there": "received"}
        store.mark_gap(T0 + 70, T0 + 71)
        store.seed(self.answer(80))
        assert self.states(store) == {"there": "missed"}

    @pytest.mark.parametrize(("at", "state"), [(19.9, "received"), (20.0, "missed")])
    def test_an_answer_from_before_its_end_settles_nothing(self, at: float, state: str) -> None:
        store = self.gap(task_event("received", 1, "gone"))
        store.seed(self.answer(at))
        assert self.states(store) == {"gone": state}

    @pytest.mark.parametrize(("news", "state"), [(20.0, "missed"), (20.1, "received")])
    def test_news_of_the_last_seconds_keeps_it(self, news: float, state: str) -> None:
        store = self.gap(task_event("received", news, "a"))
        store.seed(self.answer(25))
        assert self.states(store) == {"a": state}

    def test_a_gap_that_is_still_open_settles_nothing_by_itself(self) -> None:
        store = feed(Store(), beat(0), task_event("received", 1, "a"))
        store.mark_gap(T0 + 10, None)
        store.seed(self.answer(25))
        assert self.states(store) == {"a": "received"}

    def test_silence_counts_from_its_end(self) -> None:
        store = self.gap(task_event("received", 1, "a"))
        store.sweep(T0 + 35)
        assert known(store).status == "late"
        store.sweep(T0 + 35.5)
        assert known(store).status == "lost"


class TestAnswers:
    @pytest.mark.parametrize(("size", "cut"), [(1024, False), (1025, True)])
    def test_a_repr_is_cut_as_celery_cuts_it(self, size: int, cut: bool) -> None:
        store = Store()
        store.seed(survey(0, active={ALPHA: [{"id": "a", "kwargs": "k" * size}]}))
        kwargs = held(store).kwargs or ""
        assert kwargs == ("k" * 1021 + "..." if cut else "k" * size)

    @pytest.mark.parametrize(("ago", "taken"), [(366 * 86400, True), (366 * 86400 + 1, False)])
    def test_no_task_runs_for_more_than_a_year(self, ago: float, taken: bool) -> None:
        store = Store()
        store.seed(survey(0, active={ALPHA: [{"id": "a", "time_start": T0 - ago}]}))
        assert held(store).started == (T0 - ago if taken else T0)

    @pytest.mark.parametrize(("lag_at", "lag"), [(5.0, 3.0), (5.1, None)])
    def test_the_lag_says_something_for_seconds(self, lag_at: float, lag: float | None) -> None:
        store = Store()
        store.apply(Batch([beat(0)], T0, lag=3.0))
        assert store.summary(T0 + lag_at).lag == lag


class TestEqualTimes:
    """What bears the same time as the last news of its task comes after it."""

    @pytest.mark.parametrize(
        ("kind", "label"),
        [("retried", "retry"), ("cancelled", "cancelled"), ("rejected", "rejected")],
    )
    def test_the_end_of_a_try_that_took_no_time(self, kind: str, label: str) -> None:
        store = feed(Store(), task_event("received", 5), task_event("started", 5))
        feed(store, task_event(kind, 4.5))
        assert held(store).state is TaskState.STARTED
        feed(store, task_event(kind, 5))
        assert held(store).state.label == label

    def test_a_new_delivery_at_the_moment_of_the_retry(self) -> None:
        store = feed(Store(), task_event("received", 5), task_event("retried", 5))
        feed(store, task_event("received", 5, retries=1))
        assert held(store).state is TaskState.RECEIVED

    def test_a_start_that_is_told_twice(self) -> None:
        store = feed(Store(), task_event("received", 5), task_event("started", 5, host=BETA))
        feed(store, task_event("started", 5))
        assert held(store).worker == ALPHA


@pytest.mark.parametrize("kind", ["received", "started"])
def test_a_lost_task_comes_back_to_where_it_was(kind: str) -> None:
    store = feed(Store(), beat(0), task_event(kind, 1))
    store.sweep(T0 + 100)
    assert held(store).state is TaskState.LOST
    feed(store, task_event("progress", 101))
    assert held(store).state.label == kind
    assert [task.id for task in store.tasks_of(ALPHA)] == ["a"]
