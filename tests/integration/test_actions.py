"""Every action on real workers, told by what they did: by inspect, results or logs, not by the
reply alone. The tests of this module share its workers, on each of the brokers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from celerytui.control import Control, registered
from celerytui.model import Arguments, Item, Refusal, Task, TaskState
from tests.integration.cluster import Cluster, only, until
from tests.integration.servers import Server
from tests.waiting import patience, within

FORKS, THREADS = "forks@test", "threads@test"
BOTH = [FORKS, THREADS]


@pytest.fixture(scope="module", params=["redis", "amqp"])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A prefork worker without -E on the queue celery, a threads one with it on threaded."""
    name = {"redis": "redis_server", "amqp": "rabbitmq_server"}[request.param]
    server: Server = request.getfixturevalue(name)
    made = Cluster(
        server.fresh_url(),
        tmp_path_factory.mktemp("cluster"),
        worker_pool_restarts=True,
        result_extended=True,
    )
    made.begin(FORKS, "prefork", 2)
    made.begin(THREADS, "threads", 2, "-E", queues="threaded")
    made.wait_for(*BOTH)
    yield made
    made.close()


def known(id: str, state: TaskState = TaskState.SUCCESS, **facts: Any) -> dict[str, Task]:
    """What the store might hold of one task."""
    return {id: Task(id, 1, state=state, **facts)}


class TestTaskTypes:
    def test_a_rate_limit_on_one_on_all_and_lifted(self, cluster: Cluster) -> None:
        def limits() -> list[str | None]:
            return [
                registered(cluster.ask("registered", one))["proj.add"].get("rate_limit")
                for one in BOTH
            ]

        outcome = cluster.do("type.rate_limit", ["proj.add"], rate="10/m", on=FORKS)
        assert only(outcome).worker == FORKS
        assert cluster.look_back(outcome).ok is True
        assert limits() == ["10/m", None]
        cluster.do("type.rate_limit", ["proj.add"], rate="3/s")
        assert limits() == ["3/s", "3/s"]
        assert cluster.look_back(outcome).text == f"{FORKS}: proj.add has rate_limit 3/s"
        lifted = cluster.do("type.rate_limit", ["proj.add"], rate="0")
        assert [reply.ok for reply in lifted.replies] == [True, True]
        assert set(limits()) <= {"0", None}
        assert cluster.look_back(lifted).ok is True
        wrong = cluster.do("type.rate_limit", ["proj.add"], rate="often")
        assert [reply.ok for reply in wrong.replies] == [False, False]
        stray = cluster.do("type.rate_limit", ["proj.nothing"], rate="1/s", on=THREADS)
        assert "not registered on this worker" in only(stray).text

    def test_both_time_limits_or_one_and_what_they_do(self, cluster: Cluster) -> None:
        def limits() -> dict[str, str]:
            facts = registered(cluster.ask("registered", FORKS))["proj.sleepy"]
            return {name: facts[name] for name in facts if "time_limit" in name}

        outcome = cluster.do("type.time_limits", ["proj.sleepy"], soft="60", hard="2m", on=FORKS)
        assert limits() == {"soft_time_limit": "60.0", "time_limit": "120.0"}
        assert cluster.look_back(outcome).ok is True
        hard = cluster.do("type.time_limits", ["proj.sleepy"], hard="1s")
        assert limits() == {"time_limit": "1.0"}
        assert cluster.look_back(hard).ok is True
        assert cluster.look_back(outcome).ok is False
        # A worker keeps what it was started with until its pool is restarted.
        cluster.do("worker.pool_restart", [FORKS])
        task = cluster.app.send_task("proj.sleepy", (30,))
        until(lambda: task.state == "FAILURE")
        assert "TimeLimitExceeded" in repr(task.result)
        cluster.do("type.time_limits", ["proj.sleepy"])
        assert limits() == {}
        cluster.do("worker.pool_restart", [FORKS])
        assert cluster.app.send_task("proj.sleepy", (1.2,)).get(timeout=100) == "slept 1.2"
        crossed = cluster.do("type.time_limits", ["proj.sleepy"], soft="9", hard="3")
        assert crossed.replies == ()
        assert "must be below" in str(crossed.error)


