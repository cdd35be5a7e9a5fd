"""Every thread of the program, and what flows between them.

The receiver's thread fills the store, the control thread talks to the workers, the brokers thread
reads the queues, and the view thread keeps the table's order and tells the interface that there is
news. The interface reads the store and the view, and waits for the mailbox.
"""

from __future__ import annotations

import enum
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from celerytui import connect
from celerytui.control import (
    ActionLog,
    Choices,
    Resolutions,
    Silences,
    choices_path,
    log_path,
    user_name,
)
from celerytui.engine.broker_watch import BrokerWatch
from celerytui.engine.clock import Clock, SteadyClock
from celerytui.engine.control_thread import ControlThread, Step
from celerytui.engine.exporter import Exporter
from celerytui.engine.housekeeping import Housekeeping
from celerytui.engine.job import Job, Work
from celerytui.engine.mailbox import Mailbox
from celerytui.engine.outcome_lookup import OutcomeLookup
from celerytui.engine.past_tasks import PastTasks
from celerytui.engine.queue_poller import QueuePoller
from celerytui.engine.request_pool import RequestPool
from celerytui.engine.schedule_poller import SchedulePoller
from celerytui.engine.steps import Steps
from celerytui.engine.sweeper import Sweeper
from celerytui.engine.view_refresher import ViewRefresher
from celerytui.health import Alerts, Health
from celerytui.model import (
    Arguments,
    Batch,
    Link,
    LinkState,
    Outcome,
    Refusal,
    ResultMeta,
    Section,
    Survey,
)
from celerytui.query import Filter, TaskView
from celerytui.settings import Settings
from celerytui.state_folder import state_path
from celerytui.store import Store
from celerytui.wire import pickles
from celerytui.wire.connections import ready, when_late

if TYPE_CHECKING:
    from celerytui.engine.recording import Recorder
    from celerytui.history.history import Place
    from celerytui.wire.receiver import Receiver

logger = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
RECORD_SECONDS = 0.5
"""For so long the end waits at least for what is still to be recorded."""


class _Keep(enum.Enum):
    AS_IT_IS = enum.auto()


AS_IT_IS: Final = _Keep.AS_IT_IS
"""Stands for what `Engine.show` is to leave alone."""
AsItIs = Literal[_Keep.AS_IT_IS]


