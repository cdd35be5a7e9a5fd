"""Tasks that are unlike others: ids of any type, and arguments that a worker cannot reply with."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from celerytui.control import Answer, Control, Question, questions
from celerytui.engine import Engine
from celerytui.model import Section, TaskState
from celerytui.query import parse_filter
from celerytui.settings import Settings
from tests.integration.cluster import Cluster, oldest_celery, until
from tests.integration.servers import Server

STARTED = TaskState.STARTED
UUID = uuid.uuid4()
IDS: dict[str, Any] = {
    f"{UUID} (uuid)": UUID,
    "7 (int)": 7,
    "job (bytes)": b"job",
    "x" * 300: "x" * 300,
    "7": "7",
}
TIMEOUT = 5.0
TROUBLE = "Control command error"


@contextmanager
def watched(app: Any) -> Iterator[Engine]:
    engine = Engine(app, Settings(reply_timeout=TIMEOUT), headless=True)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def found(engine: Engine, text: str) -> set[str]:
    wanted = parse_filter(text)
    return {task.id for task in wanted.select(engine.store.all_tasks(), engine.clock())}


def ask_again(engine: Engine) -> None:
    before = engine.surveys.survey
    engine.ask_workers()
    until(lambda: engine.surveys.survey is not before, 60)


@pytest.mark.parametrize("python", [sys.executable, "5.3"])
def test_ids_of_any_type_are_seen_seeded_and_revoked_as_they_are(
    redis_server: Server, tmp_path: Path, python: str
) -> None:
    # File systems and other backends have their own mind about such ids.
    cluster = Cluster(redis_server.fresh_url(), tmp_path, result_backend="disabled://")
    try:
        python = oldest_celery() if python == "5.3" else python
        cluster.begin("w1@test", "prefork", 2, "-E", python=python)
        cluster.wait_for("w1@test")
        for own in IDS.values():
            cluster.app.send_task("proj.sleepy", (300,), task_id=own)

        def taken() -> bool:
            held = [
                *(cluster.ask("active", "w1@test") or ()),
                *(cluster.ask("reserved", "w1@test")),
            ]
            return len(held) == len(IDS)

        until(taken, 60)
        with watched(cluster.app) as engine:
            # No event tells of them: they are known from the worker's answers alone.
            until(lambda: {task.id for task in engine.store.all_tasks()} == {*IDS}, 60)
            assert found(engine, f"id:{UUID}") == {f"{UUID} (uuid)"}
            assert found(engine, "id:7") == {"7", "7 (int)"}
            assert found(engine, 'id:"7 (int)"') == {"7 (int)"}
            assert engine.store.task("7 (int)") is not None
            running = {task.id for task in engine.store.all_tasks() if task.state is STARTED}
            assert len(running) == 2
            about = {"w1@test": Question("tasks", (*IDS, "none"))}
            answer = cluster.control.ask_for_tasks(about)["w1@test"]
            assert answer.found.keys() == running
            plain = ("7 (int)", "x" * 300)
            about = {"w1@test": Question("tasks", (*plain, "none"))}
            answer = cluster.control.ask_for_tasks(about)["w1@test"]
            assert answer.found.keys() == {*plain}
            places = {id: place for id, (place, _) in answer.found.items()}
            assert {id for id in plain if places[id] == "active"} == running & {*plain}
            outcome = cluster.do("task.terminate", list(IDS), signal="SIGKILL")
            assert [item.ok for item in outcome.items] == [True] * len(IDS), outcome
            assert {item.text for item in outcome.items} == {"terminated on w1@test"}

            def over() -> bool:
                states = {task.state for task in engine.store.all_tasks() if task.id in IDS}
                return states == {TaskState.REVOKED}

            until(over, 60)
            parent = uuid.uuid4()
            cluster.app.send_task("proj.outer", (2,), task_id=parent)
            until(lambda: len(found(engine, f"parent:{parent}")) == 2, 60)
            children = found(engine, f"parent:{parent}")
            assert found(engine, f"root:{parent}") == {*children, f"{parent} (uuid)"}
    finally:
        cluster.close()


def test_one_task_with_arguments_that_json_cannot_carry_costs_no_other_answer(
    broker_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("C_FORCE_ROOT", "1")  # of a worker that accepts pickle
    monkeypatch.setattr(questions, "PAUSES", (3600.0,))
    cluster = Cluster(broker_url, tmp_path, accept_content=["json", "pickle"])
    try:
        cluster.begin("w1@test", "threads", 1)
        cluster.wait_for("w1@test")
        for countdown in (None, None, 3000):
            args = (300, {1, 2})
            cluster.app.send_task("proj.hold", args, serializer="pickle", countdown=countdown)
        until(lambda: cluster.running("w1@test"), 60)
        with watched(cluster.app) as engine:

            def asked_all() -> bool:
                unsent = {} if engine.surveys.survey is None else engine.surveys.survey.unsent
                return unsent.get("w1@test", {}).keys() == {"reserved", "scheduled"}

            until(asked_all, 60)
            worker = engine.store.worker("w1@test")
            assert worker is not None
            assert (worker.concurrency, worker.queues, worker.no_answer) == (1, ("celery",), None)
            [task] = engine.store.all_tasks()
            assert (task.state, task.name, task.args) == (STARTED, "proj.hold", "(300, {1, 2})")
            # However often somebody asks, the worker is not asked again what it cannot reply to.
            for _ in range(3):
                ask_again(engine)
            assert cluster.log("w1@test").count(TROUBLE) == 2
            asked: list[Section] = []
            engine.inspect("w1@test", "reserved", asked.append)
            engine.inspect("w1@test", "stats", asked.append)
            until(lambda: len(asked) == 2, 60)
            known = {one.name: one.error for one in asked}
            assert known["stats"] is None
            assert "could not reply" in (known["reserved"] or "")
            control = Control(cluster.app, read_only=True, timeout=TIMEOUT)

            def asked_about(*, silent: bool) -> Answer | None:
                question = Question("tasks", (task.id, "none"), silent)
                return control.ask_for_tasks({"w1@test": question}).get("w1@test")

            assert asked_about(silent=False) is None
            for silent in (True, False):
                answer = asked_about(silent=silent)
                assert answer is not None
                assert ([*answer.found], answer.only_running) == ([task.id], True)
            assert cluster.log("w1@test").count(TROUBLE) == 3
    finally:
        cluster.close()