class TestPools:
    def size(self, cluster: Cluster) -> int:
        return len(cluster.ask("stats", FORKS)["pool"]["processes"])

    def test_grow_and_shrink(self, cluster: Cluster) -> None:
        grown = cluster.do("worker.pool_grow", [FORKS], n="2")
        assert only(grown).ok is True
        until(lambda: self.size(cluster) == 4)
        assert cluster.look_back(grown).ok is True
        shrunk = cluster.do("worker.pool_shrink", [FORKS], n="2")
        until(lambda: self.size(cluster) == 2)
        assert cluster.look_back(shrunk).ok is True
        assert cluster.look_back(grown).text == f"{FORKS} has 2, not 4"

    def test_a_pool_of_threads_does_not_grow_and_is_explained(self, cluster: Cluster) -> None:
        for action in ("worker.pool_grow", "worker.pool_shrink"):
            refused = only(cluster.do(action, [THREADS]))
            assert refused.ok is False
            assert "fixed size" in refused.text

    def test_autoscale_is_off_unless_it_was_started(self, cluster: Cluster) -> None:
        refused = only(cluster.do("worker.autoscale", [FORKS], max="4", min="1"))
        assert refused.ok is False
        assert "--autoscale" in refused.text
        assert cluster.do("worker.autoscale", [FORKS], max="1", min="3").error is not None
        assert cluster.do("worker.autoscale", [FORKS]).error is not None

    def test_restart_makes_new_processes(self, cluster: Cluster) -> None:
        def pids() -> set[int]:
            return set(cluster.ask("stats", FORKS)["pool"]["processes"])

        before = pids()
        outcome = cluster.do("worker.pool_restart", [FORKS])
        assert only(outcome).ok is True
        finding = cluster.look_back(outcome)
        assert finding.ok is None
        assert "after its next task" in finding.text

        def replaced() -> bool:
            assert cluster.app.send_task("proj.add", (1, 2)).get(timeout=100) == 3
            now = pids()
            return bool(now) and not now & before

        until(replaced)
        assert cluster.look_back(outcome).ok is True


class TestConsumers:
    def queues(self, cluster: Cluster) -> dict[str, Any]:
        return {one["name"]: one for one in cluster.ask("active_queues", FORKS)}

    def test_add_and_cancel(self, cluster: Cluster) -> None:
        added = cluster.do("worker.add_consumer", [FORKS], queue="extra")
        until(lambda: "extra" in self.queues(cluster))
        assert cluster.look_back(added).ok is True
        task = cluster.app.send_task("proj.add", (2, 3), queue="extra")
        assert task.get(timeout=100) == 5
        gone = cluster.do("worker.cancel_consumer", [FORKS], queue="extra")
        until(lambda: "extra" not in self.queues(cluster))
        assert cluster.look_back(gone).ok is True
        assert cluster.look_back(added).ok is False

    def test_with_an_exchange_and_a_routing_key(self, cluster: Cluster) -> None:
        cluster.do(
            "worker.add_consumer",
            [FORKS],
            queue="reports",
            exchange="shop",
            exchange_type="topic",
            routing_key="report.#",
        )
        until(lambda: "reports" in self.queues(cluster))
        told = self.queues(cluster)["reports"]
        assert (told["exchange"]["name"], told["exchange"]["type"]) == ("shop", "topic")
        assert told["routing_key"] == "report.#"
        cluster.do("worker.cancel_consumer", [FORKS], queue="reports")
        until(lambda: "reports" not in self.queues(cluster))