class Engine:
    """Wires receiver, store, control and brokers together, and starts and stops their threads.

    `start` returns at once: the broker is connected afterwards, by the threads. `stop` waits for
    them until its deadline and then leaves them: they are daemons. A `headless` one keeps no order
    of the tasks: its `view` stands still until somebody refreshes it. All goes by `clock`, which
    is a `SteadyClock` of its own unless another is given.
    """

    def __init__(
        self,
        app: Any,
        settings: Settings,
        *,
        clock: Clock | None = None,
        headless: bool = False,
    ) -> None:
        self.app = app
        self.clock = clock = clock or SteadyClock()
        self.app_name = connect.app_name(app)
        self.settings = settings = settings.for_app(self.app_name)
        self.broker_url = connect.broker_url(app)
        self.store = Store(
            max_tasks=settings.max_tasks, max_workers=settings.max_workers, clock=clock
        )
        self.health = Health(self.store)
        self.mailbox = Mailbox()
        self.view = TaskView(self.store, clock=clock, tell=self.mailbox.post)
        self.link = Link(since=clock())
        self.steps = Steps(clock, self._tell)
        self.when_late = ""
        self.log = ActionLog(
            log_path(os.environ), user=user_name(), app=self.app_name, broker=self.broker_url
        )
        self.resolutions = Resolutions(state_path(os.environ, "resolved.jsonl"), self.app_name)
        self.choices = Choices(choices_path(os.environ, self.app_name), self.app_name)
        self._headless = headless
        self._receiver: Receiver | None = None
        pickles.allow(settings.allow_pickle)
        silences = Silences()
        self._control = ControlThread(
            app,
            settings,
            self.store,
            self.log,
            self._link_state,
            self._tell,
            lambda step: self.steps.survive(step, part="control"),
            clock,
            silences,
            lambda: self.broker.blockage,
            lambda: self.schedule,
        )
        self.executor = self._control.executor
        self.outcomes = self.executor.outcomes
        self.findings = self.executor.findings
        self.exporter = Exporter(self._tell)
        self.requests = RequestPool(
            app, settings, self.store, self._tell, clock, silences, lambda: self.broker.blockage
        )
        self.past = PastTasks(app, self.store, self.requests, clock)
        pace = 0.0 if headless else settings.refresh
        self.broker = BrokerWatch(self.store, self._link_state, self._tell, clock)
        self._sweeper = Sweeper(
            self.store,
            self._link_state,
            lambda: self.broker.silences,
            lambda: self.broker.unsure,
            self._control.start_over,
            pace=pace,
            clock=clock,
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
            clock,
        )
        self._refresher = ViewRefresher(
            self.view,
            self.mailbox,
            self.steps.survive,
            self.housekeeping.turn,
            pace=settings.refresh,
            clock=clock,
        )
        self.recorder = self._recorder()
        self.store.types.ask = self._refresher.show_now
        self._importing = threading.Lock()
        self._stopping = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._queues = QueuePoller(
            self.store,
            settings.queues,
            settings.queue_interval,
            lambda: None if self._receiver is None else self._receiver.broker,
            self.steps.survive,
            self._refresher.news,
            clock,
        )
        self.schedule = SchedulePoller(
            settings,
            self.store,
            lambda: self.link,
            lambda: self.broker.blockage,
            self.steps.survive,
            self._refresher.news,
            clock,
            self._history_place,
        )

    def _history_place(self) -> Place | None:
        """Where the app's history is recorded, None where it is not."""
        if self.settings.history is None:
            return None
        from celerytui.history.place import place_of

        return place_of(self.settings.history, self.app_name, self.broker_url, os.environ)

    def _recorder(self) -> Recorder | None:
        place, settings = self._history_place(), self.settings
        if place is None:
            return None
        from celerytui.engine.recording import Recorder

        who = self.app_name, self.broker_url
        return Recorder(self.store, self.health, self.log, settings, self.clock, *who, place)

    @property
    def survey(self) -> Survey | None:
        """What workers answered last; None before anybody was asked."""
        return self._control.surveys.survey

    @property
    def running(self) -> list[Work]:
        """What is being done for the user, actions and exports, the oldest first."""
        works = (*self.executor.running, *self.exporter.running)
        return sorted(works, key=lambda one: one.since)

    def evaluate(self) -> Alerts:
        """Judge what is known now; by one thread at a time, never on the interface's loop."""
        recorder = self.recorder
        return self.health.evaluate(
            self.link,
            self.clock(),
            self.broker.blockage,
            self.survey_error,
            self.schedule.reading,
            None if recorder is None else recorder.trouble,
        )

    @property
    def asking_since(self) -> float | None:
        """Since when workers are being asked, None while none are."""
        return self._control.surveys.asking_since

    @property
    def survey_error(self) -> str | None:
        """Why the workers could not be asked when it was last tried."""
        return self._control.surveys.error

    def start(self) -> None:
        """Start the threads; nothing here touches the network."""
        showing = self.housekeeping if self._headless else self._refresher
        parts: dict[str, Step] = {
            "receive": self._run_receiver,
            "control": lambda: self._control.run(self._stopping),
            "brokers": lambda: self._queues.run(self._ready(), self._stopping),
            "schedule": lambda: self.schedule.run(self._ready(), self._stopping),
            "watch": lambda: self.broker.run(self._ready(), self._stopping),
            **({} if self.recorder is None else {"history": self.recorder.run}),
            "sweep" if self._headless else "view": lambda: showing.run(self._stopping),
        }
        for name, run in parts.items():
            self._threads[name] = thread = threading.Thread(
                target=self._keep, args=(run,), name=f"celerytui-{name}", daemon=True
            )
            thread.start()

    def stop(self, deadline: float = 1.2) -> bool:
        """Stop the threads within `deadline` seconds; False where one had to be left behind."""
        # The receiver, once it is stopped, no longer says that the broker is gone.
        lost = self.link.state is LinkState.RECONNECTING
        self._stopping.set()
        if self._receiver is not None:
            self._receiver.stop()
        self._control.close()
        exports = self.exporter.stop()
        self.requests.stop()
        self._refresher.show_now()
        self._queues.read_now()
        self.schedule.read_now()
        end = time.monotonic() + deadline
        if self.settings.restore_events and not lost:
            self._control.restore_events(self._threads.get("control"), end)
        recording = self._threads.get("history")
        for thread in (*self._threads.values(), *exports):
            if thread is not recording:
                thread.join(max(0.0, end - time.monotonic()))
        self.steps.survive(self.choices.save)
        if self.recorder is not None and recording is not None:
            # Last, so that it writes what the others brought.
            self.recorder.finish()
            recording.join(max(RECORD_SECONDS, end - time.monotonic()))
        if self.store.failures.changed:
            self.steps.survive(lambda: self.resolutions.keep(self.store.failures))
        return not any(thread.is_alive() for thread in (*self._threads.values(), *exports))

    def reconnect_now(self) -> None:
        """Cut the wait for the next try to connect short."""
        if self._receiver is not None:
            self._receiver.reconnect_now()
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
        self._refresher.show_now()

    def ask_workers(self, hostnames: Sequence[str] | None = None) -> None:
        """Ask these workers again what they do, or everybody; the answers seed the store."""
        self._control.ask(hostnames)

    def read_queues(self) -> None:
        """Read the broker's queues now rather than at the next turn."""
        self._queues.read_now()

    # The receiver's thread

    def _run_receiver(self) -> None:
        app = self._ready()
        from celerytui.wire.receiver import Receiver

        self._receiver = Receiver(app, self._take_batch, self._take_link, clock=self.clock)
        # stop() sets the one and then looks for the other: one of us sees it.
        if not self._stopping.is_set():
            self._receiver.run()

    def _take_batch(self, batch: Batch) -> None:
        self.steps.survive(lambda: self.store.apply(batch))
        self._refresher.news()

    def _take_link(self, link: Link) -> None:
        before = self.link
        if link.state is LinkState.CONNECTED and before.state is not LinkState.CONNECTED:
            if before.lost_at is not None:
                self.store.mark_gap(before.lost_at, link.since)
            self.when_late = when_late(self.app)
            # Before the control thread can see that we listen: it asks everybody first.
            self._control.start_over()
        elif link.state is LinkState.RECONNECTING and before.state is LinkState.CONNECTED:
            self.store.mark_gap(link.lost_at or self.clock(), None)
        self.link = link
        self._tell()

    # What the threads have in common

    def _keep(self, run: Step) -> None:
        """Run a thread's work, and run it again should it ever end before it is asked to."""
        while not self._stopping.is_set():
            self.steps.survive(run, whole=True)
            self._stopping.wait(RESTART_SECONDS)

    def _ready(self) -> Any:
        """The app, with all imported that the threads use; the first frame does not wait for it.

        By one thread at a time: two that enter Celery's circles of imports at different places find
        modules half made.
        """
        with self._importing:
            from celerytui.wire import receiver  # noqa: F401  for later

            return ready(self.app)

    def _link_state(self) -> LinkState:
        return self.link.state

    def _tell(self) -> None:
        self._refresher.urgent()
        if self._headless:
            self.mailbox.post()
