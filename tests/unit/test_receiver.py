"""The receiver's loop: what it tells of the connection and how it hands events on."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery
from kombu.transport import memory

from celerytui.model import Batch, Link, LinkState
from celerytui.wire import receiver
from celerytui.wire.broker import Broker, Silence
from celerytui.wire.decode import EventDecoder
from celerytui.wire.lag import WINDOW
from celerytui.wire.receiver import Receiver
from tests.waiting import patience, within

EVENT = json.dumps({"type": "task-started", "hostname": "w@h", "timestamp": 900, "uuid": "u"})


class DirectOnly(memory.Transport):
    """A transport that carries no events, like SQS."""

    implements = memory.Transport.implements.extend(exchange_type=frozenset(["direct"]))


class Elsewhere(memory.Transport):
    """One that other processes could reach, for all that is known of it."""

    driver_type = "elsewhere"


class Script:
    """A broker that does what its steps say: an error is raised, a number of events is sent.

    `open` and `read` each take a step; after the last step it calls `done`.
    """

    def __init__(self, decoder: EventDecoder, opens: deque[Any], reads: deque[Any]) -> None:
        self.decoder = decoder
        self.opens = opens
        self.reads = reads
        self.closed: list[bool] = []
        self.aborted = threading.Event()
        self.blocking = threading.Event()
        self.done: Callable[[], None] = lambda: None

    def open(self) -> None:
        step = self.opens.popleft() if self.opens else None
        if step == "block":
            self.blocking.set()
            assert self.aborted.wait(100)
            raise ConnectionResetError("shut")
        if isinstance(step, BaseException):
            raise step

    def read(self, seconds: float) -> None:
        if not self.reads:
            self.done()
            return
        step = self.reads.popleft()
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            step()
            return
        for _ in range(step):
            self.decoder.add_json(EVENT)

    def close(self, *, lost: bool) -> None:
        self.closed.append(lost)

    def abort(self) -> None:
        self.aborted.set()


class Told:
    """Runs a receiver on a scripted broker and keeps what it told."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        opens: list[Any],
        reads: list[Any],
        on_batch: Callable[[Batch], None] | None = None,
        url: str = "memory://",
    ) -> None:
        self.now = 1000.0
        self.links: list[Link] = []
        self.batches: list[Batch] = []
        self.script: Script | None = None
        self.opens, self.reads = deque(opens), deque(reads)

        def fast_events(_app: Any, _kombu: Any, decoder: EventDecoder, _clock: Any) -> Script:
            self.script = Script(decoder, self.opens, self.reads)
            self.script.done = self.receiver.stop
            return self.script

        scripted = Broker(title="Scripted", fast_events=fast_events)
        monkeypatch.setattr(receiver, "broker_of", lambda _connection: scripted)
        self.app = Celery("t", broker=url, set_as_current=False)
        self.receiver = Receiver(
            self.app,
            on_batch or self.batches.append,
            self._take_link,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
        )

    def _take_link(self, link: Link) -> None:
        self.links.append(link)
        if link.next_try is not None:
            self.now = link.next_try
            self.receiver.reconnect_now()


def test_the_wait_grows_to_five_seconds_and_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = [ConnectionRefusedError("refused")] * 6
    told = Told(monkeypatch, [*refused, None, *refused[:2], None], [1, ConnectionError("gone"), 1])
    with within(15):
        told.receiver.run()

    waits = [link.next_try - link.since for link in told.links if link.next_try is not None]
    assert waits == [1, 2, 3, 5, 5, 5, 1, 1, 2]


def test_each_step_of_a_loss_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [None, OSError("no route"), None], [1, ConnectionError("gone"), 1])
    told.receiver.run()

    steps = [(link.state.name, link.attempt, link.error, link.lost_at) for link in told.links]
    assert steps == [
        ("CONNECTING", 1, None, None),
        ("CONNECTED", 0, None, None),
        ("RECONNECTING", 0, "gone", 1000.0),
        ("RECONNECTING", 0, "gone", 1000.0),
        ("RECONNECTING", 1, "gone", 1000.0),
        ("RECONNECTING", 1, "no route", 1000.0),
        ("RECONNECTING", 2, "no route", 1000.0),
        ("CONNECTED", 0, None, 1000.0),
        ("STOPPED", 0, None, 1000.0),
    ]
    assert [link.next_try for link in told.links] == [
        *(None, None, None, 1001.0, None, 1002.0),
        *(None, None, None),
    ]
    assert told.script is not None
    assert told.script.closed == [True, True, False]


def test_the_events_read_before_a_loss_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [], [3, ConnectionError("gone"), 2])
    told.receiver.run()

    assert [len(batch.events) for batch in told.batches] == [3, 2]


def test_a_silent_broker_was_lost_when_it_fell_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [], [Silence("no heartbeat", since=990.0), 1])
    told.receiver.run()

    # Not before the connection was there.
    assert told.links[2].lost_at == 1000.0


def test_events_that_come_together_go_on_together(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [], [1] * 100 + [5000])
    told.receiver.run()

    assert sum(len(batch.events) for batch in told.batches) == 5100
    assert len(told.batches) <= 3


