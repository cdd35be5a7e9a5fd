"""The whole program, engine and screen, started while workers whose events are off run tasks."""

from __future__ import annotations

import asyncio
import time

from celerytui.engine import Engine
from celerytui.model import Task, TaskState
from celerytui.settings import Settings
from celerytui.ui.app import MonitorApp
from tests.integration.cluster import Cluster
from tests.waiting import patience

HOSTS = ("w1@test", "w2@test")
ACTIVE = (TaskState.RECEIVED, TaskState.STARTED)
SECONDS = 10.0
"""So long after its start, and after the last task ended, a monitor shows none as running."""
LONGEST = 120.0


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

    Somebody presses the key that asks the workers again meanwhile. Its events are off again at
    the end, for the next start.
    """
    for _ in range(8):
        cluster.app.send_task("proj.sleepy", (2.0,))
    while not await asyncio.to_thread(busy, cluster):
        await asyncio.sleep(0.1)
    settings = Settings(refresh=0.1, restore_events=True, reply_timeout=float(patience()))
    engine = Engine(cluster.app, settings)
    app = MonitorApp(engine)
    seen: set[str] = set()

    def unfinished() -> list[Task]:
        return [task for task in engine.store.all_tasks() if task.state in ACTIVE]

    async with app.run_test(size=(140, 40)) as pilot:
        began = time.monotonic()
        asked = False
        end = began + LONGEST
        while time.monotonic() < end:
            seen |= {task.id for task in unfinished()}
            if not asked and any(worker.task_events for worker in engine.store.workers()):
                await pilot.press("w")
                asked = True
            if asked and not await asyncio.to_thread(busy, cluster):
                end = min(end, max(began, time.monotonic()) + SECONDS * patience())
                if not unfinished() and time.monotonic() > began + SECONDS:
                    break
            await asyncio.sleep(0.2)
        left = unfinished()
    await asyncio.to_thread(engine.stop, SECONDS)
    assert asked, "no worker sent task events"
    assert seen, "no task was seen to run"
    return left
