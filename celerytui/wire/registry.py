"""The kinds of brokers, by what kombu calls a transport's `driver_type`."""

from __future__ import annotations

from typing import Any

from celerytui.wire.amqp import AMQP
from celerytui.wire.broker import Broker
from celerytui.wire.redis import REDIS

BROKERS: dict[str, Broker] = {
    "amqp": AMQP,
    "redis": REDIS,
    "memory": Broker(title="memory://", in_process=True),
    # Kombu has a fanout for it; Celery's own dispatcher leaves it alone.
    "sql": Broker(title="SQLAlchemy", sends_events=False),
    "sqs": Broker(title="SQS"),
}
"""Every other is what kombu makes of it, under kombu's name."""


def broker_of(connection: Any) -> Broker:
    """What kind of broker a kombu connection is for; no I/O."""
    driver = str(connection.transport.driver_type)
    return BROKERS.get(driver) or Broker(title=driver)