class TestWorkers:
    def test_ping_heartbeat_and_events(self, cluster: Cluster) -> None:
        outcome = cluster.do("worker.ping", [*BOTH, "gone@test"])
        assert [(one.worker, one.ok) for one in outcome.replies] == [
            (FORKS, True),
            ("gone@test", None),
            (THREADS, True),
        ]
        beats: list[float] = []
        with cluster.app.connection_for_read() as connection:
            events = cluster.app.events.Receiver(connection).queue
            consumer = connection.Consumer(
                [events], callbacks=[lambda body, _: beats.append(body["freq"])], no_ack=True
            )
            with consumer:
                # On Redis nothing comes before the first drain has subscribed.
                connection.drain_events(timeout=60)
                assert cluster.do("worker.heartbeat", [FORKS]).replies[0].ok is None
                deadline = time.monotonic() + 60
                # One that was asked for says 5; by itself the worker says 2.
                while 5 not in beats and time.monotonic() < deadline:
                    connection.drain_events(timeout=60)
        assert 5 in beats

    def test_task_events_on_and_off(self, cluster: Cluster) -> None:
        assert only(cluster.do("worker.enable_events", [FORKS])).text == "task events enabled"
        assert "already" in only(cluster.do("worker.enable_events", [FORKS])).text
        assert only(cluster.do("worker.disable_events", [FORKS])).text == "task events disabled"
        assert "-E" in only(cluster.do("worker.disable_events", [THREADS])).text

    def test_a_command_of_the_projects_own(self, cluster: Cluster) -> None:
        told = cluster.do(
            "worker.command", BOTH, command="leave_note", arguments='{"note": "hello"}'
        )
        assert [reply.text for reply in told.replies] == ["noted: hello"] * 2
        assert cluster.ask("read_note", THREADS) == "hello"
        unknown = cluster.do("worker.command", [FORKS], command="fly")
        assert only(unknown).ok is False
        objgraph = cluster.do("worker.command", [FORKS], command="objgraph")
        assert "pip install objgraph" in only(objgraph).text

    def test_every_section_is_there_and_the_secrets_are_not(self, cluster: Cluster) -> None:
        from celerytui.control import SECTIONS

        told = cluster.control.inspect(FORKS, SECTIONS)
        errors = {name: section.error for name, section in told.items() if section.error}
        # Memory is told only where psutil is there.
        assert set(errors) <= {"memsample", "memdump"}
        data = {name: section.data for name, section in told.items()}
        assert "proj.add" in registered(data["registered"])
        assert "transport_options" not in data["stats"]["broker"]
        assert data["ping"] == "pong"
        assert data["conf"]["task_default_queue"] == "celery"
        assert ":guest@" not in str(data)
        assert isinstance(data["clock"]["clock"], int)
        assert "software -> celery" in data["report"]
        assert [one["name"] for one in data["active_queues"]] == ["celery"]

    def test_a_worker_that_is_not_there_says_so_in_each_section(self, cluster: Cluster) -> None:
        with within(2.5):
            told = Control(cluster.app, read_only=True).inspect(
                "gone@test", ["stats", "conf", "active"]
            )
        assert {section.error for section in told.values()} == {"no reply within 1 s"}


