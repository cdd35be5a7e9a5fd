"""How deep the broker's queues are, one file a kind of broker, and their registry."""

from __future__ import annotations

import time
from typing import Any

from celerytui.connect import read_connection
from celerytui.wire.amqp.depths import AmqpReader
from celerytui.wire.depths import Clock, QueueReader
from celerytui.wire.generic.depths import GenericReader
from celerytui.wire.redis.depths import RedisReader

READERS: dict[str, type[QueueReader]] = {
    "amqp": AmqpReader,
    "redis": RedisReader,
}
"""Kombu's `driver_type` of a transport -> its reader; every other has the generic one."""


def open_reader(app: Any, clock: Clock = time.time) -> QueueReader:
    """The reader for the app's broker; it connects on the first reading."""
    driver = read_connection(app).transport.driver_type
    return READERS.get(driver, GenericReader)(app, clock)


__all__ = ["READERS", "QueueReader", "open_reader"]
