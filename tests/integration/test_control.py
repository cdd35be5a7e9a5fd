from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from celerytui.control import Control, switches
from celerytui.control.replies import no_answer
from celerytui.errors import BrokerUnavailable, ReadOnly
from celerytui.model import Outcome, Reply
from tests.integration.servers import Process, Server, wait_until
from tests.waiting import patience, reply_seconds, within

MakeApp = Callable[..., Any]
StartWorker = Callable[..., Process]


@pytest.fixture
def control(app: Any) -> Control:
    return Control(app, read_only=False, timeout=reply_seconds())


def active(control: Control, worker: str = "w1@test") -> set[str]:
    """The ids of the tasks that this worker says it runs."""
    return {request["id"] for request in control.survey([worker]).active.get(worker, [])}


def by_worker(replies: tuple[Reply, ...]) -> dict[str, Reply]:
    return {reply.worker: reply for reply in replies}


class TestSurvey:
    def test_tells_what_each_worker_does(
        self, app: Any, control: Control, start_worker: StartWorker
    ) -> None:
        start_worker("w1@test", concurrency=1)
        start_worker("w2@test", queues="other")
        running = app.send_task("proj.sleepy", (600,))
        wait_until(lambda: running.id in active(control), 10, "the task to run")
        waiting = app.send_task("proj.add", (1, 2))
        later = app.send_task("proj.add", (3, 4), countdown=60)

        def all_three() -> bool:
            survey = control.survey()
            return bool(survey.reserved["w1@test"] and survey.scheduled["w1@test"])

        wait_until(all_three, 10, "the tasks to be prefetched")
        # All answer, so nothing is waited for.
        patient = Control(app, read_only=False, timeout=100.0)
        with within(5):
            survey = patient.survey(["w2@test", "w1@test"])
        patient.close()
        assert set(survey.stats) == {"w1@test", "w2@test"} == set(survey.active_queues)
        assert [request["id"] for request in survey.active["w1@test"]] == [running.id]
        assert survey.active["w1@test"][0]["args"] == "(600,)"
        assert waiting.id in [request["id"] for request in survey.reserved["w1@test"]]
        assert [one["request"]["id"] for one in survey.scheduled["w1@test"]] == [later.id]
        assert survey.active["w2@test"] == survey.reserved["w2@test"] == []
        assert [queue["name"] for queue in survey.active_queues["w2@test"]] == ["other"]
        assert survey.stats["w1@test"]["pool"]["max-concurrency"] == 1
        assert "transport_options" not in survey.stats["w1@test"]["broker"]
        assert survey.missing == ()

    def test_a_frozen_worker_costs_one_wait_and_is_missing(
        self, control: Control, start_worker: StartWorker
    ) -> None:
        start_worker("w1@test")
        frozen = start_worker("w2@test")
        frozen.send(signal.SIGSTOP)
        both = ["w1@test", "w2@test"]
        for asked, expected in ((both, []), ([], both)):
            with within(4):  # it puts five questions
                taken = control.survey(asked, expected=expected)
            assert set(taken.stats) == {"w1@test"}
            assert taken.missing == ("w2@test",)
        outcome = control.perform("task.revoke", ["some-id"], {}, both)
        told = by_worker(outcome.replies)
        assert told["w1@test"].ok is True
        assert told["w2@test"] == no_answer("w2@test", control._timeout)
        frozen.send(signal.SIGCONT)

    def test_no_reply_is_lost_below_a_second(self, app: Any, start_worker: StartWorker) -> None:
        start_worker("w1@test")
        hasty = Control(app, read_only=False, timeout=0.4 * patience())
        assert [len(hasty.survey().stats) for _ in range(10)] == [1] * 10


