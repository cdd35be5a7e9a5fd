"""Every thread of the program, and what flows between them.

The receiver's thread fills the store, the control thread talks to the workers, the brokers thread
reads the queues, and the view thread keeps the table's order and tells the interface that there is
news. The interface reads the store and the view, and waits for the mailbox.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from celerytui import connect
from celerytui.control import Silences
from celerytui.engine.as_it_is import AS_IT_IS, AsItIs
from celerytui.engine.beside import Beside
from celerytui.engine.broker_watch import BrokerWatch
from celerytui.engine.clock import Clock, SteadyClock
from celerytui.engine.control_thread import ControlThread, Step
from celerytui.engine.event_recorder import EventRecorder
from celerytui.engine.exporter import Exporter
from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.housekeeping import Housekeeping
from celerytui.engine.job import Job, Work
from celerytui.engine.mailbox import Mailbox
from celerytui.engine.outcome_lookup import OutcomeLookup
from celerytui.engine.pages_to_record import PagesToRecord
from celerytui.engine.past_tasks import PastTasks
from celerytui.engine.past_windows import PastWindows
from celerytui.engine.queue_poller import QueuePoller
from celerytui.engine.reception import Reception
from celerytui.engine.replay_clock import ReplayClock
from celerytui.engine.replayer import Replayer
from celerytui.engine.replaying import Replaying
from celerytui.engine.request_pool import RequestPool
from celerytui.engine.restoring import Restorer
from celerytui.engine.results_ahead import ResultsAhead
from celerytui.engine.schedule_poller import SchedulePoller
from celerytui.engine.steps import Steps
from celerytui.engine.sweeper import Sweeper
from celerytui.engine.threads import Threads
from celerytui.engine.user_files import open_user_files
from celerytui.engine.view_refresher import ViewRefresher
from celerytui.health import Alerts, Health
from celerytui.model import (
    Arguments,
    Link,
    LinkState,
    Outcome,
    Recording,
    Refusal,
    ResultMeta,
    Section,
    TaskGroups,
)
from celerytui.query import Filter, TaskView
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.wire import pickles

RECORD_SECONDS = 0.5
"""For so long the end waits at least for what is still to be recorded."""


class Engine:
    """Wires receiver, store, control and brokers together, and starts and stops their threads.

    `start` returns at once: the broker is connected afterwards, by the threads. `stop` waits for
    them until its deadline and then leaves them: they are daemons. A `headless` one keeps no order
    of the tasks: its `view` stands still until somebody refreshes it. All goes by `clock`, which
    is a `SteadyClock` of its own unless another is given. One with a `recording` replays it: its
    `replayer` says where it is, and nothing of the cluster is touched.
    """

    def __init__(
        self,
        app: Any,
        settings: Settings,
        *,
        clock: Clock | None = None,
        headless: bool = False,
        recording: Recording | None = None,
    ) -> None:
        self.app = app
        replay_clock = None if recording is None else ReplayClock(recording.begins)
        self.clock = clock = replay_clock or clock or SteadyClock()
        self.app_name = connect.app_name(app)
        self.settings = settings = settings.for_app(self.app_name)
        if recording is not None:
            self.settings = settings = settings._replace(offline=True, history=None)
        environ: Mapping[str, str] = os.environ if recording is None else {}
        self.broker_url = connect.broker_url(app)
        self.store = Store(
            max_tasks=settings.max_tasks, max_workers=settings.max_workers, clock=clock
        )
        self.health = Health(self.store, monotonic=replay_clock or time.monotonic)
        self.mailbox = Mailbox()
        self.view = TaskView(self.store, clock=clock, tell=self.mailbox.post_awaited)
        self.steps = Steps(clock, self._tell)
        self._threads = Threads(self.steps)
        self._headless = headless
        pickles.allow(settings.allow_pickle)
        self.log, self.resolutions, self.choices = open_user_files(
            environ, self.app_name, self.broker_url
        )
        self.exporter = Exporter(self._tell)
        self._wire_workers()
        self._wire_past()
        self._wire_upkeep(replaying=recording is not None)
        self._wire_broker()
        self.event_recorder: EventRecorder | None = None
        self.replayer: Replayer | None = None
        if recording is not None and replay_clock is not None:
            self.replayer = self._replayer(recording, replay_clock)

    def _wire_workers(self) -> None:
        """Make what hears the workers, asks them and changes them."""
        app, settings, store, clock = self.app, self.settings, self.store, self.clock
        silences = Silences()
        self._control = ControlThread(
            app,
            settings,
            store,
            self.log,
            self._link_state,
            self._tell,
            lambda step: self.steps.survive(step, part="control"),
            clock,
            silences,
            lambda: self.broker.blockage,
            lambda: self.schedule,
        )
        self.surveys = self._control.surveys
        self.executor = self._control.executor
        self.outcomes = self.executor.outcomes
        self.findings = self.executor.findings
        self.requests = RequestPool(
            app, settings, store, self._tell, clock, silences, lambda: self.broker.blockage
        )
        self.reception = Reception(
            app,
            store,
            Link(LinkState.OFFLINE if settings.offline else LinkState.CONNECTING, clock()),
            self.steps.survive,
            lambda: self.refresher.news(),
            self._tell,
            self._control.start_over,
            clock,
        )

    def _wire_past(self) -> None:
        """Make what records the past, and what reads it."""
        store, clock = self.store, self.clock
        self.history = history = HistoryAccess(self.settings, self.app_name, self.broker_url)
        self.recorder = history.recorder(store, self.health, self.log, clock)
        self.past = PastTasks(self.app, store, self.requests, history, clock, self._tell)
        self.past_windows = windows = PastWindows(store, clock, self._tell, kept=history.kept)
        self._restorer = Restorer(
            history, self.settings, store, self.past, windows, self.reception.take_link, clock
        )
        self.results_ahead = ResultsAhead(self.reception.ready)
        self.requests.import_results = self.results_ahead.now

    def _wire_upkeep(self, *, replaying: bool) -> None:
        """Make what turns once a second, and what keeps the view up between."""
        pace = self.settings.refresh
        self._sweeper = Sweeper(
            self.store,
            self._link_state,
            lambda: self.broker.silences,
            lambda: self.broker.unsure,
            self._control.start_over,
            pace=0.0 if self._headless else pace,
            clock=self.clock,
        )
        self.housekeeping = Housekeeping(
            self.store,
            self._sweeper,
            self.requests,
            OutcomeLookup(self.store, self.requests),
            self.choices,
            self.resolutions,
            self.evaluate,
            self.steps.survive,
            self.clock,
        )
        self.refresher = ViewRefresher(
            self.view,
            self.mailbox,
            self.steps.survive,
            self.housekeeping.keep_up if replaying else self.housekeeping.turn,
            pace=pace,
            clock=self.clock,
        )
        self.store.types.ask = self.refresher.show_now

    def _wire_broker(self) -> None:
        """Make what looks at the broker, its queues, and the schedule."""
        settings, store, clock = self.settings, self.store, self.clock
        self.broker = BrokerWatch(store, self._link_state, self._tell, clock)
        self._queues = QueuePoller(
            store,
            settings.queues,
            settings.queue_interval,
            lambda: self.reception.broker,
            self.steps.survive,
            self.refresher.news,
            clock,
        )
        self.schedule = SchedulePoller(
            settings,
            store,
            lambda: self.link,
            lambda: self.broker.blockage,
            self.steps.survive,
            self.refresher.news,
            clock,
            self.history,
        )

    def _replayer(self, recording: Recording, clock: ReplayClock) -> Replayer:
        replaying = Replaying(self.store, self.health, self.beside(), self.housekeeping.judge_all)
        return Replayer(recording, clock, replaying.tell, replaying.forget, self._tell)

    def record_events(self, path: Path, *, anonymise: bool = False) -> EventRecorder:
        """Have all that is received written into an event log; before `start`."""
        who, pages = (self.app_name, self.broker_url), PagesToRecord(self.store, self.inspect)
        parts = self.store, self.health, self.beside(), pages, self.settings, self.clock
        self.event_recorder = recorder = EventRecorder(*parts, *who, path, anonymise=anonymise)
        self.reception.changed = recorder.take_link
        return recorder

    def beside(self) -> Beside:
        """What is shown and no store holds, to be recorded or told again."""
        parts = self.reception, self.broker, self.surveys, self.schedule, self.log
        return Beside(*parts, self.store, self.app_name)

    @property
    def link(self) -> Link:
        """How the connection to the broker stands."""
        return self.reception.link

    @property
    def running(self) -> list[Work]:
        """What is being done for the user: actions, exports and a search, the oldest first."""
        search = self.past.search
        found = () if search is None else (search,)
        works = (*self.executor.running, *self.exporter.running, *found)
        return sorted(works, key=lambda one: one.since)

    def evaluate(self) -> Alerts:
        """Judge what is known now; by one thread at a time, never on the interface's loop."""
        recorder, events = self.recorder, self.event_recorder
        trouble = None if recorder is None else recorder.trouble
        known = self.link, self.clock(), self.broker.blockage, self.surveys.error
        alerts = self.health.evaluate(*known, self.schedule.reading, trouble)
        if events is not None:
            events.take_judged()
        return alerts

    def start(self) -> None:
        """Start the threads; nothing here touches the network."""
        self._threads.start(self._parts())

    def _parts(self) -> dict[str, Step]:
        """What the threads do; offline none of them touches the broker."""
        showing = self.housekeeping if self._headless else self.refresher
        stopping = self._threads.stopping
        parts: dict[str, Step] = {
            "control": lambda: self._control.run(stopping),
            "sweep" if self._headless else "view": lambda: showing.run(stopping),
        }
        if (replayer := self.replayer) is not None:
            parts["replay"] = lambda: replayer.run(stopping)
        if self.history.kept and not self._headless:
            parts["past"] = lambda: self._restorer.run(stopping)
        if self.settings.offline:
            return parts
        if self.recorder is not None:
            parts["history"] = self.recorder.run
        if self.event_recorder is not None:
            parts["event-log"] = self.event_recorder.run
        if not self._headless:
            parts["results"] = lambda: self.results_ahead.run(stopping)
        return {
            "receive": lambda: self.reception.run(stopping),
            "brokers": lambda: self._queues.run(self.reception.ready(), stopping),
            "schedule": lambda: self.schedule.run(self.reception.ready(), stopping),
            "watch": lambda: self.broker.run(self.reception.ready(), stopping),
            **parts,
        }

    def stop(self, deadline: float = 1.2) -> bool:
        """Stop the threads within `deadline` seconds; False where one had to be left behind."""
        # The receiver, once it is stopped, no longer says that the broker is gone.
        lost = self.link.state in (LinkState.RECONNECTING, LinkState.OFFLINE)
        self._threads.stopping.set()
        self.reception.stop()
        self._control.close()
        self.past.stop()
        self._restorer.stop()
        exports = self.exporter.stop()
        self.requests.stop()
        self.refresher.show_now()
        self._queues.read_now()
        self.schedule.read_now()
        end = time.monotonic() + deadline
        if self.settings.restore_events and not lost:
            self._control.restore_events(self._threads.get("control"), end)
        recorders = {"history": self.recorder, "event-log": self.event_recorder}
        self._threads.join(end, but=recorders)
        for export in exports:
            export.join(max(0.0, end - time.monotonic()))
        self.steps.survive(self.choices.save)
        for part, recorder in recorders.items():
            # Last, so that it writes what the others brought.
            if recorder is not None and (thread := self._threads.get(part)) is not None:
                recorder.finish()
                thread.join(max(RECORD_SECONDS, end - time.monotonic()))
        if self.store.failures.changed:
            self.steps.survive(lambda: self.resolutions.keep(self.store.failures))
        return not (self._threads.alive or any(export.is_alive() for export in exports))

    def reconnect_now(self) -> None:
        """Cut the wait for the next try to connect short."""
        self.reception.reconnect_now()
        self._queues.read_now()

    def submit(
        self,
        action: str,
        targets: Sequence[str],
        params: Mapping[str, str] | None = None,
        done: Callable[[Outcome], None] | None = None,
    ) -> Job:
        """Have the control thread do an action; its outcome comes into `outcomes`.

        What is returned tells the progress, and can be cancelled from any thread. `done` is called
        with the outcome in the control thread.
        """
        return self._control.submit(action, targets, params or {}, done)

    def inspect(self, hostname: str, section: str, done: Callable[[Section], None]) -> None:
        """Ask a worker for one of `control.SECTIONS`; silence of one holds up no other.

        `done` is called in a thread of the engine, within the reply timeout and a connection's.
        """
        self.requests.inspect(hostname, section, done)

    def read_result(self, task_id: str, done: Callable[[ResultMeta], None]) -> None:
        """Read what the result backend holds of a task; `done` is called as by `inspect`."""
        self.requests.read_result(task_id, done)

    def read_groups(
        self, task_id: str, parent_id: str | None, done: Callable[[TaskGroups], None]
    ) -> None:
        """Read in which groups the result backend has a task or its parent, as `read_result`."""
        self.requests.read_groups(task_id, parent_id, done)

    def find_arguments(self, task_id: str, done: Callable[[Arguments | Refusal], None]) -> None:
        """Find a task's real arguments, to run it again; `done` is called as by `inspect`."""
        self.requests.find_arguments(task_id, done)

    def show(
        self,
        *,
        filter: Filter | AsItIs | None = AS_IT_IS,
        sort: str | AsItIs = AS_IT_IS,
        reverse: bool | AsItIs = AS_IT_IS,
    ) -> None:
        """Have the view thread show other tasks or another order; `filter` None shows all."""
        view = self.view
        view.configure(
            filter=view.filter if filter is AS_IT_IS else filter,
            sort=view.sort if sort is AS_IT_IS else sort,
            reverse=view.reverse if reverse is AS_IT_IS else reverse,
        )
        self.refresher.show_now()

    def ask_workers(self, hostnames: Sequence[str] | None = None) -> None:
        """Ask these workers again what they do, or everybody; the answers seed the store."""
        self._control.ask(hostnames)

    def read_queues(self) -> None:
        """Read the broker's queues now rather than at the next turn."""
        self._queues.read_now()

    def _link_state(self) -> LinkState:
        return LinkState.OFFLINE if self.settings.offline else self.link.state

    def _tell(self) -> None:
        self.refresher.urgent()
        if self._headless:
            self.mailbox.post()
