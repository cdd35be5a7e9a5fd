from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from amqp.exceptions import InternalError
from celery import Celery

from celerytui.engine import Engine
from celerytui.model import QueueDepth
from celerytui.settings import Settings
from celerytui.wire.amqp import private
from celerytui.wire.connections import open_depths
from celerytui.wire.depths import DepthReader
from celerytui.wire.redis import unacked
from tests.integration.servers import Process, Server, free_port, redis_binary, wait_until
from tests.waiting import within

MakeApp = Callable[..., Any]
OpenReader = Callable[[Any], DepthReader]


@pytest.fixture
def reader_of() -> Iterator[OpenReader]:
    readers = []

    def open_one(app: Any) -> DepthReader:
        reader = open_depths(app)
        readers.append(reader)
        return reader

    yield open_one
    for reader in readers:
        reader.close()


def send(app: Any, queue: str, count: int = 1, **options: Any) -> None:
    """Send tasks, which RabbitMQ has once this returns: it says so where it is asked to."""
    with app.connection_for_write(transport_options={"confirm_publish": True}) as connection:
        producer = app.amqp.Producer(connection)
        for _ in range(count):
            app.send_task("proj.add", (1, 2), queue=queue, producer=producer, **options)


def rows(depths: list[QueueDepth]) -> dict[str, QueueDepth]:
    return {depth.name: depth for depth in depths}


