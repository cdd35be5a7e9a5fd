"""A process that answers as many workers would: `python -m tests.integration.mailboxes URL COUNT`.

Each has a mailbox of kombu's own and one running task; what they reply has the shapes that
Celery's workers give it. Prints a line once all of them listen.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import Celery


def handlers(hostname: str) -> dict[str, Any]:
    """What one worker replies to each command that the monitor asks on its own."""
    running = {
        "id": f"running-on-{hostname}",
        "name": "proj.nap",
        "args": "()",
        "kwargs": "{}",
        "type": "proj.nap",
        "hostname": hostname,
        "time_start": 1_700_000_000.0,
        "acknowledged": True,
        "delivery_info": {"exchange": "", "routing_key": "celery"},
        "worker_pid": 7,
    }
    stats = {
        "pid": 7,
        "uptime": 60,
        "prefetch_count": 4,
        "total": {},
        "pool": {"implementation": "celery.concurrency.prefork:TaskPool", "max-concurrency": 4},
        "broker": {},
        "rusage": {},
    }
    return {
        "stats": lambda state, **_: stats,
        "active_queues": lambda state, **_: [{"name": "celery", "routing_key": "celery"}],
        "active": lambda state, **_: [running],
        "reserved": lambda state, **_: [],
        "scheduled": lambda state, **_: [],
        "ping": lambda state, **_: {"ok": "pong"},
        "enable_events": lambda state, **_: {"ok": "task events enabled"},
    }


def main(url: str, count: int) -> None:
    app = Celery("workers", broker=url, set_as_current=False)
    with app.connection_for_read() as connection:
        for number in range(count):
            hostname = f"w{number}@far"
            node = app.control.mailbox.Node(hostname, state=None, handlers=handlers(hostname))
            # On Redis a channel has one queue a fanout exchange.
            channel = node.channel = connection.channel()
            node.listen(channel=channel)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while True:
            connection.drain_events()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
