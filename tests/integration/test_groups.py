"""The groups of tasks of real workers, as their result backends know them while they run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import chain, chord, group

from celerytui.engine import Engine
from celerytui.model import StoredGroup, Task, TaskGroups, TaskState
from celerytui.settings import Settings
from celerytui.ui.draw.glyphs import UNICODE
from celerytui.ui.views.task.chords import UNLOCK, bodies
from celerytui.ui.views.task.family import Rest, Unknown, family_tree
from celerytui.ui.views.task.links import family_of
from celerytui.ui.views.task.relatives import group_words
from tests.integration.cluster import Cluster, hear, until
from tests.integration.kept_results import SETEX
from tests.integration.servers import Server
from tests.waiting import reply_seconds

pytestmark = SETEX

HOST = "w1@test"
SECONDS = 60.0


class Watched:
    """A worker whose results are kept at a URL, and a monitor that hears its events."""

    def __init__(self, broker: str, folder: Path, results: str) -> None:
        self.results = results
        conf = {"result_backend": results, "result_extended": True}
        self.cluster = Cluster(broker, folder, **conf)
        self.app = self.cluster.make_app(**conf)
        if results.startswith("redis"):
            # Nobody waits for a result, and none is unsubscribed from after its server ended.
            self.app.backend.result_consumer.consume_from = lambda _task_id: None
        self.cluster.begin(HOST, "solo", 1, "-E")
        self.engine = Engine(self.app, Settings(reply_timeout=reply_seconds()), headless=True)

    def start(self) -> None:
        self.cluster.wait_for(HOST)
        self.engine.start()
        hear(self.engine, HOST)

    def stop(self) -> None:
        self.engine.stop()
        self.cluster.close()
        if self.results.startswith("redis"):
            self.app.backend.client.connection_pool.disconnect()
        self.app.close()

    def sig(self, name: str, *args: Any, **options: Any) -> Any:
        """The signature of a task of the project."""
        return self.app.signature(f"proj.{name}", args=args).set(**options)

    def ended(self, *ids: str) -> None:
        """Until events say that these succeeded."""

        def seen(task_id: str) -> bool:
            task = self.engine.store.task(task_id)
            return task is not None and task.state is TaskState.SUCCESS

        until(lambda: all(map(seen, ids)), SECONDS)

    def groups(self, task_id: str) -> TaskGroups:
        """What the result backend knows of the groups of a task."""
        task, answers, come = self.engine.store.task(task_id), list[TaskGroups](), threading.Event()

        def take(answer: TaskGroups) -> None:
            answers.append(answer)
            come.set()

        self.engine.read_groups(task_id, None if task is None else task.parent_id, take)
        assert come.wait(SECONDS)
        assert (answers[0].task_id, answers[0].error) == (task_id, None)
        return answers[0]

    def tree(self, task_id: str) -> list[str]:
        """The rows of the tree of a task: ids of tasks, words of groups."""
        task = self.engine.store.task(task_id)
        assert task is not None
        known, groups = family_of(self.engine.store, task, self.groups(task_id))
        rows = []
        for prefix, node in family_tree([*known.values()], UNICODE, groups):
            if isinstance(node, StoredGroup):
                rows.append(f"{prefix}{node.id}: {group_words(node, known)}")
            elif isinstance(node, Rest):
                rows.append(f"{prefix}{node.count} more")
            else:
                sign = f"{node.id} {node.state.label}" if isinstance(node, Task) else f"{node.id}?"
                assert isinstance(node, (Task, Unknown))
                rows.append(prefix + sign)
        return rows


def _sent(canvas: Any, *args: Any, save: bool = False) -> tuple[str, str, list[str]]:
    """The ids of what is sent, of its parent, and of the members of the group of both."""
    result = canvas(*args)
    if save:
        result.save()
    members = getattr(result, "results", None) or result.parent.results
    parent = "" if result.parent is None else result.parent.id
    return result.id, parent, [one.id for one in members]


@pytest.fixture
def watch(redis_server: Server, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """`watch(results)`: a worker that keeps its results there, and a monitor."""
    watched: list[Watched] = []

    def begin(results: str | None = None) -> Watched:
        one = Watched(redis_server.fresh_url(), tmp_path, results or redis_server.fresh_url())
        watched.append(one)
        one.start()
        return one

    yield begin
    for one in watched:
        one.stop()


def test_a_chord_of_a_client_and_how_far_it_is_on_redis(watch: Callable[..., Watched]) -> None:
    at = watch()
    header = [at.sig("add", number, 1) for number in range(3)]
    header.append(at.sig("add", 9, 9, queue="later"))
    body_id, group_id, (*done, waiting) = _sent(chord(header, app=at.app), at.sig("total"))
    at.ended(*done)
    named = f"{group_id}: 4 members, 3 done, 1 still to come"
    until(lambda: named in at.tree(done[0]), SECONDS)
    rows = at.tree(done[1])
    assert rows[0] == named
    assert sorted(rows[1:-1]) == [f"├─ {one} success" for one in sorted(done)]
    assert rows[-1] == "└─ 1 more"
    # Nothing is kept of it before it starts, and no event names its group.
    assert at.groups(waiting).groups == ()

    at.app.control.add_consumer("later", reply=True, timeout=reply_seconds())
    at.ended(waiting, body_id)
    # The counters are deleted then: each result names its group alone. The body came after it.
    for one in (body_id, done[0]):
        (found,) = at.groups(one).groups
        assert (found.id, found.count, found.missing) == (group_id, None, None)
        assert (set(found.members), found.body) == ({*done, waiting}, (body_id,))
    rows = at.tree(body_id)
    assert rows[0].endswith("4 members found, 4 done, there may be more")
    assert {row[3:] for row in rows[1:5]} == {f"{one} success" for one in (*done, waiting)}
    assert rows[5] == f"└─ {body_id} success"


def test_a_task_that_a_member_adds_to_its_chord_is_no_body(watch: Callable[..., Watched]) -> None:
    at = watch()
    header = [at.sig("adding"), at.sig("sleepy", 0, queue="later")]
    _, group_id, _ = _sent(chord(header, app=at.app), at.sig("total"))
    until(lambda: len(_named(at, "proj.add")) == 1, SECONDS)
    (added,) = _named(at, "proj.add")
    at.ended(added)
    (found,) = at.groups(added).groups
    assert (found.id, found.body) == (group_id, ())
    assert added in found.members


def test_the_body_of_a_chord_that_a_task_of_celery_waits_for(
    watch: Callable[..., Watched], tmp_path: Path
) -> None:
    at = watch(f"db+sqlite:///{tmp_path}/results.sqlite3")
    header = [at.sig("add", number, 1) for number in range(2)]
    body_id, _, ids = _sent(chord(header, app=at.app), at.sig("total"))
    at.ended(*ids, body_id)
    (waited,) = _named(at, UNLOCK)
    # Nothing keeps which tasks it waited for: that the other one is its body, events say.
    assert at.tree(body_id) == [f"{waited} success", f"└─ {body_id} success"]
    known, groups = family_of(at.engine.store, _task(at, body_id), at.groups(body_id))
    assert bodies(groups, known) == {body_id}


def _named(at: Watched, name: str) -> list[str]:
    """The ids of the tasks of a name that events told of."""
    return [task.id for task in at.engine.store.all_tasks() if task.name == name]


def _task(at: Watched, task_id: str) -> Task:
    task = at.engine.store.task(task_id)
    assert task is not None
    return task


@pytest.mark.parametrize("backend", ["redis", "sqlite"])
def test_a_group_in_a_chain_is_known_by_the_task_that_sent_it(
    watch: Callable[..., Watched], tmp_path: Path, backend: str
) -> None:
    sqlite = f"db+sqlite:///{tmp_path}/results.sqlite3"
    at = watch(None if backend == "redis" else sqlite)
    members = group([at.sig("add", 1), at.sig("add", 2), at.sig("add", 3, queue="nobody")])
    _, sender, ids = _sent(chain(at.sig("add", 1, 1), members, app=at.app))
    at.ended(sender, *ids[:2])
    unseen = at.engine.store.task(ids[2])
    last = f"{ids[2]} {'sent' if unseen is not None else '?'}"
    for task_id in (sender, ids[0]):
        assert at.tree(task_id) == [
            f"{sender} success",
            f"└─ {at.groups(task_id).groups[0].id}: 3 members, 2 done, 1 still to come",
            f"   ├─ {ids[0]} success",
            f"   ├─ {ids[1]} success",
            f"   └─ {last}",
        ]


def test_a_saved_group_in_a_database_and_members_that_nobody_remembers(
    watch: Callable[..., Watched], tmp_path: Path
) -> None:
    at = watch(f"db+sqlite:///{tmp_path}/results.sqlite3")
    members = group([at.sig("add", number, 1) for number in range(3)], app=at.app)
    group_id, _, ids = _sent(members, save=True)
    at.ended(*ids)
    answer = at.groups(ids[1])
    assert [(one.id, list(one.members)) for one in answer.groups] == [(group_id, ids)]
    assert answer.results == ()
    at.engine.store.forget()
    answer = at.groups(ids[1])
    assert [(one.id, one.name, one.state) for one in answer.results] == [
        (one, "proj.add", TaskState.SUCCESS) for one in reversed(ids)
    ]
    assert not any(one.args or one.result for one in answer.results)