class TestBoth:
    def test_a_queue_that_nobody_consumes(self, app: Any, reader_of: OpenReader) -> None:
        send(app, "lonely", 5)
        (depth,) = reader_of(app).read(["lonely"])
        assert (depth.ready, depth.error) == (5, None)
        assert depth.consumers in (0, None)

    def test_consumed_waiting_and_missing_in_one_reading(
        self,
        app: Any,
        broker_server: Server,
        reader_of: OpenReader,
        start_worker: Callable[..., Process],
    ) -> None:
        start_worker("w1@test", queues="celery")
        send(app, "lonely", 2)
        celery, missing, lonely = reader_of(app).read(["celery", "missing", "lonely"])
        assert (celery.ready, lonely.ready) == (0, 2)
        if broker_server.scheme == "amqp":
            assert celery.consumers == 1
            assert missing == QueueDepth("missing", error="not declared")
        else:  # an empty list does not exist on Redis, and nobody knows who consumes
            assert celery.consumers is None
            assert (missing.ready, missing.error) == (0, None)

    def test_without_an_app_the_default_queue_is_shown_once_the_broker_has_it(
        self, broker_url: str, broker_server: Server, reader_of: OpenReader
    ) -> None:
        # What -b alone makes: Celery's own default app, whose default queue nobody chose.
        app = Celery("default", broker=broker_url, set_as_current=False)
        try:
            reader = reader_of(app)
            assert "celery" in reader.known_names()
            (missing,) = reader.read(["celery", "missing"])
            error = "not declared" if broker_server.scheme == "amqp" else None
            assert (missing.name, missing.error) == ("missing", error)
            send(app, "celery", 2)

            def both_wait() -> bool:
                return [(one.name, one.ready) for one in reader.read(["celery"])] == [("celery", 2)]

            wait_until(both_wait, 20, "both messages to wait")
            with app.connection_for_write() as connection:
                connection.default_channel.queue_delete("celery")
                if broker_server.scheme == "redis":
                    connection.default_channel.client.flushdb()
            (gone,) = reader.read(["celery"])
            assert (gone.error, gone.ready) == (error, None if error else 0)
            # One that somebody names is no guess.
            other = reader_of(app)
            assert other.read(["celery"]) == []
            other.named(["celery"])
            assert other.read(["celery"]) == [gone]
            app.conf.task_default_queue = "celery"
            assert reader_of(app).read(["celery"]) == [gone]
        finally:
            app.close()

    def test_without_an_app_an_empty_queue_that_is_consumed_has_no_message(
        self,
        broker_url: str,
        reader_of: OpenReader,
        start_worker: Callable[..., Process],
    ) -> None:
        app = Celery("default", broker=broker_url, set_as_current=False)
        try:
            reader = reader_of(app)
            assert reader.read(["celery"]) == []
            start_worker("w1@test", queues="celery")
            (read,) = reader.read(["celery"])
            assert (read.ready, read.error) == (0, None)
        finally:
            app.close()

    def test_a_monitor_without_an_app_shows_what_it_knows_of_the_default_queue(
        self, broker_url: str, start_worker: Callable[..., Process]
    ) -> None:
        app = Celery("default", broker=broker_url, set_as_current=False)
        engine = Engine(app, Settings(queues=("mail",), queue_interval=0.1), headless=True)
        engine.start()
        try:

            def read() -> dict[str, int | None]:
                return {one.name: one.ready for one in engine.store.queues() if one.read_at}

            wait_until(lambda: "mail" in read(), 20, "the queue that was asked for")
            assert "celery" not in read()
            start_worker("w1@test", queues="celery")
            wait_until(lambda: read().get("celery") == 0, 20, "the queue of a worker")
        finally:
            engine.stop()
            app.close()

    def test_two_hundred_at_once(self, app: Any, reader_of: OpenReader) -> None:
        send(app, "q7", 3)
        reader = reader_of(app)
        reader.read(["q7"])
        with within(10):
            depths = reader.read([f"q{number}" for number in range(200)])
        assert [depth.name for depth in depths] == [f"q{number}" for number in range(200)]
        assert depths[7].ready == 3

    def test_a_restart_is_met_by_the_next_reading(
        self,
        app: Any,
        broker_server: Server,
        reader_of: OpenReader,
        revived: Callable[[Server], Server],
    ) -> None:
        send(app, "celery")
        watching, idle = reader_of(app), reader_of(app)
        assert watching.read(["celery"])[0].error is idle.read(["celery"])[0].error is None
        server = revived(broker_server)
        server.kill()
        for _ in range(2):
            (down,) = watching.read(["celery"])
            assert down.ready is None
            assert down.error is not None
            assert "\n" not in down.error
        server.start()
        # One connects anew; the other finds out only now that its connection is gone.
        for reader in (watching, idle):
            assert reader.read(["celery"])[0].error in (None, "not declared")

    def test_a_frozen_broker_holds_no_reading_and_no_closing(
        self,
        app: Any,
        broker_server: Server,
        reader_of: OpenReader,
        revived: Callable[[Server], Server],
    ) -> None:
        send(app, "celery")
        reader = reader_of(app)
        assert reader.read(["celery"])[0].ready == 1
        server = revived(broker_server)
        server.freeze()
        with within(8):
            (frozen,) = reader.read(["celery"])
        assert frozen.error is not None
        server.thaw()
        assert reader.read(["celery"])[0].ready == 1
        server.freeze()
        with within(4):
            reader.close()
        server.thaw()

    def test_names_from_events_do_no_harm(self, app: Any, reader_of: OpenReader) -> None:
        send(app, "celery")
        hostile = ["", "x" * 300, "\udc80", "a\x1b[31m\nb", "celery\x06\x163", "é" * 127, "\x00"]
        found = rows(reader_of(app).read([*hostile, "celery"]))
        assert set(found) == {*hostile, "celery"}
        assert found["celery"].ready == 1


