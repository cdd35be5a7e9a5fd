"""`python -m tests.e2e.storm URL`: publishes some 20,000 events a second to Redis until killed.

The messages are made beforehand: the publishing itself is nearly all that it does.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import redis

EVENTS_PER_SECOND = 20_000
EVENTS_PER_MESSAGE = 100
MESSAGES = 100
TICK = 0.05


def events(number: int) -> list[dict[str, Any]]:
    """The events of one message: tasks that come and go on two workers."""
    made: list[dict[str, Any]] = []
    now = time.time()
    while len(made) < EVENTS_PER_MESSAGE:
        common = {
            "uuid": str(uuid.uuid4()),
            "hostname": f"storm{number % 2}@test",
            "timestamp": now,
            "utcoffset": 0,
            "clock": number,
            "pid": 1,
            "local_received": now,
        }
        received = {"name": "storm.task", "args": "()", "kwargs": "{}", "retries": 0}
        made += [
            {**common, **received, "type": "task-received"},
            {**common, "type": "task-started"},
            {**common, "type": "task-succeeded", "result": "1", "runtime": 0.1},
        ]
    return made[:EVENTS_PER_MESSAGE]


def message(events: list[dict[str, Any]], number: int = 0) -> bytes:
    """A message with these events, as kombu publishes it."""
    body = json.dumps(events).encode()
    envelope = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {},
        "properties": {
            "body_encoding": "base64",
            "delivery_info": {"exchange": "celeryev", "routing_key": "task.multi"},
            "delivery_mode": 1,
            "delivery_tag": str(number),
            "priority": 0,
        },
    }
    return json.dumps(envelope).encode()


def broker(url: str) -> tuple[redis.Redis, str]:
    """A client, and the channel on which task events are published."""
    parts = urlsplit(url)
    return redis.Redis(port=parts.port or 6379), f"{parts.path}.celeryev/task.multi"


def publish(url: str, events: list[dict[str, Any]]) -> None:
    """Publish these events once, for the monitors that listen."""
    client, channel = broker(url)
    with client:
        assert client.publish(channel, message(events))


def main(url: str) -> None:
    """Publish at an even pace; what cannot be done in time is left out."""
    client, channel = broker(url)
    messages = [message(events(number), number) for number in range(MESSAGES)]
    at_once = int(EVENTS_PER_SECOND * TICK / EVENTS_PER_MESSAGE)
    while True:
        began = time.monotonic()
        with client.pipeline(transaction=False) as pipeline:
            for _ in range(at_once):
                messages.append(messages.pop(0))
                pipeline.publish(channel, messages[0])
            pipeline.execute()
        time.sleep(max(0.0, began + TICK - time.monotonic()))


if __name__ == "__main__":
    main(sys.argv[1])
