from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery

from celerytui.control import ACTIONS, GROUPS, LOCAL, Control, action, problem, switches
from celerytui.errors import BrokerUnavailable, ReadOnly, UsageError
from celerytui.model import Outcome, Task, TaskState
from tests.waiting import patience, within

Handler = Callable[..., Any]


PATIENCE = 1.5 * patience()
"""The timeout of the tests; an answer on a busy machine takes some tenths of it."""


@pytest.fixture
def app() -> Iterator[Any]:
    """An app whose broker is this process's memory."""
    app = Celery("tester", broker="memory://", set_as_current=False)
    yield app
    app.close()
    with app.connection_for_write() as connection:
        transport = connection.transport
        transport.global_state.clear()
        type(connection.channel()).queues.clear()


class Node:
    """A mailbox that answers commands as a worker does, in a thread of its own."""

    def __init__(
        self, app: Any, hostname: str, before: Handler | None = None, **handlers: Handler
    ) -> None:
        self.app = app
        self.before = before
        self.hostname = hostname
        self.handlers = handlers
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with self.app.connection_for_write() as connection:
            mailbox = self.app.control.mailbox(connection)
            node = mailbox.Node(
                self.hostname, state=self, channel=connection.channel(), handlers=self.handlers
            )
            if self.before is not None:
                self._tap(node)
            node.listen()
            self._ready.set()
            while not self._stopped.is_set():
                try:
                    connection.drain_events(timeout=0.02)
                except TimeoutError:
                    continue

    def _tap(self, node: Any) -> None:
        """Have `before(reply_to, ticket)` called ahead of each command's handler."""
        dispatch = node.dispatch

        def tapped(method: str, **more: Any) -> Any:
            assert self.before is not None
            self.before(more["reply_to"], more["ticket"])
            return dispatch(method, **more)

        node.dispatch = tapped

    def __enter__(self) -> Node:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(60)


class TestRegistry:
    def test_ids_and_keys_are_unique_and_change_with_upper_case(self) -> None:
        ids = {one.id for one in ACTIONS} | {group.id for group in GROUPS}
        assert len(ids) == len(ACTIONS) + len(GROUPS)
        # What is local to a pane has a key there, whatever that does elsewhere.
        keys = [(one.key, one.scope in LOCAL) for one in ACTIONS if one.key and not one.group]
        keys += [(group.key, group.scope in LOCAL) for group in GROUPS]
        assert len(set(keys)) == len(keys)
        assert all(key.isupper() for key, _ in keys)

    def test_every_group_of_an_action_is_there(self) -> None:
        assert {one.group for one in ACTIONS if one.group} == {group.id for group in GROUPS}

    def test_the_signals_of_terminate(self) -> None:
        (signal,) = action("task.terminate").params
        assert (signal.name, signal.default) == ("signal", "SIGTERM")
        assert {"SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"} < set(signal.choices)

    def test_every_default_is_one_of_its_choices(self) -> None:
        params = [param for one in ACTIONS for param in one.params]
        assert all(param.default in param.choices for param in params if param.choices)
        assert all((param.kind == "choice") == bool(param.choices) for param in params)
        assert [problem(param, param.default) for param in params if param.default] == [
            None for param in params if param.default
        ]

    def test_an_unknown_action_is_named(self) -> None:
        with pytest.raises(UsageError, match=r"task\.fly"):
            action("task.fly")


