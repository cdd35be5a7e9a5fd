"""The `record` command: listen without a screen and keep what happens in a history."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from celerytui.columns import format_count, format_rate, format_size
from celerytui.counts import counted
from celerytui.engine import Engine
from celerytui.errors import HistoryError
from celerytui.interpreter import share_interpreter
from celerytui.model import LinkState
from celerytui.service import ServiceManager
from celerytui.settings import HISTORY_DEFAULT, Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
END_SECONDS = 10.0
"""For so long the end waits for the disk."""
STUCK_SECONDS = 60.0
"""A recorder that did nothing for longer is not alive; a locked file costs 2 s a turn."""
LISTED_SECONDS = 300.0
"""How often a line of figures is logged where there is no terminal."""

Stoppable = Callable[[], AbstractContextManager[Callable[[], bool]]]


def record(
    app: Any,
    settings: Settings,
    *,
    seconds: float | None,
    stoppable: Stoppable,
    show: Callable[[str], None] | None = None,
) -> None:
    """Record until `seconds` have passed, or until what `stoppable` gives says that it is over.

    `show` takes the line of figures, twice a second. Raises HistoryError where something could not
    be written in the end.
    """
    share_interpreter()
    chosen = settings.history or HISTORY_DEFAULT
    engine = Engine(app, settings._replace(history=chosen), headless=True)
    manager = ServiceManager(os.environ)
    watch = _Watch(engine, manager)
    with stoppable() as stopped:
        engine.start()
        logger.info("recording %s into %s", engine.app_name, watch.recorder.state.place)
        end = None if seconds is None else time.monotonic() + seconds
        try:
            while not stopped() and (end is None or time.monotonic() < end):
                engine.mailbox.wait_blocking(LOOK_SECONDS)
                watch.look()
                if show is not None:
                    show(watch.figures())
        finally:
            manager.stopping()
            ended = engine.stop(END_SECONDS)
    logger.info("stopped: %s", watch.kept())
    state = watch.recorder.state
    if engine.steps.trouble is not None:
        raise HistoryError(f"internal error, please report it: {engine.steps.trouble}; see the log")
    if not ended or (state.trouble is not None and not state.standing_by):
        waiting = counted(state.waiting, "task")
        raise HistoryError(f"{waiting} not recorded: {state.trouble or 'writing takes too long'}")


class _Watch:
    """Logs what changes, and tells the service manager."""

    def __init__(self, engine: Engine, manager: ServiceManager) -> None:
        assert engine.recorder is not None
        self.recorder = engine.recorder
        self._engine = engine
        self._manager = manager
        self._ready = False
        self._link: LinkState | None = None
        self._trouble: str | None = None
        self._dropped = 0
        self._alive_at = 0.0
        self._listed_at = time.monotonic()

    def look(self) -> None:
        """Look once."""
        now, state = time.monotonic(), self.recorder.state
        if not self._ready and self.recorder.opened.is_set():
            self._ready = True
            self._manager.ready()
        self._look_at_link()
        if state.trouble != self._trouble:
            if state.trouble is not None:
                (logger.info if state.standing_by else logger.error)("%s", state.trouble)
            elif self._trouble is not None:
                logger.info("recording again")
            self._trouble = state.trouble
        if state.dropped > self._dropped:
            dropped = counted(state.dropped - self._dropped, "task")
            logger.warning("%s dropped: the history cannot be written fast enough", dropped)
            self._dropped = state.dropped
        watchdog = self._manager.watchdog
        if watchdog is not None and now - self._alive_at >= watchdog / 3:
            if now - self.recorder.turned_at < max(watchdog, STUCK_SECONDS):
                self._manager.alive()
            self._alive_at = now
        if now - self._listed_at >= LISTED_SECONDS:
            self._listed_at = now
            logger.info("%s", self.figures())
        self._manager.status(state.trouble or self.figures())

    def _look_at_link(self) -> None:
        link = self._engine.link
        if link.state is self._link:
            return
        self._link = link.state
        if link.state is LinkState.CONNECTED:
            logger.info("connected to %s", self._engine.broker_url)
        elif link.state is LinkState.RECONNECTING:
            logger.warning("no connection to %s: %s", self._engine.broker_url, link.error)
        elif link.state is LinkState.NO_EVENTS:
            logger.error("this transport carries no events: %s", link.note or link.error)

    def figures(self) -> str:
        """How it is: the connection, the rate, and what was kept."""
        state, engine = self.recorder.state, self._engine
        rate = format_rate(engine.store.summary(engine.clock()).events_per_second)
        parts = [engine.link.state.value, rate, self.kept()]
        if state.standing_by:
            parts.append("standing by")
        elif state.trouble is not None:
            parts.append(f"{format_count(state.waiting)} waiting")
        return "  ".join(parts)

    def kept(self) -> str:
        """Events, rows, what was dropped and the disk."""
        state, engine = self.recorder.state, self._engine
        received = engine.store.summary(engine.clock()).events_received
        return "  ".join(
            (
                counted(received, "event"),
                f"{counted(state.recorded, 'task')} recorded",
                f"{format_count(state.dropped)} dropped",
                format_size(state.size),
            )
        )
