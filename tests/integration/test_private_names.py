"""What the client libraries promise to nobody: each such name is taken away from us in turn.

The libraries themselves go on finding it. The names are read off the files in which they are to
stand, so that one that is used and not listed here fails.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from celerytui.control import Control
from celerytui.model import LinkState, QueueDepth
from celerytui.wire import connections
from celerytui.wire.connections import block_watch, open_depths, unacked_reader
from celerytui.wire.generic import events as kombu_events
from tests.integration.hidden import (
    AMQP_BLOCKED,
    AMQP_DEPTHS,
    AMQP_END,
    AMQP_EVENTS,
    NAMES,
    PLAIN,
    REDIS_DEPTHS,
    REDIS_EVENTS,
    REDIS_PING,
    REDIS_REDELIVERY,
    REDIS_REPLIES,
    REDIS_RESUME,
    REDIS_UNACKED,
    Hidden,
    hide,
)
from tests.integration.servers import Process, RabbitServer, wait_until
from tests.integration.test_receive import (
    Job,
    event_queues,
    publish,
    running,
    started,
    without_fast_reader,
)

__all__ = ["hide"]

WIRE = Path(connections.__file__).parent


def attributes(path: Path) -> set[str]:
    """The names that are looked up on anything in a file, Python's own with __ aside."""
    found = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    return {name for name in found if not name.startswith("__")}


@pytest.mark.parametrize("broker", sorted(path.parent.name for path in WIRE.glob("*/private.py")))
def test_each_name_is_listed_here(broker: str) -> None:
    assert attributes(WIRE / broker / "private.py") - PLAIN == NAMES[broker].keys()


def test_each_name_is_taken_away_somewhere() -> None:
    taken = {*REDIS_EVENTS, *REDIS_DEPTHS, *REDIS_UNACKED, *REDIS_PING, *REDIS_REDELIVERY}
    assert taken | {*REDIS_RESUME, *REDIS_REPLIES} == NAMES["redis"].keys()
    assert {*AMQP_EVENTS, *AMQP_END, *AMQP_BLOCKED, *AMQP_DEPTHS} == NAMES["amqp"].keys()


def test_private_names_stand_nowhere_else() -> None:
    strangers = {
        f"{path.relative_to(WIRE)}: {node.attr}"
        for path in WIRE.rglob("*.py")
        if path.name != "private.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) not in {"self", "super()"}
    }
    assert strangers == set()


def wait_for_event(app: Any, job: Job) -> None:
    """Publishes until an event arrives over the general reader, whatever fails before it does."""

    def seen() -> bool:
        if job.links[-1].state is LinkState.CONNECTED:
            publish(app, started("again" if job.links[-1].note else "first"))
            time.sleep(0.05)
        return job.seen("again") != []

    wait_until(seen, 20, "an event over the general reader")


def check_an_event_arrives(app: Any, job: Job) -> None:
    publish(app, started("u"))
    wait_until(lambda: job.seen("u") != [], 10, "the event")


def check_why_is_said_once(caplog: pytest.LogCaptureFixture, name: str) -> None:
    assert [repr(name) in record.getMessage() for record in caplog.records] == [True]


def check_the_queues_go(server: RabbitServer, url: str) -> None:
    vhost = url.rpartition("/")[2]
    wait_until(lambda: not server.queues(vhost), 20, "the queues to be gone")


def check_the_general_reader_takes_over(app: Any, title: str, hidden: Hidden) -> None:
    with running(app, connected=False, faulty=True) as job:
        wait_until(lambda: bool(job.links), 5, "a link")
        wait_for_event(app, job)
        note = job.links[-1].note or ""

        assert f"the fast reader for {title} failed (AttributeError: " in note
        assert repr(hidden.name) in note
        assert job.links[-1].error is None
        # The broker is not blamed: no try of it is counted and none is waited for.
        assert all(link.attempt <= 1 and link.next_try is None for link in job.links)


@pytest.mark.parametrize("name", REDIS_EVENTS)
def test_events_from_redis_arrive_without(
    name: str, make_app: Callable[..., Any], redis_url: str, hide: Callable[[str, str], Hidden]
) -> None:
    app = make_app(redis_url)
    check_the_general_reader_takes_over(app, "Redis", hide("redis", name))
    assert event_queues(app) == []


