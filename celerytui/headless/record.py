"""The `record` command: listen without a screen, and keep what happens."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celerytui.columns import format_count, format_rate, format_size
from celerytui.counts import counted
from celerytui.engine import Engine
from celerytui.engine.event_recorder import EventRecorder
from celerytui.errors import HistoryError
from celerytui.headless.service import ServiceManager
from celerytui.interpreter import share_interpreter
from celerytui.model import LinkState
from celerytui.settings import HISTORY_DEFAULT, Settings

if TYPE_CHECKING:
    from celerytui.engine.recording import Recorder

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
    events: Path | None = None,
    anonymise: bool = False,
) -> None:
    """Record until `seconds` have passed, or until what `stoppable` gives says that it is over.

    Into the history that the settings name, and into the event log `events`; without either, into
    the default history. `show` takes the line of figures, twice a second. Raises HistoryError where
    something could not be written in the end, or the event log not be made.
    """
    share_interpreter()
    if settings.history is None and events is None:
        settings = settings._replace(history=HISTORY_DEFAULT)
    engine = Engine(app, settings, headless=True)
    if events is not None:
        engine.record_events(events, anonymise=anonymise).open()
    manager = ServiceManager(os.environ)
    watch = _Watch(engine, manager)
    with stoppable() as stopped:
        engine.start()
        logger.info("recording %s into %s", engine.app_name, watch.places())
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
    if engine.steps.trouble is not None:
        raise HistoryError(f"internal error, please report it: {engine.steps.trouble}; see the log")
    watch.raise_unwritten(ended)


class _Part:
    """What is recorded into one place, in tasks or in events; logs what changes about it."""

    def __init__(self, recorder: Recorder | EventRecorder, unit: str, place: str) -> None:
        self.recorder = recorder
        self.place = place
        self._unit = unit
        self._trouble: str | None = None
        self._dropped = 0

    def look(self) -> None:
        """Log what is new since the last look."""
        state = self.recorder.state
        if state.trouble != self._trouble:
            if state.trouble is not None:
                (logger.info if state.standing_by else logger.error)("%s", state.trouble)
            else:
                logger.info("recording again")
            self._trouble = state.trouble
        if state.dropped > self._dropped:
            dropped = counted(state.dropped - self._dropped, self._unit)
            logger.warning("%s not recorded: too many at once, or damaged", dropped)
        # One that stands by begins anew.
        self._dropped = state.dropped

    def kept(self) -> str:
        """What is recorded, what was dropped, and the disk."""
        state = self.recorder.state
        recorded = f"{counted(state.recorded, self._unit)} recorded"
        return "  ".join(
            (recorded, f"{format_count(state.dropped)} dropped", format_size(state.size))
        )

    def how(self) -> str | None:
        """What is in the way of it, in a few words."""
        state = self.recorder.state
        if state.standing_by:
            return "standing by"
        return None if state.trouble is None else f"{format_count(state.waiting)} waiting"

    def raise_unwritten(self, ended: bool) -> None:
        """Raise HistoryError where something is lost now that it has ended."""
        state = self.recorder.state
        if not ended or (state.trouble is not None and not state.standing_by):
            waiting = counted(state.waiting, self._unit)
            raise HistoryError(f"{waiting} not recorded: {state.trouble or 'the disk is too slow'}")


class _Watch:
    """Logs what changes, and tells the service manager."""

    def __init__(self, engine: Engine, manager: ServiceManager) -> None:
        self._engine = engine
        self._manager = manager
        self._parts: list[_Part] = []
        if (recorder := engine.recorder) is not None:
            self._parts.append(_Part(recorder, "task", recorder.state.place))
        if (events := engine.event_recorder) is not None:
            self._parts.append(_Part(events, "event", events.state.path))
        self._ready = False
        self._link: LinkState | None = None
        self._alive_at = 0.0
        self._listed_at = time.monotonic()

    def places(self) -> str:
        """Where it is recorded."""
        return " and ".join(one.place for one in self._parts)

    def raise_unwritten(self, ended: bool) -> None:
        """Raise HistoryError where something is lost now that it has ended."""
        for part in self._parts:
            part.raise_unwritten(ended)

    def look(self) -> None:
        """Look once."""
        now = time.monotonic()
        if not self._ready and all(one.recorder.opened.is_set() for one in self._parts):
            self._ready = True
            self._manager.ready()
        self._look_at_link()
        for part in self._parts:
            part.look()
        watchdog = self._manager.watchdog
        if watchdog is not None and now - self._alive_at >= watchdog / 3:
            turned = min(one.recorder.turned_at for one in self._parts)
            if now - turned < max(watchdog, STUCK_SECONDS):
                self._manager.alive()
            self._alive_at = now
        if now - self._listed_at >= LISTED_SECONDS:
            self._listed_at = now
            logger.info("%s", self.figures())
        troubles = [one.recorder.state.trouble for one in self._parts]
        self._manager.status(next(filter(None, troubles), None) or self.figures())

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
        """How it is: the connection, the rate, what was kept, and what is in the way."""
        engine = self._engine
        rate = format_rate(engine.store.summary(engine.clock()).events_per_second)
        hows = filter(None, (one.how() for one in self._parts))
        return "  ".join((engine.link.state.value, rate, self.kept(), *hows))

    def kept(self) -> str:
        """Events, and what is recorded of them."""
        engine = self._engine
        received = engine.store.summary(engine.clock()).events_received
        return "  ".join((counted(received, "event"), *(one.kept() for one in self._parts)))