class TestTasks:
    def test_abort(self, cluster: Cluster) -> None:
        task = cluster.app.send_task("proj.abortable", (30,))
        until(lambda: task.id in cluster.running(FORKS))
        outcome = cluster.do("task.abort", [task.id])
        assert [item.ok for item in outcome.items] == [True]
        until(lambda: cluster.running(FORKS) == set())
        until(lambda: f"proj.abortable[{task.id}] succeeded" in cluster.log(FORKS))
        done = cluster.app.send_task("proj.add", (1, 1))
        done.get(timeout=100)
        (item,) = cluster.do("task.abort", [done.id]).items
        assert (item.ok, item.text) == (False, "already finished: its result says SUCCESS")
        assert done.result == 2

    def test_revoke_by_stamped_headers(self, cluster: Cluster) -> None:
        stamped = {"stamped_headers": ["team"], "team": "blue"}
        task = cluster.app.send_task("proj.sleepy", (60,), **stamped)
        seconds = 3 * patience()
        spared = cluster.app.send_task("proj.sleepy", (seconds,))
        until(lambda: {task.id, spared.id} <= cluster.running(FORKS))
        outcome = cluster.do(
            "task.revoke_by_headers", header="team", stamps="red, blue", terminate="terminate"
        )
        assert [reply.ok for reply in outcome.replies] == [True, True]
        until(lambda: task.id not in cluster.running(FORKS))
        assert spared.get(timeout=300) == f"slept {seconds}"
        later = cluster.app.send_task("proj.add", (1, 1), **stamped)
        until(lambda: later.state == "REVOKED")

    def test_terminate_tells_each_task(self, cluster: Cluster) -> None:
        task = cluster.app.send_task("proj.sleepy", (60,))
        until(lambda: task.id in cluster.running(FORKS))
        outcome = cluster.do("task.terminate", [task.id, "stray"], signal="SIGKILL")
        assert outcome.items == (
            Item(task.id, True, f"terminated on {FORKS}"),
            Item("stray", True, "revoked; no worker had it running"),
        )
        until(lambda: cluster.running(FORKS) == set())


class TestSending:
    def test_a_new_task_by_name(self, cluster: Cluster) -> None:
        (item,) = cluster.do(
            "task.send", name="proj.total", args="[[1, 2, 3]]", kwargs="{}", queue="threaded"
        ).items
        assert item.new_id is not None
        assert cluster.app.AsyncResult(item.new_id).get(timeout=100) == 6
        until(lambda: f"proj.total[{item.new_id}] succeeded" in cluster.log(THREADS))

    def test_delivery_options_arrive(self, cluster: Cluster) -> None:
        (item,) = cluster.do(
            "task.send",
            name="proj.add",
            kwargs='{"x": 1, "y": 2}',
            countdown="90",
            expires="10m",
            priority="3",
        ).items
        until(lambda: cluster.ask("scheduled", FORKS))
        (waiting,) = cluster.ask("scheduled", FORKS)
        assert waiting["request"]["id"] == item.new_id
        assert waiting["request"]["kwargs"] == {"x": 1, "y": 2}
        assert waiting["request"]["delivery_info"]["priority"] == 3
        cluster.do("task.revoke", [str(item.new_id)])

    def test_what_is_wrong_is_told_before_it_is_sent(self, cluster: Cluster) -> None:
        both = cluster.do("task.send", name="proj.add", countdown="5", eta="2030-01-01 10:00")
        assert both.error == "either a countdown or an ETA, not both"
        assert both.items == ()

    def test_again_with_the_arguments_of_the_result(self, cluster: Cluster) -> None:
        old = cluster.app.send_task("proj.total", ([4, 5],), queue="threaded")
        assert old.get(timeout=100) == 9
        held = known(old.id, name="proj.total", args="('cut...", queue="threaded")
        found = cluster.control.find_arguments(old.id, held[old.id], BOTH)
        assert found == Arguments("proj.total", "[[4, 5]]", "{}", "its result", "threaded")
        (item,) = cluster.do("task.run_again", [old.id], tasks=held).items
        assert item.text == f"sent as {item.new_id}, arguments from its result"
        assert cluster.app.AsyncResult(item.new_id).get(timeout=100) == 9
        until(lambda: f"proj.total[{item.new_id}] succeeded" in cluster.log(THREADS))

    def test_again_with_the_arguments_that_the_worker_has(self, cluster: Cluster) -> None:
        task = cluster.app.send_task("proj.sleepy", kwargs={"seconds": 1.5}, argsrepr="('***',)")
        until(lambda: task.id in cluster.running(FORKS))
        held = known(task.id, TaskState.STARTED, args="('***',)", name="proj.sleepy")
        found = cluster.control.find_arguments(task.id, held[task.id], BOTH)
        assert isinstance(found, Arguments)
        assert (found.kwargs, found.source, found.queue) == (
            '{"seconds": 1.5}',
            "the worker that has it",
            "celery",
        )
        (item,) = cluster.do("task.run_again", [task.id], tasks=held).items
        assert cluster.app.AsyncResult(item.new_id).get(timeout=100) == "slept 1.5"

    def test_again_by_events_edited_or_refused(self, cluster: Cluster) -> None:
        whole = known("a", name="proj.add", args="(3, 4)", kwargs="{}", queue="celery")
        cut = known("b", name="proj.total", args="([1, 2, ...],)", kwargs="{}")
        first, second = cluster.do("task.run_again", ["a", "b"], tasks=whole | cut).items
        assert cluster.app.AsyncResult(first.new_id).get(timeout=100) == 7
        assert (second.ok, second.new_id) == (False, None)
        assert "cut short" in second.text
        refused = cluster.control.find_arguments("b", cut["b"], BOTH)
        assert isinstance(refused, Refusal)
        assert refused.known_args == "([1, 2, ...],)"
        edited = cluster.do("task.run_again", ["b"], tasks=cut, args="[[1, 2, 3, 4]]", kwargs="{}")
        assert cluster.app.AsyncResult(edited.items[0].new_id).get(timeout=100) == 10

    def test_results_are_read(self, cluster: Cluster) -> None:
        failed = cluster.app.send_task("proj.fail", ("acme",))
        until(lambda: failed.state == "FAILURE")
        meta = cluster.control.read_result(failed.id)
        assert (meta.status, meta.error, meta.name) == ("FAILURE", None, "proj.fail")
        assert meta.result == "ValueError('no such account: acme')"
        assert "in charge" in str(meta.traceback)
        assert (meta.args, meta.worker, meta.queue) == ("['acme']", FORKS, "celery")
        parent = cluster.app.send_task("proj.outer", (3,))
        parent.get(timeout=100)
        assert len(cluster.control.read_result(parent.id).children) == 3
        nothing = cluster.control.read_result("never-heard-of")
        assert (nothing.status, nothing.result) == ("PENDING", None)


