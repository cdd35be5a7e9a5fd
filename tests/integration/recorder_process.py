"""A recorder to be killed: `python -m tests.integration.recorder_process URL FIRST SECONDS`.

Applies tasks to a store as fast as a busy cluster sends them, records them into that history, and
prints after each batch how many have ended and when, by the machine's monotonic clock. Of each turn
so many seconds at most are for removing what is no longer kept.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
import uuid
from typing import Any

from celerytui.control import ActionLog
from celerytui.engine import recording
from celerytui.engine.recording import Recorder
from celerytui.health import Health
from celerytui.history import keeping
from celerytui.history.place import place_of
from celerytui.interpreter import share_interpreter
from celerytui.model import Batch, Event
from celerytui.settings import Settings
from celerytui.store import Store

BATCH = 30
EVERY_SECONDS = 0.01
OPEN_EVERY = 10


def task_id(number: int) -> str:
    """The id of the task of that number."""
    return str(uuid.UUID(int=number << 64))


def events(number: int, now: float) -> list[Event]:
    """What is said of a task; each tenth has not ended."""
    fields: dict[str, Any] = {
        "hostname": f"w{number % 3}@h",
        "uuid": task_id(number),
        "pid": 1,
        "timestamp": now,
    }
    found = [
        Event(type="task-received", name="shop.pay", args=f"({number},)", kwargs="{}", **fields),
        Event(type="task-started", **fields),
    ]
    if number % OPEN_EVERY:
        found.append(Event(type="task-succeeded", runtime=0.0, result="None", **fields))
    return found


def main(url: str, first: int, pruning: float) -> None:
    """Record until this process is killed."""
    recording.PRUNE_STEP_SECONDS, keeping.STEP_ROWS = pruning, 500
    share_interpreter()
    store = Store(max_tasks=5_000)
    log = ActionLog(None, user="me", app="shop", broker="")
    place = place_of(url, "shop", "redis://h", os.environ)
    recorder = Recorder(
        store, Health(store), log, Settings(), time.time, "shop", "redis://h", place
    )
    threading.Thread(target=recorder.run, daemon=True).start()
    recorder.opened.wait()
    for start in itertools.count(first, BATCH):
        now = time.time()
        batch = [event for number in range(start, start + BATCH) for event in events(number, now)]
        store.apply(Batch(batch, now))
        sys.stdout.write(f"{start + BATCH} {time.monotonic()}\n")
        sys.stdout.flush()
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