class TestTasks:
    def test_a_revoked_task_never_runs(
        self, app: Any, control: Control, start_worker: StartWorker, tmp_path: Path
    ) -> None:
        # The threads pool takes what is prefetched at once, out of any revoke's reach.
        worker = start_worker("w1@test", pool="prefork", concurrency=1)
        enough = tmp_path / "enough"
        first = app.send_task("proj.until", (str(enough),))
        wait_until(lambda: first.id in active(control), 10, "the first task to run")
        doomed = app.send_task("proj.add", (1, 2))
        outcome = control.perform("task.revoke", [doomed.id], {}, ["w1@test"])
        assert outcome.error is None
        (reply,) = outcome.replies
        assert reply.ok
        assert doomed.id in reply.text
        enough.touch()
        assert app.send_task("proj.add", (3, 4)).get(timeout=60) == 7
        assert f"Discarding revoked task: proj.add[{doomed.id}]" in worker.output()
        assert f"proj.add[{doomed.id}] succeeded" not in worker.output()
        assert doomed.state == "REVOKED"

    @pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
    def test_a_terminated_task_is_gone(
        self, name: str, app: Any, control: Control, start_worker: StartWorker
    ) -> None:
        start_worker("w1@test", pool="prefork", concurrency=2)
        doomed, spared = (app.send_task("proj.sleepy", (600,)) for _ in range(2))
        wait_until(lambda: {doomed.id, spared.id} <= active(control), 10, "both to run")
        outcome = control.perform("task.terminate", [doomed.id], {"signal": name}, ["w1@test"])
        assert outcome.replies == (Reply("w1@test", True, f"terminate: {doomed.id}"),)
        wait_until(lambda: active(control) == {spared.id}, 10, "the task to be gone")
        assert doomed.state == "REVOKED"
        stray = control.perform("task.terminate", ["not-there"], {}, ["w1@test"])
        assert "did not have the task" in stray.replies[0].text

    def test_a_pool_that_cannot_is_explained(
        self, app: Any, control: Control, start_worker: StartWorker
    ) -> None:
        start_worker("w1@test", pool="threads")
        task = app.send_task("proj.sleepy", (600,))
        wait_until(lambda: task.id in active(control), 10, "the task to run")
        (reply,) = control.perform("task.terminate", [task.id], {}, ["w1@test"]).replies
        assert reply.ok is False
        assert "does not implement kill_job" in reply.text
        assert "cannot terminate a running task" in reply.text

    def test_read_only_leaves_it_running(
        self, app: Any, control: Control, start_worker: StartWorker
    ) -> None:
        worker = start_worker("w1@test", pool="prefork")
        task = app.send_task("proj.sleepy", (600,))
        wait_until(lambda: task.id in active(control), 10, "the task to run")
        watcher = Control(app, read_only=True)
        for one in ("task.revoke", "task.terminate"):
            with pytest.raises(ReadOnly):
                watcher.perform(one, [task.id], {}, ["w1@test"])
        assert active(watcher) == {task.id}
        assert "flagged as revoked" not in worker.output()

    def test_thousands_take_seconds(
        self, app: Any, control: Control, start_worker: StartWorker
    ) -> None:
        workers = [
            start_worker(name, pool="prefork", concurrency=1) for name in ("w1@test", "w2@test")
        ]
        blockers = [app.send_task("proj.sleepy", (600,)).id for _ in range(2)]
        names = ["w1@test", "w2@test"]
        wait_until(lambda: all(active(control, one) for one in names), 10, "both to be busy")
        with app.connection_for_write() as connection:
            producer = connection.Producer()
            doomed = [app.send_task("proj.add", (1, 1), producer=producer).id for _ in range(2_500)]
        with within(15):
            outcome = control.perform("task.revoke", doomed, {}, names)
        assert outcome.error is None
        assert [(one.ok, one.text) for one in outcome.replies] == [
            (True, "2,500 tasks flagged as revoked")
        ] * 2
        assert control.perform("task.terminate", blockers, {}, names).error is None
        assert app.send_task("proj.add", (3, 4)).get(timeout=60) == 7
        left = set(doomed)

        def all_revoked() -> bool:
            left.difference_update([id for id in left if app.AsyncResult(id).state == "REVOKED"])
            return not left

        # The other worker may be at its last ones.
        wait_until(all_revoked, 30, "all of them")
        assert sum(worker.log.read_text().count(": 2\n") for worker in workers) == 0


class TestEvents:
    def test_on_off_and_already(self, control: Control, start_worker: StartWorker) -> None:
        start_worker("w1@test", events=False)
        start_worker("w2@test", events=True)
        both = ["w1@test", "w2@test"]

        def changed(outcome: Outcome) -> dict[str, bool]:
            return {one.hostname: one.changed for one in switches(outcome)}

        assert changed(control.enable_events(both)) == {"w1@test": True, "w2@test": False}
        assert changed(control.enable_events(both)) == {"w1@test": False, "w2@test": False}
        # The one with -E says that they are off already and goes on to send them.
        assert changed(control.disable_events(both)) == {"w1@test": True}
        outcome = control.perform("worker.enable_events", ["w1@test"], {}, both)
        assert outcome.replies == (Reply("w1@test", True, "task events enabled"),)


class TestBrokerTrouble:
    def test_killed_in_the_middle_and_back(
        self,
        app: Any,
        control: Control,
        start_worker: StartWorker,
        broker_server: Server,
        revived: Callable[[Server], Server],
    ) -> None:
        start_worker("w1@test")
        server = revived(broker_server)
        asked = iter(range(10))

        def kill_before_the_second_chunk() -> bool:
            if next(asked) == 1:
                server.kill()
            return False

        ids = [f"id{number}" for number in range(3_000)]
        outcome = control.perform(
            "task.revoke", ids, {}, ["w1@test"], cancelled=kill_before_the_second_chunk
        )
        assert outcome.error is not None
        assert outcome.error.endswith("; 250 of 3,000 tasks sent")
        assert "\n" not in outcome.error
        assert len(outcome.replies) == 1
        with pytest.raises(BrokerUnavailable):
            control.survey(["w1@test"])
        server.start()

        def answers() -> bool:
            try:
                return not control.survey(["w1@test"]).missing
            except BrokerUnavailable:
                return False

        wait_until(answers, 30, "the worker to be back")

    def test_a_frozen_broker_ends_every_call(
        self, control: Control, broker_server: Server, revived: Callable[[Server], Server]
    ) -> None:
        server = revived(broker_server)
        server.freeze()
        with within(14):
            with pytest.raises(BrokerUnavailable):
                control.survey(["w1@test"])
            outcome = control.perform("task.revoke", ["id"], {}, ["w1@test"])
        assert outcome.error is not None
        assert outcome.replies == ()
        server.thaw()
        assert control.survey(["w1@test"]).missing == ("w1@test",)


def test_nothing_is_left_on_redis(
    make_app: MakeApp, redis_url: str, start_worker_on: Callable[..., Process]
) -> None:
    from redis import Redis

    start_worker_on(redis_url)
    client = Redis.from_url(redis_url)
    control = Control(make_app(redis_url), read_only=False)
    control.survey(["w1@test"])
    before = {key: client.type(key) for key in client.scan_iter()}
    for _ in range(3):
        control.survey(["w1@test", "gone@test"])
        control.perform("task.revoke", ["id"], {}, ["w1@test"])
    left = {key: client.type(key) for key in client.scan_iter() if b"reply" in key}
    assert left == {key: kind for key, kind in before.items() if b"reply" in key}
    assert not any(kind == b"list" for kind in left.values())
    for key in left:
        members = client.smembers(key)
        assert len(members) <= 1, members
    client.close()
