"""The loop that keeps a reader connected and publishes what it reads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from celerytui.masking import one_line
from celerytui.model import Batch, Link, LinkState, Outage
from celerytui.wire.broker import OURS, Broker, EventReader, Silence
from celerytui.wire.connections import read_connection
from celerytui.wire.decode import EventDecoder
from celerytui.wire.generic.events import KombuEventReader
from celerytui.wire.lag import Lag
from celerytui.wire.outages import Reason, reason_of, without_reprs
from celerytui.wire.registry import broker_of

BACK_OFF = (1.0, 2.0, 3.0, 5.0)
REFUSED_SECONDS = 30.0
"""Who says no is not asked every few seconds: each try costs a line in its log."""
# How often stop() is looked at while nothing comes.
IDLE_SECONDS = 0.2
# Events that come close together go on together: the store is locked once for all of them.
BATCH_SECONDS = 0.05
BATCH_EVENTS = 500
# ... but not kept back once nothing more comes.
QUIET_SECONDS = 0.01
ERROR_LIMIT = 300
# A connection that ends while we are so far behind may have been ended for it.
BEHIND = 2.0

logger = logging.getLogger(__name__)


class Receiver:
    """Receives the cluster's events for as long as `run` runs, in the thread that runs it.

    `on_batch` is called there with the events, at most 50 ms after the first of them came, and
    `on_link` with each change of the connection. What these raise ends `run`; nothing that the
    broker or a sender does ever will.
    """

    def __init__(
        self,
        app: Any,
        on_batch: Callable[[Batch], None],
        on_link: Callable[[Link], None],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._on_batch = on_batch
        self._on_link = on_link
        self._clock = clock
        self._monotonic = monotonic
        self._decoder = EventDecoder(app.conf.event_serializer, clock)
        self._lag = Lag(monotonic)
        self._met: tuple[Any, Broker] | None = None
        self._reader: EventReader | None = None
        self._is_fast = False
        self._on_trial = False
        self._note: str | None = None
        self._alone: str | None = None
        self._opening = False
        self._failed = False
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._lost_at: float | None = None
        self._lost_for: str | None = None
        self._listened = 0.0
        self._attempt = 0
        self._last: Reason | None = None

    def run(self) -> None:
        """Connects, receives and reconnects until `stop` was called."""
        while not self._stopping.is_set():
            if not self._on_trial:
                self._tell_trying()
            reader, error = self._connect()
            if reader is not None:
                error = self._live(reader)
            if error is not None and not self._on_trial:
                self._wait(error)
        self._tell(LinkState.STOPPED)

    def stop(self) -> None:
        """Makes `run` return within about a second; returns at once, from any thread."""
        self._stopping.set()
        self._awake.set()
        reader = self._reader
        if self._opening and reader is not None:
            reader.abort()

    def reconnect_now(self) -> None:
        """Cuts the wait for the next try short, from any thread."""
        self._awake.set()

    @property
    def broker(self) -> Broker | None:
        """The kind of broker that is read, or tried; None before the first try."""
        return None if self._met is None else self._met[1]

    def _connect(self) -> tuple[EventReader | None, Exception | None]:
        """One try: an open reader, or the error; neither where `stop` ends it all."""
        try:
            connection, broker = self._meet_broker()
            no_events = broker.no_events(connection)
            if no_events is None:
                return self._open(connection, broker), None
        except Exception as exc:
            if self._reader is not None:
                self._reader.close(lost=True)
            self._judge(exc)
            # One on trial has to get its connection at the same broker.
            self._failed = not self._on_trial
            return None, exc
        finally:
            self._opening = False
        self._tell(LinkState.NO_EVENTS, error=no_events)
        self._stopping.wait()
        return None, None

    def _meet_broker(self) -> tuple[Any, Broker]:
        """The one connection that every reader uses, in its turn, and what it is for."""
        if self._met is None:
            connection = read_connection(self._app)
            self._met = connection, broker_of(connection)
            self._alone = self._why_alone(self._met[1])
        elif self._failed:
            self._failed = False
            self._met = self._next_url(*self._met)
        return self._met

    def _next_url(self, connection: Any, before: Broker) -> tuple[Any, Broker]:
        """Goes on to the next URL of the app's list, which may be another kind of broker's."""
        connection.maybe_switch_next()
        broker = broker_of(connection)
        if broker != before:
            broker.set_timeouts(connection)
            self._reader = self._note = None
        return connection, broker

    def _why_alone(self, broker: Broker) -> str | None:
        """Why nothing can come from other processes, None where it can."""
        why = None
        if broker.in_process:
            why = f"{broker.title} lives inside one process"
        elif self._app.conf.task_always_eager:
            why = "task_always_eager is set: tasks run where they are called"
        return why and f"{why}; nothing can come from other processes"

    def _open(self, connection: Any, broker: Broker) -> EventReader | None:
        if self._reader is None:
            self._reader = self._choose_reader(connection, broker)
        self._opening = True
        # stop() sets the one and then looks at the other: one of us sees it.
        if self._stopping.is_set():
            return None
        self._reader.open()
        return self._reader

    def _choose_reader(self, connection: Any, broker: Broker) -> EventReader:
        """The fastest reader for the app's broker, not connected yet."""
        fast = None
        if broker.fast_events is not None and self._note is None:
            # Already now: it may not even be there to be imported.
            self._is_fast = True
            fast = broker.fast_events(self._app, connection, self._decoder, self._clock)
        self._is_fast = fast is not None
        return fast or KombuEventReader(self._app, connection, self._decoder, self._clock, broker)

    def _judge(self, error: Exception) -> None:
        """Puts the general reader on trial where the fast one failed for a reason that is ours.

        It has to get its connection at once, at the same broker. Where it cannot, the broker is to
        blame after all, and the fast one is next: py-amqp raises the same for a lost connection.
        """
        failed_trial = self._on_trial
        self._on_trial = self._is_fast and isinstance(error, OURS)
        if self._on_trial:
            _, broker = self._meet_broker()
            logger.warning("The fast reader for %s failed", broker.title, exc_info=error)
            self._note = (
                f"Reading through kombu, slower: the fast reader for {broker.title} failed"
                f" ({type(error).__name__}: {one_line(error)[:ERROR_LIMIT]})"
            )
            self._reader = None
        elif failed_trial:
            self._note = self._reader = None

    def _live(self, reader: EventReader) -> Exception | None:
        """From the making of a connection to its loss, and why; None for `stop`."""
        self._attempt = 0
        self._on_trial = False
        since = self._tell(LinkState.CONNECTED, error=self._decoder.refuses)
        error = None
        try:
            error = self._follow(reader)
            if error is not None:
                self._judge(error)
                error = self._note_loss(error, since)
                # Before the closing, which may take its time.
                self._tell(LinkState.RECONNECTING, reason=self._reason(error))
        finally:
            reader.close(lost=error is not None)
        return error

    def _note_loss(self, error: Exception, since: float) -> Exception:
        """Notes from when on news is missing; gives the error with how far behind we were."""
        behind = self._lag.seconds
        if isinstance(error, Silence):
            heard = error.since
        else:
            heard = self._listened
            # Stopped or starved: what waited in the socket may have gone with the connection.
            behind += self._clock() - heard
        self._lost_at = max(since, heard - self._lag.seconds)
        if behind > BEHIND:
            # Redis ends a subscription that outgrows its client-output-buffer-limit.
            late = ConnectionError(f"{error} ({behind:.0f} s behind)")
            late.__cause__ = error
            error = late
        self._lost_for = self._reason(error).text
        return error

    def _follow(self, reader: EventReader) -> Exception | None:
        """Publishes batches until the connection is lost or `stop` was called."""
        decoder = self._decoder
        error = None
        self._listened = self._clock()
        self._lag.nothing_waits()
        while error is None and not self._stopping.is_set():
            try:
                begun = self._monotonic()
                reader.read(IDLE_SECONDS)
                read = self._monotonic()
                # One that took longer stood still itself: it says nothing of what waits.
                if not decoder.pending and IDLE_SECONDS / 2 <= read - begun < IDLE_SECONDS * 2:
                    self._lag.nothing_waits()
                until = read + BATCH_SECONDS
                before = 0
                while before < decoder.pending < BATCH_EVENTS and self._monotonic() < until:
                    before = decoder.pending
                    reader.read(QUIET_SECONDS)
                self._listened = self._clock()
            except Exception as exc:
                error = exc
            batch = decoder.take()
            if batch is not None:
                batch.lag = self._lag.look(batch)
                self._on_batch(batch)
        return error

    def _wait(self, error: Exception) -> None:
        """Tells why and until when, and waits, unless asked to stop or to try at once."""
        if self._stopping.is_set():
            return
        self._awake.clear()
        reason = self._reason(error)
        seconds = BACK_OFF[min(max(self._attempt, 1), len(BACK_OFF)) - 1]
        if reason.outage is Outage.REFUSED and not self._has_more_urls():
            seconds = REFUSED_SECONDS
        self._tell(LinkState.RECONNECTING, reason=reason, wait=seconds)
        if not self._stopping.is_set():
            self._awake.wait(seconds)

    def _tell_trying(self) -> None:
        self._attempt += 1
        if self._attempt == 1 and self._lost_at is None:
            self._tell(LinkState.CONNECTING)
        else:
            self._tell(LinkState.RECONNECTING, reason=self._last)

    def _has_more_urls(self) -> bool:
        return self._met is not None and len(self._met[0].alt or ()) > 1

    def _reason(self, error: Exception) -> Reason:
        if self._met is None:
            return Reason(Outage.UNUSABLE, without_reprs(one_line(error))[:ERROR_LIMIT])
        connection, broker = self._met
        reason = reason_of(error, broker, connection)
        return Reason(reason.outage, reason.text[:ERROR_LIMIT], reason.remedy)

    def _tell(
        self,
        state: LinkState,
        *,
        error: str | None = None,
        reason: Reason | None = None,
        wait: float | None = None,
    ) -> float:
        """Calls `on_link`; returns the time that it reported as the beginning of this state."""
        now = self._clock()
        self._last = reason
        self._on_link(
            Link(
                state=state,
                since=now,
                error=error if reason is None else reason.text,
                outage=None if reason is None else reason.outage,
                remedy=None if reason is None else reason.remedy,
                attempt=self._attempt,
                next_try=None if wait is None else now + wait,
                lost_at=self._lost_at,
                lost_for=self._lost_for,
                note=self._note or self._alone,
            )
        )
        return now
