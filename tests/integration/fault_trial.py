"""One fault, done to the whole program among running tasks: what it says, and whether it is so."""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from textual.widget import Widget

from celerytui.engine import Engine
from celerytui.health import Alerts
from celerytui.model import LinkState, Outage, TaskState
from celerytui.settings import Settings
from celerytui.ui.app import MonitorApp
from celerytui.ui.bars.banner import Banner
from celerytui.ui.bars.header import Header
from tests.integration.faults import Fault
from tests.integration.stages import Stage
from tests.ui.pilot import rows
from tests.waiting import wait_until

SECONDS = 20.0
SIZE = (200, 40)
BESIDE = 80
"""So many tasks are sent before the fault and after it, at least."""
STATES = ("live", "connecting", "disconnected", "stopped", *(one.value for one in Outage))
STATE = re.compile(rf"(?:{'|'.join(STATES)})\b|connected, no events|silent for \w+|\S+ behind")
STAGE_HAND = ThreadPoolExecutor(1, "stage-hand")
"""Lasts as long as we do: a server that it starts dies with it."""
ABOUT = ("events.", "broker.", "control.", "receiver.")
"""The alerts that are about the connection."""


@dataclass
class Said:
    """What the screen said, each once, in its order; figures aside."""

    headers: list[str] = field(default_factory=list)
    banners: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    moments: set[str] = field(default_factory=set)
    """Header, banner and alerts, as they were at the same time."""
    last: str = ""

    def begin(self) -> None:
        """Forget what was said until now."""
        for known in (self.headers, self.banners, self.alerts, self.moments):
            known.clear()

    def hear(self, header: str, banner: str, alerts: Alerts) -> None:
        state = STATE.search(header)
        about = [one.text for one in alerts if one.id.startswith(ABOUT)]
        self.last = state[0] if state else ""
        self._add(self.headers, self.last)
        self._add(self.banners, banner)
        for text in about:
            self._add(self.alerts, text)
        self.moments.add(" ".join([self.last, banner, *about]))

    @staticmethod
    def _add(texts: list[str], text: str) -> None:
        if text and _shape(text) not in map(_shape, texts):
            texts.append(text)

    def matches(self, pattern: str) -> bool:
        return any(re.search(pattern, moment) for moment in list(self.moments))

    def words(self) -> str:
        """All of it in one line."""
        headers = self.headers + [self.last] * (self.headers[-1:] != [self.last])
        alerts = [one for one in self.alerts if not any(one in banner for banner in self.banners)]
        return "; ".join([" → ".join(headers), *self.banners, *alerts])


def _shape(text: str) -> str:
    return re.sub(r"<?\d[\d:.,]*\w*", "#", text)


@dataclass
class Outcome:
    """What became of one fault: seconds until it was live again, and what was not as it should."""

    said: Said
    recovered: float = 0.0
    ended: int = 0
    unseen: int = 0
    differences: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """All of it in some lines."""
        lines = [
            f"{self.said.words()}",
            f"live again after {self.recovered:.1f} s; {self.ended} tasks ended,"
            f" {self.unseen} of them never seen",
            f"{len(self.differences)} differences: {self.differences[:5]}; left {self.left}",
        ]
        return "\n".join(lines)


async def trial(fault: Fault, stage: Stage) -> Outcome:
    """Do it on a stage that has not begun; returns once the monitor has ended."""
    on_stage = partial(asyncio.get_running_loop().run_in_executor, STAGE_HAND)
    happen = fault.prepare(stage)
    await on_stage(stage.begin)
    engine = Engine(stage.monitor_app(), Settings())
    app, outcome = MonitorApp(engine), Outcome(Said())
    async with app.run_test(size=SIZE):
        listening = asyncio.create_task(_listen(app, outcome.said))
        try:
            await on_stage(_go_through, stage, fault, happen, engine, outcome)
        except AssertionError as error:
            raise AssertionError(f"{error}: {outcome.summary()}; {engine.link}") from None
        finally:
            listening.cancel()
    await asyncio.to_thread(engine.stop, SECONDS)
    outcome.left = await on_stage(_left, stage)
    return outcome


async def _listen(app: MonitorApp, said: Said) -> None:
    while True:
        texts: dict[type[Widget], str] = {Header: "", Banner: ""}
        for bar in app.main.bars:
            if type(bar) in texts and bar.display:
                texts[type(bar)] = _words(bar)
        said.hear(texts[Header], texts[Banner], app.engine.health.alerts)
        await asyncio.sleep(0.05)


def _words(bar: Widget) -> str:
    """What a bar says, without the sign before it and the key after it."""
    text = " ".join(rows(bar)).strip()
    return " ".join(re.sub(r" {3,}\w [\w ]+$", "", text).removeprefix("! ").split())


def _go_through(stage: Stage, fault: Fault, happen: Any, engine: Engine, outcome: Outcome) -> None:
    said, sent = outcome.said, stage.traffic.sent

    def is_live(since: int) -> bool:
        """Whether it is connected and was told how a task ended that was sent since."""
        tasks = engine.store.tasks(sent[since:])
        ended = any(task is not None and task.state is TaskState.SUCCESS for task in tasks)
        return engine.link.state is LinkState.CONNECTED and ended

    wait_until(lambda: is_live(0), SECONDS, "the monitor to be live")
    said.begin()
    begun = len(sent)
    wait_until(lambda: len(sent) >= begun + BESIDE, SECONDS, "tasks before the fault")
    with happen():
        over = time.monotonic() + fault.lasts
        wait_until(
            lambda: fault.at_once or (time.monotonic() > over and said.matches(fault.says)),
            SECONDS,
            f"the screen to say {fault.says!r}",
        )
    undone, mark = time.monotonic(), len(sent)
    stage.supervise(True)
    wait_until(lambda: stage.supervise(is_live(mark)), 3 * SECONDS, "the monitor to be live again")
    outcome.recovered = time.monotonic() - undone
    wait_until(lambda: said.matches(fault.says), SECONDS, f"the screen to say {fault.says!r}")
    wait_until(lambda: len(sent) >= mark + BESIDE, SECONDS, "tasks after the fault")
    stage.traffic.stop()
    wait_until(stage.idle, SECONDS, "the worker to have nothing to do")
    outcome.differences = _settle(stage, engine)
    outcome.ended, outcome.unseen = stage.ended(sent[begun:], engine.store)


def _settle(stage: Stage, engine: Engine) -> list[str]:
    """What is still not as it is in truth after a while."""
    until = time.monotonic() + 3 * SECONDS
    while (found := stage.differences(engine.store)) and time.monotonic() < until:
        time.sleep(0.5)
    return found


def _left(stage: Stage) -> list[str]:
    """What is still on the broker after a while."""
    # Of what is half-open the broker learns by its own keepalive, in hours.
    stage.link.end_connections()
    until = time.monotonic() + 3 * SECONDS
    while (left := stage.left()) and time.monotonic() < until:
        time.sleep(0.5)
    return left
