"""The receiver against real brokers and real workers."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from celerytui.model import Batch, Event, Link, LinkState
from celerytui.wire import receiver
from celerytui.wire.receiver import Receiver
from celerytui.wire.registry import broker_of
from tests import waiting
from tests.integration.servers import Process, Server, wait_until


class Job:
    """A receiver in a thread of its own, with what it told."""

    def __init__(self, app: Any) -> None:
        self.batches: list[Batch] = []
        self.links: list[Link] = []
        self.receiver = Receiver(app, self.batches.append, self.links.append)
        self._thread = threading.Thread(target=self.receiver.run, daemon=True)
        self._thread.start()

    @property
    def events(self) -> list[Event]:
        return [event for batch in list(self.batches) for event in batch.events]

    @property
    def invalid(self) -> int:
        return sum(batch.invalid for batch in list(self.batches))

    @property
    def states(self) -> list[LinkState]:
        """The states told, each once in a row."""
        states = [link.state for link in list(self.links)]
        return [state for n, state in enumerate(states) if n == 0 or states[n - 1] is not state]

    def seen(self, uuid: str) -> list[str]:
        """The types of a task's events in their order."""
        return [event.type for event in self.events if event.uuid == uuid]

    def wait_for(self, state: LinkState, seconds: float = 15.0) -> Link:
        wait_until(
            lambda: bool(self.links) and self.links[-1].state is state, seconds, f"link {state}"
        )
        return self.links[-1]

    def stop(self, within: float) -> None:
        with waiting.within(within):
            self.receiver.stop()
            self._thread.join(within * waiting.patience())
        assert not self._thread.is_alive(), f"did not stop within {within} s"
        assert self.links[-1].state is LinkState.STOPPED


@contextmanager
def running(
    app: Any, *, connected: bool = True, stop_within: float = 4.0, faulty: bool = False
) -> Iterator[Job]:
    """A receiver that runs inside the block; its fast reader fails where it is `faulty` alone."""
    job = Job(app)
    try:
        if connected:
            job.wait_for(LinkState.CONNECTED)
        yield job
    finally:
        job.receiver.stop()
    job.stop(stop_within)
    assert faulty or {link.note for link in job.links} == {None}


def publish(app: Any, *bodies: Any, content_type: str = "application/json") -> None:
    """Sends bodies to the event exchange as a worker's dispatcher does, but as they are."""
    from celery.events.event import get_exchange

    with app.connection_for_write() as connection:
        exchange = get_exchange(connection, name=app.conf.event_exchange)
        producer = app.amqp.Producer(connection, exchange=exchange)
        for body in bodies:
            producer.publish(
                body if isinstance(body, bytes) else json.dumps(body).encode(),
                routing_key="task.multi",
                content_type=content_type,
                content_encoding="utf-8",
                declare=[exchange],
            )


def started(uuid: str, **fields: Any) -> dict[str, Any]:
    event = {"type": "task-started", "hostname": "w@h", "timestamp": time.time(), "uuid": uuid}
    return event | fields


def event_queues(app: Any) -> list[str]:
    """The event queues bound on a Redis broker."""
    with app.connection_for_read() as connection:
        names = connection.default_channel.client.smembers("_kombu.binding.celeryev")
        return [name.decode() for name in names]


def without_fast_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the general reader read every broker."""
    monkeypatch.setattr(
        receiver, "broker_of", lambda connection: replace(broker_of(connection), fast_events=None)
    )


@pytest.fixture(params=["fast", "kombu"])
def reader_of_choice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader that is chosen by itself, then the one for any transport and serializer."""
    if request.param == "kombu":
        without_fast_reader(monkeypatch)


def test_the_life_of_a_task_arrives(app: Any, start_worker: Callable[..., Process]) -> None:
    with running(app) as receiver:
        start_worker("w1@test", pool="prefork")
        good = app.send_task("proj.add", (2, 3))
        bad = app.send_task("proj.fail", ("acme",))
        flaky = app.send_task("proj.flaky", (1,))
        steps = app.send_task("proj.progress", (2,))

        ends = {
            good.id: ["task-received", "task-started", "task-succeeded"],
            bad.id: ["task-received", "task-started", "task-failed"],
            steps.id: ["task-progress", "task-progress"],
        }
        wait_until(
            lambda: (
                all(set(types) <= set(receiver.seen(uuid)) for uuid, types in ends.items())
                # One process tries again before the other's retry is told, at times.
                and {"task-retried", "task-succeeded"} <= set(receiver.seen(flaky.id))
            ),
            20,
            "the tasks' events",
        )

        # The client's task-sent comes over another connection, at any place among the worker's.
        assert [kind for kind in receiver.seen(good.id) if kind != "task-sent"] == ends[good.id]
        assert receiver.seen(flaky.id).count("task-retried") == 1
        assert receiver.invalid == 0
        events = receiver.events
        [failed] = [event for event in events if event.type == "task-failed"]
        assert failed.exception == "ValueError('no such account: acme')"
        assert "in charge" in (failed.traceback or "")
        [received] = [e for e in events if e.uuid == good.id and e.type == "task-received"]
        assert (received.name, received.args, received.hostname) == (
            "proj.add",
            "(2, 3)",
            "w1@test",
        )
        assert abs(received.timestamp - time.time()) < 60
        progress = [event.extra for event in events if event.type == "task-progress"]
        assert progress == [{"pct": 50, "note": "step 1"}, {"pct": 100, "note": "step 2"}]
        online = next(event for event in events if event.type == "worker-online")
        assert (online.hostname, online.sw_ident) == ("w1@test", "py-celery")


