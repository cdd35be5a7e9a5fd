"""What is not done to the workers of a Redis that takes no more."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis

from celerytui.control import pidbox
from celerytui.control.pidbox import Pidbox
from celerytui.errors import BrokerUnavailable
from tests.integration.servers import Process, RedisServer
from tests.waiting import reply_seconds


def test_no_worker_ends_over_an_answer_that_a_full_redis_refuses(
    own_redis: RedisServer,
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Celery's worker ends over it, whoever asks; and Redis passes the question on."""
    monkeypatch.setattr(pidbox, "PROVED_SECONDS", 0.0)
    url = own_redis.fresh_url()
    worker = start_worker_on(url)
    app = make_app(url)
    pong = {"w1@test": {"ok": "pong"}}

    def ask(box: Pidbox) -> dict[str, Any]:
        return box.ask("ping", {}, ["w1@test"])

    with contextlib.closing(Pidbox(app, reply_seconds(), threading.Event())) as box:
        assert ask(box) == pong
        with redis.Redis.from_url(url) as client:
            client.config_set("maxmemory", 2**20)
            with pytest.raises(BrokerUnavailable, match="maxmemory"):
                ask(box)
            client.config_set("maxmemory", 0)
    with contextlib.closing(Pidbox(app, reply_seconds(), threading.Event())) as box:
        assert ask(box) == pong
    assert "Control command error" not in worker.output()
