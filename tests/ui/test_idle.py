"""The tests wait until the app has nothing left to do, no shorter and no longer."""

from __future__ import annotations

import asyncio
import threading
import time

from tests.ui.idle import DRAWN_SECONDS, wait_for_idle


async def test_it_waits_for_what_follows_from_what_follows() -> None:
    loop, steps = asyncio.get_running_loop(), list(range(200))

    def step() -> None:
        steps.pop()
        time.sleep(0.0005)  # a process that is not busy, as one that gets no processor
        if steps:
            loop.call_soon(step)

    loop.call_soon(step)
    await wait_for_idle()
    assert steps == []


async def test_it_waits_for_what_is_put_off_by_two_frames() -> None:
    drawn = asyncio.Event()
    asyncio.get_running_loop().call_later(DRAWN_SECONDS * 0.9, drawn.set)
    await wait_for_idle()
    assert drawn.is_set()


async def test_it_waits_for_what_a_thread_handed_over_but_not_for_the_thread() -> None:
    loop, handed, goes_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def work() -> None:
        loop.call_soon_threadsafe(handed.set)
        goes_on.wait()

    thread = threading.Thread(target=work)
    thread.start()
    while not handed.is_set():
        await wait_for_idle()
    goes_on.set()
    thread.join()


async def test_it_does_not_wait_for_what_is_due_later() -> None:
    late = asyncio.Event()
    timer = asyncio.get_running_loop().call_later(100.0, late.set)
    for _ in range(100):
        await wait_for_idle()  # each in vain would be a second
    assert timer.when() - asyncio.get_running_loop().time() > 50
    timer.cancel()