@pytest.mark.usefixtures("reader_of_choice")
def test_a_worker_in_another_zone_has_our_time(
    make_app: Any, redis_url: str, start_worker_on: Callable[..., Process]
) -> None:
    app = make_app(redis_url)
    with running(app) as ours:
        start_worker_on(redis_url, "tokyo@test", zone="Asia/Tokyo")
        task_id = app.send_task("proj.add", (1, 2)).id

        def done() -> list[Event]:
            found = [event for event in ours.events if event.uuid == task_id]
            return [event for event in found if event.type == "task-succeeded"]

        wait_until(lambda: bool(done()), 20, "the task to succeed")
        [event] = done()

    assert event.hostname == "tokyo@test"
    assert abs(event.timestamp - time.time()) < 60


def test_what_is_malformed_is_counted_and_nothing_else_is_lost(app: Any) -> None:
    with running(app) as receiver:
        publish(
            app,
            started("a"),
            5,
            b"{not json",
            [started("b"), {"uuid": "no type"}, started("c")],
            started("d", clock=10**30),
            started("e", timestamp="now"),
            {"type": "deploy-done", "timestamp": time.time(), "version": "1"},
        )
        publish(app, b"\x80\x04N.", content_type="application/x-python-serialize")
        publish(app, started("f"))
        wait_until(lambda: receiver.seen("f") == ["task-started"], 10, "the last event")

        uuids = [event.uuid for event in receiver.events]
        assert uuids == ["a", "b", "c", "d", None, "f"]
        assert receiver.invalid == 5
        assert receiver.states == [LinkState.CONNECTING, LinkState.CONNECTED]


@pytest.mark.usefixtures("reader_of_choice")
def test_bodies_of_any_size_arrive(app: Any) -> None:
    with running(app) as receiver:
        publish(app, started("small"), started("200 kB", args="x" * 200_000))
        publish(app, [started(str(number), args="y" * 3000) for number in range(200)])
        # More than 16 MiB is no message to RabbitMQ 4.0.
        publish(app, started("16 MB", args="z" * 16_000_000), b"", started("last"))
        wait_until(lambda: receiver.seen("last") != [], 30, "the last event")

        uuids = [event.uuid for event in receiver.events]
        assert uuids == ["small", "200 kB", *map(str, range(200)), "16 MB", "last"]
        # RabbitMQ carries an empty body, kombu's virtual transports do, too.
        assert receiver.invalid == 1


@pytest.mark.usefixtures("reader_of_choice")
def test_a_broken_envelope_does_not_end_it(make_app: Any, redis_url: str) -> None:
    app = make_app(redis_url)
    with running(app) as receiver:
        with app.connection_for_write() as connection:
            client = connection.default_channel.client
            number = redis_url.rpartition("/")[2]
            # In one piece: kombu stumbles while it holds those that come after.
            pipe = client.pipeline()
            for data in (b"nonsense", b"5", b"{}", b'{"body": 5, "properties": {}}', b"[[[["):
                pipe.publish(f"/{number}.celeryev/task.multi", data)
            whole = {
                "body": json.dumps(started("after")),
                "content-type": "application/json",
                "content-encoding": "utf-8",
                "headers": {},
                "properties": {"delivery_tag": "t", "delivery_info": {}},
            }
            pipe.publish(f"/{number}.celeryev/task.multi", json.dumps(whole))
            pipe.execute()
        wait_until(lambda: receiver.seen("after") != [], 10, "the event after them")

        assert LinkState.RECONNECTING not in receiver.states


@pytest.mark.usefixtures("reader_of_choice")
def test_nothing_is_left_on_redis(make_app: Any, redis_url: str) -> None:
    app = make_app(redis_url)
    with running(app) as receiver:
        publish(app, started("a"))
        wait_until(lambda: receiver.seen("a") != [], 10, "an event")

    assert event_queues(app) == []


