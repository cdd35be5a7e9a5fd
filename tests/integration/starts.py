"""The whole program, engine and screen, started while workers whose events are off run tasks."""

from __future__ import annotations

import asyncio
import time

from celerytui.engine import Engine
from celerytui.model import Task, TaskState
from celerytui.settings import Settings
from celerytui.ui.app import MonitorApp
from tests.integration.cluster import Cluster
from tests.waiting import patience, reply_seconds

HOSTS = ("w1@test", "w2@test")
ACTIVE = (TaskState.RECEIVED, TaskState.STARTED)
SECONDS = 10.0
"""So long after the last task ended a monitor may show one as running."""
LONGEST = 60.0


def begin(cluster: Cluster) -> None:
    """Two workers as Celery starts them: task events are off."""
    for hostname in HOSTS:
        cluster.begin(hostname, "prefork", 2)
    cluster.wait_for(*HOSTS)


def busy(cluster: Cluster) -> bool:
    """Whether the workers say that they run or hold anything."""
    return any(cluster.ask(section, host) for host in HOSTS for section in ("active", "reserved"))


async def phantoms_of_a_start(cluster: Cluster) -> list[Task]:
    """Start the program among tasks of 2 s; what it shows as running once none has for a while.

    Tasks go on coming until it has seen some. Somebody presses the key that asks the workers again
    meanwhile. Their events are off again at the end, for the next start.
    """
    for _ in range(8):
        cluster.app.send_task("proj.sleepy", (2.0,))
    while not await asyncio.to_thread(busy, cluster):
        await asyncio.sleep(0.1)
    patient = reply_seconds()
    settings = Settings(refresh=0.1, restore_events=True, reply_timeout=patient)
    engine = Engine(cluster.app, settings)
    app = MonitorApp(engine)
    async with app.run_test(size=(140, 40)) as pilot:
        began = time.monotonic()
        seen = asked = False
        while not (seen and asked):
            assert time.monotonic() < began + LONGEST * patience(), (seen, asked)
            seen = seen or bool(unfinished(engine))
            if seen and not asked and any(one.task_events for one in engine.store.workers()):
                await pilot.press("w")
                asked = True
            await asyncio.to_thread(cluster.app.send_task, "proj.sleepy", (2.0,))
            await asyncio.sleep(0.5)
        while await asyncio.to_thread(busy, cluster):
            await asyncio.sleep(0.2)
        ended = time.monotonic()
        while (left := unfinished(engine)) and time.monotonic() < ended + SECONDS * patience():
            await asyncio.sleep(0.2)
    await asyncio.to_thread(engine.stop, SECONDS)
    return left


def unfinished(engine: Engine) -> list[Task]:
    """The tasks that a monitor shows as running or about to."""
    return [task for task in engine.store.all_tasks() if task.state in ACTIVE]
