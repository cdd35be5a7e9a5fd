"""What is done to tasks, and sent, on real workers, told by what came of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from celerytui.model import Arguments, Item, Refusal, Task, TaskState
from celerytui.results import ResultLookup
from tests.integration.actions import BOTH, FORKS, THREADS, cluster
from tests.integration.cluster import Cluster, until

__all__ = ["cluster"]


def known(id: str, state: TaskState = TaskState.SUCCESS, **facts: Any) -> dict[str, Task]:
    """What the store might hold of one task."""
    return {id: Task(id, 1, state=state, **facts)}


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

    def test_revoke_by_stamped_headers(self, cluster: Cluster, tmp_path: Path) -> None:
        stamped = {"stamped_headers": ["team"], "team": "blue"}
        task = cluster.app.send_task("proj.sleepy", (60,), **stamped)
        enough = tmp_path / "enough"
        spared = cluster.app.send_task("proj.until", (str(enough),))
        until(lambda: {task.id, spared.id} <= cluster.running(FORKS))
        outcome = cluster.do(
            "task.revoke_by_headers", header="team", stamps="red, blue", terminate="terminate"
        )
        assert [reply.ok for reply in outcome.replies] == [True, True]
        until(lambda: task.id not in cluster.running(FORKS))
        enough.touch()
        assert spared.get(timeout=300) == f"seen {enough}"
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

    def test_again_with_the_arguments_that_the_worker_has(
        self, cluster: Cluster, tmp_path: Path
    ) -> None:
        enough = tmp_path / "enough"
        kwargs = {"file": str(enough)}
        task = cluster.app.send_task("proj.until", kwargs=kwargs, argsrepr="('***',)")
        until(lambda: task.id in cluster.running(FORKS))
        held = known(task.id, TaskState.STARTED, args="('***',)", name="proj.until")
        found = cluster.control.find_arguments(task.id, held[task.id], BOTH)
        assert isinstance(found, Arguments)
        assert (found.kwargs, found.source, found.queue) == (
            f'{{"file": "{enough}"}}',
            "the worker that has it",
            "celery",
        )
        (item,) = cluster.do("task.run_again", [task.id], tasks=held).items
        enough.touch()
        assert cluster.app.AsyncResult(item.new_id).get(timeout=300) == f"seen {enough}"

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
        lookup = ResultLookup(cluster.app, time.time)
        meta = lookup.read_result(failed.id)
        assert (meta.status, meta.error, meta.name) == ("FAILURE", None, "proj.fail")
        assert meta.result == "ValueError('no such account: acme')"
        assert "in charge" in str(meta.traceback)
        assert (meta.args, meta.worker, meta.queue) == ("('acme',)", FORKS, "celery")
        parent = cluster.app.send_task("proj.outer", (3,))
        parent.get(timeout=100)
        assert len(lookup.read_result(parent.id).children) == 3
        nothing = lookup.read_result("never-heard-of")
        assert (nothing.status, nothing.result) == ("PENDING", None)