@pytest.mark.usefixtures("reader_of_choice")
def test_nothing_is_left_on_rabbitmq(make_app: Any, amqp_url: str) -> None:
    app = make_app(amqp_url, event_queue_exclusive=False)
    names: list[str] = []
    with running(app) as receiver, app.connection_for_read() as connection:
        channel = connection.default_channel
        reader: Any = receiver.receiver._reader
        names.append(reader.queue)
        assert channel.queue_declare(names[0], passive=True).consumer_count == 1

    with app.connection_for_read() as connection, pytest.raises(connection.channel_errors):
        connection.default_channel.queue_declare(names[0], passive=True)


def test_it_reconnects_when_the_broker_was_killed(
    make_app: Any,
    broker_server: Server,
    revived: Callable[[Server], Server],
) -> None:
    app = make_app(broker_server.fresh_url())
    server = revived(broker_server)
    with running(app) as receiver:
        publish(app, started("before"))
        wait_until(lambda: receiver.seen("before") != [], 10, "an event")
        killed = time.time()
        server.kill()
        receiver.wait_for(LinkState.RECONNECTING)
        wait_until(lambda: receiver.links[-1].attempt >= 2, 10, "a second try")
        told = [link for link in receiver.links if link.state is LinkState.RECONNECTING]
        server.start()
        back = receiver.wait_for(LinkState.CONNECTED, 30)
        publish(app, started("after"))
        wait_until(lambda: receiver.seen("after") != [], 10, "an event after the gap")

    assert receiver.states == [
        LinkState.CONNECTING,
        LinkState.CONNECTED,
        LinkState.RECONNECTING,
        LinkState.CONNECTED,
        LinkState.STOPPED,
    ]
    assert all(link.error and link.lost_at for link in told)
    assert any(link.next_try and 0.5 < link.next_try - link.since <= 5 for link in told)
    assert back.lost_at is not None
    assert killed - 5 < back.lost_at < back.since
    assert back.error is None


def test_a_broker_that_refuses_is_tried_again_and_stop_is_quick(make_app: Any) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        for url in (
            f"redis://:s3cr3tpw@127.0.0.1:{port}/0",
            f"amqp://u:s3cr3tpw@127.0.0.1:{port}//",
        ):
            with running(make_app(url), connected=False) as receiver:
                link = receiver.wait_for(LinkState.RECONNECTING)
                assert "refused" in (link.error or "")
                assert "s3cr3tpw" not in str(receiver.links)
                assert link.lost_at is None
                receiver.stop(3.0)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_stop_is_quick_while_the_broker_accepts_and_is_silent(make_app: Any, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/0"
        with running(make_app(url), connected=False) as receiver:
            accepted, _ = silent.accept()
            with accepted:
                accepted.recv(8)
                receiver.stop(3.0)


def test_stop_is_quick_while_the_broker_is_frozen(
    make_app: Any, broker_server: Server, revived: Callable[[Server], Server]
) -> None:
    app = make_app(broker_server.fresh_url())
    server = revived(broker_server)
    with running(app) as receiver:
        server.freeze()
        receiver.stop(3.0)


def test_a_redis_that_freezes_is_noticed_and_found_again(
    make_app: Any, redis_server: Server, revived: Callable[[Server], Server]
) -> None:
    app = make_app(redis_server.fresh_url())
    server = revived(redis_server)
    with running(app) as receiver:
        server.freeze()
        frozen = time.time()
        lost = receiver.wait_for(LinkState.RECONNECTING, 14)
        server.thaw()
        receiver.wait_for(LinkState.CONNECTED)

    assert "ping" in (lost.error or "")
    # From when it was last heard, not from when that was noticed.
    assert lost.lost_at is not None
    assert lost.lost_at <= frozen + 1


def test_a_wait_can_be_cut_short(make_app: Any) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{held.getsockname()[1]}/0"
        with running(make_app(url), connected=False) as receiver:
            wait_until(
                lambda: any(link.attempt == 4 and link.next_try for link in receiver.links),
                20,
                "the wait of 5 s",
            )
            with waiting.within(4):
                receiver.receiver.reconnect_now()
                wait_until(lambda: receiver.links[-1].attempt == 5, 4, "the next try")


def test_the_filesystem_carries_events(make_app: Any, tmp_path: Any) -> None:
    for name in ("data", "control"):
        (tmp_path / name).mkdir()
    options = {
        "data_folder_in": str(tmp_path / "data"),
        "data_folder_out": str(tmp_path / "data"),
        "control_folder": str(tmp_path / "control"),
        "polling_interval": 0.05,
    }
    app = make_app("filesystem://", broker_transport_options=options)
    with running(app) as receiver:
        publish(app, started("a"), [started("b"), 5])
        wait_until(lambda: receiver.invalid == 1, 10, "the events")

        # Files that are made at once have no order.
        assert {event.uuid for event in receiver.events} == {"a", "b"}


def test_an_app_that_asks_for_pickle_is_told(make_app: Any, redis_url: str) -> None:
    with running(make_app(redis_url, event_serializer="pickle")) as receiver:
        assert "pickle" in (receiver.links[-1].error or "")