class TestQueues:
    def fill(self, cluster: Cluster, queue: str, *names: str) -> None:
        with cluster.app.connection_for_write() as connection:
            producer = connection.Producer()
            for number, name in enumerate(names):
                cluster.app.send_task(
                    name, (number, 1), queue=queue, producer=producer, priority=number % 10
                )

    def waiting(self, cluster: Cluster, queue: str) -> list[str]:
        """Take what waits in a queue out of it: the names of the tasks."""
        names = []
        with cluster.app.connection_for_read() as connection:
            channel = connection.channel()
            while (message := channel.basic_get(queue, no_ack=True)) is not None:
                names.append(message.headers["task"])
        return names

    def test_purge_takes_this_queue_and_no_other(self, cluster: Cluster) -> None:
        self.fill(cluster, "full", *["proj.add"] * 12)
        self.fill(cluster, "other", "proj.add")
        assert cluster.do("queue.purge", ["full"]).items == (
            Item("full", True, "deleted 12 messages"),
        )
        assert self.waiting(cluster, "full") == []
        assert self.waiting(cluster, "other") == ["proj.add"]

    def test_purge_by_name_or_why_not(self, cluster: Cluster) -> None:
        names = ["proj.add", "proj.total", "proj.sleepy"] * 40
        self.fill(cluster, "mixed", *names)
        (item,) = cluster.do("queue.purge_by_name", ["mixed"], task="proj.total").items
        left = self.waiting(cluster, "mixed")
        if cluster.url.startswith("redis"):
            assert item.text == "deleted 40 messages of proj.total; looked at 120"
            assert sorted(left) == sorted(name for name in names if name != "proj.total")
        else:
            assert item.ok is False
            assert "needs Redis" in item.text
            assert sorted(left) == sorted(names)