class TestAmqp:
    def test_all_priorities_are_counted(
        self, make_app: MakeApp, amqp_url: str, reader_of: OpenReader
    ) -> None:
        app = make_app(amqp_url, task_queue_max_priority=10)
        for priority in (0, 4, 9):
            send(app, "celery", priority=priority)
        reader = reader_of(app)
        wait_until(lambda: reader.read(["celery"])[0].ready == 3, 5, "three messages")

    def test_an_exclusive_queue_has_its_reason(
        self, make_app: MakeApp, amqp_url: str, reader_of: OpenReader
    ) -> None:
        app = make_app(amqp_url)
        send(app, "celery")
        with app.connection_for_write() as connection:
            connection.default_channel.queue_declare(queue="mine", exclusive=True)
            mine, celery = reader_of(app).read(["mine", "celery"])
        assert mine.error == "exclusive to another connection"
        assert celery.ready == 1

    def test_a_name_over_which_the_broker_ends_the_connection_costs_its_row_alone(
        self,
        make_app: MakeApp,
        amqp_url: str,
        reader_of: OpenReader,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """As RabbitMQ 4.0 does over some long names that are not ASCII; older ones do not."""
        app = make_app(amqp_url)
        send(app, "first")
        send(app, "last", 2)
        asked: list[str] = []
        send_declare, take_declared = private.send_declare, private.take_declared

        def sent(channel: Any, name: str) -> None:
            asked.append(name)
            send_declare(channel, name)

        def taken(channel: Any) -> tuple[int, int]:
            if asked.pop(0) == "é":
                asked.clear()
                channel.connection.transport.close()
                raise InternalError("INTERNAL_ERROR", (0, 0), 541)
            return take_declared(channel)

        monkeypatch.setattr(private, "send_declare", sent)
        monkeypatch.setattr(private, "take_declared", taken)
        reader = reader_of(app)
        names = ["first", "é", "last"]
        found = rows(reader.read(names))
        assert {name: depth.ready for name, depth in found.items()} == {
            "first": 1,
            "é": None,
            "last": 2,
        }
        assert found["é"].error == "the broker fails when it is asked for it"
        # Nor is the broker asked for it again soon: each time is another connection.
        assert [depth.name for page in reader.pages(names) for depth in page] == ["first", "last"]


class TestRedis:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"global_keyprefix": "proj:"},
            {"sep": ":", "priority_steps": list(range(10))},
            {"global_keyprefix": "p.", "priority_steps": [0, 5], "sep": "|"},
        ],
    )
    def test_priorities_prefix_and_separator(
        self, options: dict[str, Any], make_app: MakeApp, redis_url: str, reader_of: OpenReader
    ) -> None:
        app = make_app(redis_url, broker_transport_options=options)
        for priority in range(10):
            send(app, "celery", priority=priority)
        send(make_app(redis_url), "other", 2)
        reader = reader_of(app)
        celery, other = reader.read(["celery", "other"])
        assert (celery.ready, celery.unacked) == (10, 0)
        assert other.ready == (0 if "global_keyprefix" in options else 2)
        assert "celery" in reader.known_names()

    def test_each_database_is_its_own(
        self, make_app: MakeApp, redis_server: Server, reader_of: OpenReader
    ) -> None:
        one, two = (make_app(redis_server.fresh_url()) for _ in range(2))
        send(one, "celery", 3)
        assert reader_of(one).read(["celery"])[0].ready == 3
        assert reader_of(two).read(["celery"])[0].ready == 0

    def test_a_key_of_another_kind_is_an_error_in_its_row(
        self, make_app: MakeApp, redis_url: str, reader_of: OpenReader
    ) -> None:
        from redis import Redis

        app = make_app(redis_url)
        send(app, "celery")
        with Redis.from_url(redis_url) as client:
            client.set("odd", "text")
        odd, celery = reader_of(app).read(["odd", "celery"])
        assert odd.ready is None
        assert odd.error is not None
        assert odd.error.startswith("WRONGTYPE")
        assert (celery.ready, celery.error) == (1, None)

    def test_known_names_are_those_bound_to_the_configured_exchanges(
        self, make_app: MakeApp, redis_url: str, reader_of: OpenReader
    ) -> None:
        kombu: Any = import_module("kombu")
        images = kombu.Queue("images", kombu.Exchange("celery"), routing_key="img")
        elsewhere = make_app(redis_url, task_queues=[images])
        send(elsewhere, "images")
        reader = reader_of(make_app(redis_url))
        assert reader.known_names() == {"celery"}
        reader.read([])
        assert reader.known_names() == {"celery", "images"}