class TestGate:
    @pytest.fixture
    def listener(self) -> Iterator[socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            yield server

    @pytest.fixture
    def read_only(self, listener: socket.socket) -> Iterator[Control]:
        app = Celery(
            "tester",
            broker=f"amqp://127.0.0.1:{listener.getsockname()[1]}//",
            set_as_current=False,
        )
        yield Control(app, read_only=True)
        app.close()

    @pytest.mark.parametrize("one", [one.id for one in ACTIONS if one.changes])
    def test_read_only_refuses_before_anything_is_sent(
        self, one: str, read_only: Control, listener: socket.socket
    ) -> None:
        with pytest.raises(ReadOnly, match="read-only"):
            read_only.perform(one, ["target"], {}, ["w1@test"])
        with pytest.raises(BlockingIOError):
            listener.accept()

    def test_read_only_refuses_the_switches_too(
        self, read_only: Control, listener: socket.socket
    ) -> None:
        for switch in (read_only.enable_events, read_only.disable_events):
            with pytest.raises(ReadOnly):
                switch(["w1@test"])
        with pytest.raises(BlockingIOError):
            listener.accept()

    def test_read_only_asks_the_workers_all_the_same(self, app: Any) -> None:
        with Node(app, "w1@test", stats=lambda state: {"pid": 7}):
            assert Control(app, read_only=True).survey(["w1@test"]).stats == {"w1@test": {"pid": 7}}

    @pytest.mark.parametrize(
        ("params", "named"), [({"signal": "SIGFOO"}, "SIGFOO"), ({"sig": "SIGKILL"}, "sig")]
    )
    def test_a_wrong_parameter_is_named(self, app: Any, params: dict[str, str], named: str) -> None:
        with pytest.raises(UsageError, match=named):
            Control(app, read_only=False).perform("task.terminate", ["id"], params, [])

    def test_no_target_is_no_action(self, app: Any) -> None:
        outcome = Control(app, read_only=False).perform("task.revoke", [], {}, ["w1@test"])
        assert (outcome.replies, outcome.error) == ((), "nothing was chosen")


class TestTasks:
    def revoke(self, app: Any, ids: list[str], workers: list[str], **more: Any) -> Outcome:
        timeout = more.pop("timeout", PATIENCE)
        return Control(app, read_only=False, timeout=timeout).perform(
            more.pop("action", "task.revoke"), ids, more.pop("params", {}), workers, **more
        )

    def test_the_signal_goes_out_and_each_worker_answers(self, app: Any) -> None:
        seen: list[dict[str, Any]] = []

        def here(state: Any, **arguments: Any) -> Any:
            seen.append(arguments)
            return {"ok": f"terminate: {arguments['task_id'][0]}"}

        def elsewhere(state: Any, **arguments: Any) -> Any:
            return {"ok": "terminate: tasks unknown"}

        with (
            Node(app, "w1@test", revoke=here),
            Node(app, "w2@test", revoke=elsewhere),
            within(15),  # all have answered, so nothing is waited for
        ):
            outcome = self.revoke(
                app,
                ["id1"],
                ["w2@test", "w1@test"],
                action="task.terminate",
                params={"signal": "SIGQUIT"},
                timeout=300.0,
            )
        assert seen == [{"task_id": ["id1"], "terminate": True, "signal": "SIGQUIT"}]
        assert outcome.error is None
        assert [(one.worker, one.ok, one.text) for one in outcome.replies] == [
            ("w1@test", True, "terminate: id1"),
            ("w2@test", True, "terminate: tasks unknown (it did not have the task)"),
        ]

    def test_what_has_finished_is_not_sent(self, app: Any) -> None:
        got: list[str] = []

        def take(state: Any, task_id: list[str], **_: Any) -> Any:
            got.extend(task_id)
            return {"ok": f"tasks {set(task_id)} flagged as revoked"}

        ends = {"done": TaskState.SUCCESS, "lost": TaskState.LOST, "runs": TaskState.STARTED}
        tasks = {id: Task(id, 1, state) for id, state in ends.items()}
        with Node(app, "w1@test", revoke=take):
            outcome = self.revoke(app, [*ends, "unknown"], ["w1@test"], tasks=tasks)
        assert got == ["lost", "runs", "unknown"]
        assert [(one.target, one.ok, one.text) for one in outcome.items] == [
            ("done", None, "not sent: already finished (success)"),
            *((id, True, "revoked") for id in got),
        ]
        with Node(app, "w1@test", revoke=take):
            outcome = self.revoke(app, ["done"], ["w1@test"], tasks=tasks)
        assert len(got) == 3
        assert outcome.replies == ()

    def test_an_error_and_a_silence_are_no_success(self, app: Any) -> None:
        def broken(state: Any, **arguments: Any) -> Any:
            raise NotImplementedError("<class 'TaskPool'> does not implement kill_job")

        with Node(app, "w1@test", revoke=broken):
            outcome = self.revoke(app, ["id1"], ["w1@test", "gone@test"], action="task.terminate")
        gone, broke = outcome.replies
        assert (gone.worker, gone.ok, gone.text) == (
            "gone@test",
            None,
            f"no reply within {PATIENCE:g} s",
        )
        assert broke.ok is False
        assert broke.text.startswith("NotImplementedError(")
        assert "pool cannot terminate" in broke.text

    def test_workers_that_nobody_knew_of_are_told_too(self, app: Any) -> None:
        with Node(app, "new@test", revoke=lambda state, **_: {"ok": "tasks {'i'} flagged"}):
            outcome = self.revoke(app, ["i"], [])
        assert [(one.worker, one.ok) for one in outcome.replies] == [("new@test", True)]

    def test_many_go_out_in_chunks_with_one_reply_a_worker(self, app: Any) -> None:
        sizes: list[int] = []

        def count(state: Any, task_id: list[str], **_: Any) -> Any:
            sizes.append(len(task_id))
            return {"ok": f"tasks {set(task_id)} flagged as revoked"}

        ids = [f"id{number}" for number in range(2_500)]
        with Node(app, "w1@test", revoke=count):
            outcome = self.revoke(app, [*ids, ids[0]], ["w1@test", "gone@test"])
        assert sizes == [250] * 10
        assert [(one.worker, one.ok, one.text) for one in outcome.replies] == [
            ("gone@test", None, f"no reply within {PATIENCE:g} s"),
            ("w1@test", True, "2,500 tasks flagged as revoked"),
        ]

    def test_it_can_be_cancelled_between_chunks(self, app: Any) -> None:
        got: list[str] = []

        def take(state: Any, task_id: list[str], **_: Any) -> Any:
            got.extend(task_id)
            return {"ok": "tasks {'x'} flagged as revoked"}

        ids = [f"id{number}" for number in range(3_000)]
        with Node(app, "w1@test", revoke=take):
            outcome = self.revoke(app, ids, ["w1@test"], cancelled=lambda: bool(got))
        assert got == ids[:250]
        assert outcome.error == "cancelled after 250 of 3,000 tasks"
        assert [one.ok for one in outcome.replies] == [True]


class TestEvents:
    def test_tells_who_needed_it(self, app: Any) -> None:
        def answering(text: str) -> Handler:
            return lambda state: {"ok": text}

        def unable(state: Any) -> Any:
            return {"error": "event dispatcher unavailable"}

        with (
            Node(app, "off@test", enable_events=answering("task events enabled")),
            Node(app, "on@test", enable_events=answering("task events already enabled")),
            Node(app, "mute@test", enable_events=unable),
        ):
            control = Control(app, read_only=False, timeout=PATIENCE)
            outcome = control.enable_events(["off@test", "on@test", "mute@test", "gone@test"])
            assert {one.hostname: one.changed for one in switches(outcome)} == {
                "off@test": True,
                "on@test": False,
            }
            assert {reply.worker: reply.ok for reply in outcome.replies} == {
                "off@test": True,
                "on@test": True,
                "mute@test": False,
                "gone@test": None,
            }

    def test_a_broker_that_is_down_is_no_answer(self) -> None:
        app = Celery("tester", broker="amqp://127.0.0.1:1//", set_as_current=False)
        outcome = Control(app, read_only=False).enable_events(["w1@test"])
        assert (switches(outcome), outcome.replies) == ([], ())
        assert outcome.error
        app.close()


class TestBrokerDown:
    @pytest.mark.parametrize("scheme", ["amqp", "redis"])
    def test_the_error_is_one_line_without_the_password(self, scheme: str) -> None:
        app = Celery(
            "tester", broker=f"{scheme}://user:sesame-open@127.0.0.1:1/0", set_as_current=False
        )
        control = Control(app, read_only=False)
        outcome = control.perform("task.revoke", ["id"], {}, ["w1@test"])
        assert outcome.error is not None
        assert "refused" in outcome.error
        assert "\n" not in outcome.error
        assert "sesame" not in outcome.error
        assert outcome.replies == ()
        with pytest.raises(BrokerUnavailable, match="refused"):
            control.survey()
        app.close()


class TestHostileReplies:
    def send_junk(self, app: Any, reply_to: dict[str, str], ticket: str) -> None:
        with app.connection_for_write() as connection:
            producer = connection.Producer()

            def send(body: Any, headers: Any = None, **more: Any) -> None:
                producer.publish(
                    body,
                    exchange=reply_to["exchange"],
                    routing_key=reply_to["routing_key"],
                    headers={"ticket": ticket} if headers is None else headers,
                    **more,
                )

            send({"w@x": {"ok": "other"}}, headers={"ticket": "not ours"})
            send({"w@x": {"ok": "other"}}, headers={"ticket": ["list"]})
            send({"w@x": {"ok": "other"}}, headers={})
            send(["no", "dict"])
            send("text")
            send(None)
            send(
                b"\x80\x04K\x01.",
                content_type="application/x-python-serialize",
                content_encoding="binary",
            )
            send(b"{", content_type="application/json", content_encoding="utf-8")

    def test_are_dropped_and_the_good_ones_kept(self, app: Any) -> None:
        def stats(state: Any) -> Any:
            return {"pid": 7, "broker": {"transport": "redis", "transport_options": {"pw": "x"}}}

        def junk(reply_to: dict[str, str], ticket: str) -> None:
            self.send_junk(app, reply_to, ticket)

        with Node(app, "w1@test", before=junk, stats=stats):
            survey = Control(app, read_only=False, timeout=PATIENCE).survey(["w1@test"])
        assert survey.stats == {"w1@test": {"pid": 7, "broker": {"transport": "redis"}}}
        assert survey.missing == ()


def test_close_ends_a_wait_from_another_thread(app: Any) -> None:
    control = Control(app, read_only=False, timeout=300.0)
    threading.Timer(0.1, control.close).start()
    with within(15):
        assert control.survey(["gone@test"]).missing == ("gone@test",)