def test_a_loss_while_far_behind_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each event is stamped 900, and a second goes by between two of them.
    gone = ConnectionError("Connection closed by server.")
    told = Told(monkeypatch, [], [1, 0] * 9 + [gone, 1, 0, ConnectionError("gone")])

    def take(batch: Batch) -> None:
        told.batches.append(batch)
        told.now += 1.0

    told.receiver._on_batch = take
    told.receiver.run()

    assert [batch.lag for batch in told.batches] == [0, 0, 0, 1, 2, 3, 4, 5, 6, 0]
    errors = [link.error for link in told.links if link.error]
    assert set(errors) == {"Connection closed by server. (7 s behind)", "gone"}


def test_what_was_sent_while_we_stood_still_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_still() -> None:
        told.now += 8.0
        raise ConnectionResetError("Connection reset by peer")

    told = Told(monkeypatch, [], [1, 0, stand_still, 1, 0])
    told.now = 900.0
    told.receiver.run()

    lost = told.links[2]
    assert (lost.lost_at, lost.since) == (900.0, 908.0)
    assert lost.error == lost.lost_for == "Connection reset by peer (8 s behind)"
    back = told.links[5]
    assert (back.state, back.error) == (LinkState.CONNECTED, None)
    assert back.lost_for == lost.error


@pytest.mark.parametrize(("quiet", "lag"), [(0.2, 0.0), (9.0, 9.0)])
def test_only_a_read_that_waited_and_found_nothing_proves_that_nothing_waits(
    monkeypatch: pytest.MonkeyPatch, quiet: float, lag: float
) -> None:
    def find_nothing() -> None:
        # Also what a stop of the whole process looks like: a handler of SIGCONT ends the wait.
        told.now += quiet

    def take_a_window() -> None:
        told.now += WINDOW

    told = Told(monkeypatch, [], [1, 0, find_nothing, 1, 0, take_a_window, 1, 0])
    told.now = 900.0
    told.receiver.run()

    assert told.batches[-1].lag == lag


def test_passwords_in_errors_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ConnectionError("cannot reach\n redis://me:hunter22@h:1/0 \x00" + "x" * 999)
    told = Told(monkeypatch, [error], [1])
    told.receiver.run()

    [text] = {link.error for link in told.links if link.error}
    assert "hunter22" not in text
    assert text.startswith("cannot reach redis://me:")
    assert len(text) <= 300


def test_an_error_of_the_sink_ends_it_and_leaves_the_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_batch: Batch) -> None:
        raise RuntimeError("our own mistake")

    told = Told(monkeypatch, [], [1], on_batch=fail)
    with pytest.raises(RuntimeError, match="our own"):
        told.receiver.run()

    assert told.script is not None
    assert told.script.closed == [False]


def test_stop_ends_a_connection_in_the_making(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, ["block"], [])
    thread = threading.Thread(target=told.receiver.run, daemon=True)
    thread.start()
    while told.script is None:
        time.sleep(0.001)
    assert told.script.blocking.wait(100)
    told.receiver.stop()
    thread.join(2 * patience())

    assert not thread.is_alive()
    assert [link.state.name for link in told.links] == ["CONNECTING", "STOPPED"]


def test_stop_before_run_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [], [1])
    told.receiver.stop()
    told.receiver.run()

    assert told.script is None
    assert [link.state.name for link in told.links] == ["STOPPED"]


def links_until(app: Any, state: LinkState) -> list[Link]:
    """What a receiver tells of its connection, which is stopped once it is in that state."""
    links: list[Link] = []
    told = Receiver(app, lambda _batch: None, links.append)
    thread = threading.Thread(target=told.run, daemon=True)
    thread.start()
    while not any(link.state is state for link in links):
        assert thread.is_alive()
        time.sleep(0.001)
    told.stop()
    thread.join(2 * patience())
    assert not thread.is_alive()
    return links


def test_a_transport_without_events_is_told_and_waits_for_stop() -> None:
    app = Celery("t", broker="memory://", set_as_current=False)
    app.conf.broker_transport = f"{__name__}:DirectOnly"
    app.conf.broker_url = None
    links = links_until(app, LinkState.NO_EVENTS)
    assert "no events" in (links[1].error or "")
    assert links[-1].state is LinkState.STOPPED


def send_once_connected(told: Told) -> None:
    """Has Celery's own dispatcher send an event when the link stands, and stops at its coming."""
    take = told.receiver._on_link

    def end(batch: Batch) -> None:
        told.batches.append(batch)
        if told.links[-1].note is not None:
            told.receiver.stop()

    def send(link: Link) -> None:
        take(link)
        if link.state is LinkState.CONNECTED and link.note is not None:
            with told.app.connection_for_write() as connection:
                told.app.events.Dispatcher(connection, hostname="w@h").send(
                    "worker-heartbeat", timestamp=900.0
                )

    told.receiver._on_batch, told.receiver._on_link = end, send


@pytest.mark.parametrize(
    ("conf", "note"),
    [
        ({}, "memory:// lives inside one process; nothing can come from other processes"),
        (
            {"task_always_eager": True, "broker_transport": f"{__name__}:Elsewhere"},
            "task_always_eager is set: tasks run where they are called; "
            "nothing can come from other processes",
        ),
        ({"broker_transport": f"{__name__}:Elsewhere"}, None),
    ],
)
def test_where_nothing_can_come_from_other_processes_it_is_said(
    conf: dict[str, Any], note: str | None
) -> None:
    app = Celery("t", broker="memory://", set_as_current=False)
    app.conf.update(conf)
    if "broker_transport" in conf:
        app.conf.broker_url = None
    assert links_until(app, LinkState.CONNECTED)[-1].note == note
