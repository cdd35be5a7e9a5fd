"""Every action on real workers, told by what they did: by inspect, results or logs, not by the
reply alone. The tests of this module share its workers, on each of the brokers.
"""

from __future__ import annotations

import time
from typing import Any

from celerytui.control import Control, registered
from celerytui.model import Item
from tests.integration.actions import BOTH, FORKS, THREADS, cluster
from tests.integration.cluster import Cluster, only, until
from tests.waiting import within

__all__ = ["cluster"]


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
            # At once, so that each process gets one.
            tasks = [cluster.app.send_task("proj.sleepy", (0.5,)) for _ in range(4)]
            assert {task.get(timeout=100) for task in tasks} == {"slept 0.5"}
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