@pytest.mark.parametrize("name", AMQP_EVENTS)
def test_events_from_rabbitmq_arrive_without(
    name: str,
    make_app: Callable[..., Any],
    rabbitmq_server: RabbitServer,
    hide: Callable[[str, str], Hidden],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Heartbeats are all that comes besides deliveries.
    monkeypatch.setattr(connections, "AMQP_HEARTBEAT_SECONDS", 2)
    url = rabbitmq_server.fresh_url()
    check_the_general_reader_takes_over(make_app(url), "RabbitMQ", hide("amqp", name))
    check_the_queues_go(rabbitmq_server, url)


@pytest.mark.parametrize("name", AMQP_END)
@pytest.mark.parametrize("fast", [True, False])
def test_rabbitmq_is_left_without(
    name: str,
    fast: bool,
    make_app: Callable[..., Any],
    rabbitmq_server: RabbitServer,
    hide: Callable[[str, str], Hidden],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = rabbitmq_server.fresh_url()
    app = make_app(url)
    if not fast:
        without_fast_reader(monkeypatch)
    hidden = hide("amqp", name)
    with running(app) as job:
        check_an_event_arrives(app, job)
        assert job.receiver._reader is not None
        if name == "_transport":
            job.receiver._reader.abort()

    assert hidden.missed > 0
    check_the_queues_go(rabbitmq_server, url)


@pytest.mark.parametrize("name", REDIS_PING)
def test_the_general_reader_stays_on_redis_without(
    name: str,
    make_app: Callable[..., Any],
    redis_url: str,
    hide: Callable[[str, str], Hidden],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kombu_events, "PING_SECONDS", 0.0)
    monkeypatch.setattr(kombu_events, "CHECK_SECONDS", 0.0)
    without_fast_reader(monkeypatch)
    app = make_app(redis_url)
    hidden = hide("redis", name)
    with running(app) as job:
        wait_until(lambda: hidden.missed > 0, 10, "a ping")
        check_an_event_arrives(app, job)

        assert job.states == [LinkState.CONNECTING, LinkState.CONNECTED]


@pytest.mark.parametrize("name", REDIS_RESUME)
def test_what_kombu_stumbled_before_comes_with_the_next_event_without(
    name: str,
    make_app: Callable[..., Any],
    redis_url: str,
    hide: Callable[[str, str], Hidden],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_fast_reader(monkeypatch)
    app = make_app(redis_url)
    hidden = hide("redis", name)
    with running(app) as job:
        with app.connection_for_write() as connection:
            number = redis_url.rpartition("/")[2]
            client = connection.default_channel.client
            client.publish(f"/{number}.celeryev/task.multi", b"5")
        wait_until(lambda: hidden.missed > 0, 10, "the stumble")
        check_an_event_arrives(app, job)

        assert job.states == [LinkState.CONNECTING, LinkState.CONNECTED]


@pytest.mark.parametrize("name", REDIS_REPLIES)
def test_workers_on_redis_are_heard_without(
    name: str,
    make_app: Callable[..., Any],
    redis_url: str,
    start_worker_on: Callable[..., Process],
    hide: Callable[[str, str], Hidden],
    caplog: pytest.LogCaptureFixture,
) -> None:
    start_worker_on(redis_url)
    control = Control(make_app(redis_url), read_only=True)
    hidden = hide("redis", name)
    assert control.survey(["w1@test"]).stats.keys() == {"w1@test"}
    assert hidden.missed > 0
    check_why_is_said_once(caplog, name)


@pytest.mark.parametrize("name", AMQP_DEPTHS)
def test_queues_on_rabbitmq_are_read_without(
    name: str,
    make_app: Callable[..., Any],
    amqp_url: str,
    hide: Callable[[str, str], Hidden],
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app(amqp_url)
    app.send_task("proj.add", (1, 2))
    hidden = hide("amqp", name)
    reader = open_depths(app)
    wait_until(lambda: reader.read(["celery"])[0].ready == 1, 10, "the message")
    reader.close()

    assert hidden.missed > 0
    check_why_is_said_once(caplog, name)


@pytest.fixture
def holding(make_app: Callable[..., Any], redis_url: str) -> Iterator[Any]:
    """An app with four messages in its queue and one taken and not acknowledged."""
    app = make_app(redis_url)
    for _ in range(5):
        app.send_task("proj.add", (1, 2))
    connection = app.connection_for_read()
    assert connection.default_channel.basic_get("celery") is not None
    yield app
    connection.release()


@pytest.mark.parametrize("name", [*REDIS_DEPTHS, *REDIS_UNACKED])
def test_queues_on_redis_are_read_without(
    name: str,
    holding: Any,
    hide: Callable[[str, str], Hidden],
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = open_depths(holding)
    assert reader.read(["celery"]) == [QueueDepth("celery", ready=4, unacked=1)]
    hidden = hide("redis", name)
    for _ in range(2):
        assert reader.read(["celery"]) == [QueueDepth("celery", ready=4)]
    reader.close()

    assert hidden.missed == 2
    check_why_is_said_once(caplog, name)


@pytest.mark.parametrize("name", REDIS_REDELIVERY)
def test_when_redis_delivers_again_is_unknown_without(
    name: str,
    holding: Any,
    hide: Callable[[str, str], Hidden],
    caplog: pytest.LogCaptureFixture,
) -> None:
    hidden = hide("redis", name)
    _, reader = unacked_reader(holding)
    assert reader is not None
    assert [reader.due(["some-id"]) for _ in range(2)] == [{}, {}]
    reader.close()

    assert hidden.missed == 2
    check_why_is_said_once(caplog, name)


@pytest.mark.parametrize("name", AMQP_BLOCKED)
def test_that_rabbitmq_blocks_is_told_without(
    name: str,
    make_app: Callable[..., Any],
    rabbitmq_server: RabbitServer,
    hide: Callable[[str, str], Hidden],
) -> None:
    hidden = hide("amqp", name)
    watch = block_watch(make_app(rabbitmq_server.fresh_url()))
    assert watch is not None
    with rabbitmq_server.alarm("memory"):
        blockage = watch.look(silent=True)
    wait_until(lambda: watch.look(silent=True) is None, 10, "it to be over")
    watch.close()

    assert hidden.missed == 1
    assert blockage is not None
    assert blockage.text.startswith("RabbitMQ blocks publishers: ")


@pytest.mark.parametrize("name", NAMES["generic"])
def test_a_queue_of_any_transport_has_its_reason_without(
    name: str, make_app: Callable[..., Any], hide: Callable[[str, str], Hidden]
) -> None:
    reader = open_depths(make_app("memory://"))
    assert reader.read(["celery"]) == [QueueDepth("celery", ready=0)]
    hide("generic", name)
    [depth] = reader.read(["celery"])
    reader.close()

    assert depth.ready is None
    assert depth.error is not None
    assert repr(name) in depth.error
