"""The general reader takes over where the fast one fails for a reason that is ours."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from celerytui.model import LinkState
from celerytui.wire import receiver
from celerytui.wire.broker import Broker
from tests.unit.test_receiver import Script, Told, send_once_connected

NOTE = (
    "Reading through kombu, slower: the fast reader for Scripted failed"
    " (AttributeError: no attribute '_sock')"
)


def test_the_general_reader_takes_over_where_the_fast_one_cannot_open(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told(monkeypatch, [AttributeError("no attribute '_sock'")], [])
    send_once_connected(told)
    told.receiver.run()

    assert [event.type for batch in told.batches for event in batch.events] == ["worker-heartbeat"]
    steps = [(link.state.name, link.attempt, link.error, link.note) for link in told.links]
    assert steps == [
        ("CONNECTING", 1, None, None),
        ("CONNECTED", 0, None, NOTE),
        ("STOPPED", 0, None, NOTE),
    ]
    assert told.script is not None
    assert told.script.closed == [True]
    assert "The fast reader for Scripted failed" in caplog.text


@pytest.mark.parametrize("fault", [AttributeError, TypeError, ImportError])
def test_it_takes_over_at_once_where_the_fast_one_fails_at_reading(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    told = Told(monkeypatch, [], [3, fault("changed")])
    send_once_connected(told)
    told.receiver.run()

    assert [len(batch.events) for batch in told.batches] == [3, 1]
    steps = [(link.state.name, link.error, link.next_try) for link in told.links]
    # What was sent in between is missing, and that is told.
    assert steps == [
        ("CONNECTING", None, None),
        ("CONNECTED", None, None),
        ("RECONNECTING", "changed", None),
        ("CONNECTED", None, None),
        ("STOPPED", None, None),
    ]
    assert told.links[3].lost_at == 1000.0
    assert f"({fault.__name__}: changed)" in (told.links[3].note or "")


def test_a_fast_reader_that_cannot_be_imported_has_its_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_given: Any) -> Script:
        raise ImportError("no module named hiredis")

    told = Told(monkeypatch, [], [])
    monkeypatch.setattr(
        receiver, "broker_of", lambda _kombu: Broker(title="Scripted", fast_events=missing)
    )
    send_once_connected(told)
    told.receiver.run()

    assert "ImportError: no module named hiredis" in (told.links[-1].note or "")
    assert len(told.batches) == 1


def test_a_broker_that_is_gone_for_both_is_to_blame_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        closed = f"redis://127.0.0.1:{server.getsockname()[1]}"
        lost = AttributeError("lost, in py-amqp's words")
        told = Told(monkeypatch, [lost, None], [2], url=closed)
        told.receiver.run()

    assert [len(batch.events) for batch in told.batches] == [2]
    waited = [link for link in told.links if link.next_try is not None]
    assert len(waited) == 1
    assert "refused" in (waited[0].error or "")
    assert [link.note for link in told.links] == [None] * len(told.links)
    assert told.links[-2].state is LinkState.CONNECTED


def test_an_error_of_the_broker_is_no_fault_of_the_fast_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Told(monkeypatch, [None, ConnectionError("still gone")], [1, ValueError("odd"), 1])
    told.receiver.run()

    assert [link.note for link in told.links] == [None] * len(told.links)
    assert told.links[-2].state is LinkState.CONNECTED