@pytest.fixture
def sentinel_url(redis_server: Server, tmp_path: Path) -> Iterator[str]:
    """A sentinel that watches the session's Redis under the name `main`."""
    port = free_port()
    conf = tmp_path / "sentinel.conf"
    conf.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {redis_server.port} 1\n"
    )
    sentinel = Process([redis_binary() or "", str(conf), "--sentinel"], tmp_path / "sentinel.log")
    wait_until(lambda: "+monitor master main" in sentinel.output(), 10, "the sentinel")
    yield f"sentinel://127.0.0.1:{port}/{redis_server.fresh_url().rpartition('/')[2]}"
    sentinel.stop()


def test_through_a_sentinel(
    make_app: MakeApp, sentinel_url: str, redis_server: Server, reader_of: OpenReader
) -> None:
    app = make_app(sentinel_url, broker_transport_options={"master_name": "main"})
    send(app, "celery", 3)
    (depth,) = reader_of(app).read(["celery"])
    assert (depth.ready, depth.error) == (3, None)
    number = sentinel_url.rpartition("/")[2]
    direct = make_app(f"redis://127.0.0.1:{redis_server.port}/{number}")
    assert reader_of(direct).read(["celery"])[0].ready == 3


class TestUnackedOnRedis:
    @pytest.fixture
    def app(self, make_app: MakeApp, redis_url: str) -> Any:
        return make_app(redis_url)

    def hold(self, app: Any, queue: str, count: int) -> Any:
        """Take that many messages off a queue and acknowledge none; the connection to close."""
        connection = app.connection_for_read()
        channel = connection.default_channel
        for _ in range(count):
            assert channel.basic_get(queue) is not None
        return connection

    def test_counted_by_queue(self, app: Any, reader_of: OpenReader) -> None:
        send(app, "celery", 5)
        send(app, "other", 4)
        reader = reader_of(app)
        holders = [self.hold(app, "celery", 2), self.hold(app, "other", 3)]
        for _ in range(2):
            found = rows(reader.read(["celery", "other", "idle"]))
            assert [(one.ready, one.unacked) for one in found.values()] == [(3, 2), (1, 3), (0, 0)]
        for holder in holders:  # which puts them back
            holder.release()
        found = rows(reader.read(["celery", "other"]))
        assert [(one.ready, one.unacked) for one in found.values()] == [(5, 0), (4, 0)]

    def test_what_a_worker_prefetched(
        self,
        app: Any,
        redis_url: str,
        reader_of: OpenReader,
        start_worker_on: Callable[..., Process],
    ) -> None:
        worker = start_worker_on(redis_url, pool="prefork", concurrency=1)
        for _ in range(6):
            app.send_task("proj.sleepy", (60,))
        reader = reader_of(app)
        # One runs and is acknowledged, four more are prefetched, one stays.
        wait_until(
            lambda: [(one.ready, one.unacked) for one in reader.read(["celery"])] == [(1, 4)],
            10,
            "the worker's prefetch",
        )
        worker.kill()

    def test_too_many_or_too_big_or_strange_is_not_known(
        self, app: Any, redis_url: str, reader_of: OpenReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from redis import Redis

        send(app, "celery", 5)
        reader = reader_of(app)
        holder = self.hold(app, "celery", 4)

        def seen() -> tuple[int | None, int | None]:
            (depth,) = reader.read(["celery"])
            assert depth.error is None
            return depth.ready, depth.unacked

        monkeypatch.setattr(unacked, "MAX_BYTES", 100)
        assert seen() == (1, None)
        monkeypatch.setattr(unacked, "MAX_BYTES", 1_000_000)
        monkeypatch.setattr(unacked, "MAX_ENTRIES", 3)
        assert seen() == (1, None)
        monkeypatch.setattr(unacked, "MAX_ENTRIES", 1_000)
        assert seen() == (1, 4)
        with Redis.from_url(redis_url) as client:
            client.hset("unacked", "strange", "no json")
            assert seen() == (1, None)
            client.hset("unacked", "strange", '[{}, "nowhere", "key"]')
            assert seen() == (1, None)
            client.hdel("unacked", "strange")
        assert seen() == (1, 4)
        holder.release()
