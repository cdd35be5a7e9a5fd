"""Names of queues that come from events, so from anybody: none harms the figures of the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from amqp.exceptions import InternalError

from celerytui.wire.amqp import private
from celerytui.wire.connections import open_depths
from tests.integration.test_queue_depths import rows, send


def test_names_from_events_do_no_harm(app: Any) -> None:
    send(app, "celery")
    hostile = ["", "x" * 300, "\udc80", "a\x1b[31m\nb", "celery\x06\x163", "é" * 127, "\x00"]
    with contextlib.closing(open_depths(app)) as reader:
        found = rows(reader.read([*hostile, "celery"]))
    assert set(found) == {*hostile, "celery"}
    assert found["celery"].ready == 1


def test_a_name_over_which_the_broker_ends_the_connection_costs_its_row_alone(
    make_app: Callable[..., Any], amqp_url: str, monkeypatch: pytest.MonkeyPatch
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
    names = ["first", "é", "last"]
    with contextlib.closing(open_depths(app)) as reader:
        found = rows(reader.read(names))
        # Nor is the broker asked for it again soon: each time is another connection.
        again = [depth.name for page in reader.pages(names) for depth in page]
    assert [found[name].ready for name in names] == [1, None, 2]
    assert found["é"].error == "the broker fails on this name"
    assert again == ["first", "last"]
