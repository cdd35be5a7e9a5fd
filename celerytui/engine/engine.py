"""Every thread of the program, and what flows between them.

The receiver's thread fills the store, the control thread talks to the workers, the brokers thread
reads the queues, and the view thread keeps the table's order and tells the interface that there is
news. The interface reads the store and the view, and waits for the mailbox.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from celerytui import connect
from celerytui.control import (
    ENABLE_EVENTS,
    ActionLog,
    Control,
    find_action,
    log_path,
    user_name,
)
from celerytui.engine.action_executor import ActionExecutor
from celerytui.engine.job import Job
from celerytui.engine.mailbox import Mailbox
from celerytui.engine.request_pool import RequestPool
from celerytui.engine.survey_schedule import SurveySchedule
from celerytui.errors import CelerytuiError
from celerytui.health import Health
from celerytui.model import (
    Arguments,
    Batch,
    Link,
    LinkState,
    Outcome,
    Refusal,
    Reply,
    ResultMeta,
    Section,
    Survey,
)
from celerytui.query import TaskView
from celerytui.settings import Settings
from celerytui.store import SETTLED, Store
from celerytui.wire.connections import open_depths, ready, when_late

if TYPE_CHECKING:
    from celerytui.wire.receiver import Receiver

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
RESTART_SECONDS = 1.0
STOOD_STILL_SECONDS = 5.0
"""A turn of the view thread that comes so much later: the process was stopped, or the machine."""
SETTLE_SECONDS = SETTLED + 1.0
"""How long after its task events were turned on a worker is asked once more what it runs."""
NEW_WORKER_SECONDS = 0.5
"""How long newly seen workers are gathered before they are asked together."""
SURVEY_WITHOUT_EVENTS_SECONDS = 5.0
LET_GO_SECONDS = 0.3

CHANGED = frozenset(("stats", "active_queues"))
"""Sections of a worker whose change by an action is seen in the table of workers."""

Clock = Callable[[], float]
Step = Callable[[], None]


class Engine:
    """Wires receiver, store, control and brokers together, and starts and stops their threads.

    `start` returns at once: the broker is connected afterwards, by the threads. `stop` waits for
    them until its deadline and then leaves them: they are daemons.
    """

    def __init__(self, app: Any, settings: Settings, *, clock: Clock = time.time) -> None:
        self.app = app
        self.clock = clock
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
        self.survey: Survey | None = None
        self.asking_since: float | None = None
        self.survey_error: str | None = None
        self.trouble: str | None = None
        self._failed: dict[str, str] = {}
        self.when_late = ""
        self._receiver: Receiver | None = None
        self._control = Control(
            app, read_only=settings.read_only, timeout=settings.reply_timeout, clock=clock
        )
        self.log = ActionLog(
            log_path(os.environ), user=user_name(), app=self.app_name, broker=self.broker_url
        )
        self.executor = ActionExecutor(self._control, self.store, self._tell, clock, self.log)
        self.outcomes = self.executor.outcomes
        self.findings = self.executor.findings
        self.requests = RequestPool(app, settings, self.store, self._tell, clock)
        self._importing = threading.Lock()
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._urgent = threading.Event()
        self._asked_to_show = threading.Event()
        self._jobs: queue.SimpleQueue[Step] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._read_queues_now = threading.Event()
        self._schedule = SurveySchedule()
        self._swept = 0.0

    def start(self) -> None:
        """Start the threads; nothing here touches the network."""
        for name, run in (
            ("receive", self._run_receiver),
            ("control", self._run_control),
            ("brokers", self._run_brokers),
            ("view", self._run_view),
        ):
            thread = threading.Thread(
                target=self._keep, args=(run,), name=f"celerytui-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self, deadline: float = 1.2) -> bool:
        """Stop the threads within `deadline` seconds; False where one had to be left behind."""
        self._stopping.set()
        if self._receiver is not None:
            self._receiver.stop()
        self._control.close()
        self.requests.stop()
        self._news.set()
        self._asked_to_show.set()
        self._read_queues_now.set()
        self._jobs.put(lambda: None)
        end = time.monotonic() + deadline
        if self.settings.restore_events:
            self._restore_events(end)
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def reconnect_now(self) -> None:
        """Cut the wait for the next try to connect short."""
        if self._receiver is not None:
            self._receiver.reconnect_now()
        self._read_queues_now.set()

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
        running = Job(action, tuple(targets), dict(params or {}), self.clock())
        self.executor.running.append(running)
        self._jobs.put(lambda: self._do(running, done))
        return running

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

    def show(self, **changes: Any) -> None:
        """Have the view thread show other tasks or another order: `filter`, `sort`, `reverse`."""
        view = self.view
        view.configure(
            filter=changes.get("filter", view.filter),
            sort=changes.get("sort", view.sort),
            reverse=changes.get("reverse", view.reverse),
        )
        self._tell()
        self._asked_to_show.set()

    def ask_workers(self) -> None:
        """Ask the workers again what they do; the answers seed the store."""
        self._jobs.put(self._survey_all)

    def read_queues(self) -> None:
        """Read the broker's queues now rather than at the next turn."""
        self._read_queues_now.set()

    # The receiver's thread

    def _run_receiver(self) -> None:
        app = self._ready()
        from celerytui.wire.receiver import Receiver

        self._receiver = Receiver(app, self._take_batch, self._take_link, clock=self.clock)
        # stop() sets the one and then looks for the other: one of us sees it.
        if not self._stopping.is_set():
            self._receiver.run()

    def _take_batch(self, batch: Batch) -> None:
        self._survive(lambda: self.store.apply(batch))
        self._news.set()

    def _take_link(self, link: Link) -> None:
        before, self.link = self.link, link
        if link.state is LinkState.CONNECTED and before.state is not LinkState.CONNECTED:
            if before.lost_at is not None:
                self.store.mark_gap(before.lost_at, link.since)
            self.when_late = when_late(self.app)
            self._schedule.forget()
            self._jobs.put(self._survey_all)
        elif link.state is LinkState.RECONNECTING and before.state is LinkState.CONNECTED:
            self.store.mark_gap(link.lost_at or self.clock(), None)
        self._tell()

    # The control thread

    def _run_control(self) -> None:
        next_look = time.monotonic() + NEW_WORKER_SECONDS
        next_survey = time.monotonic()
        while not self._stopping.is_set():
            try:
                job = self._jobs.get(timeout=max(0.0, next_look - time.monotonic()))
            except queue.Empty:
                next_look = time.monotonic() + NEW_WORKER_SECONDS
                self._survive(self._meet_new_workers)
                self._survive(self.executor.look_back)
                if self.link.state is LinkState.NO_EVENTS and time.monotonic() >= next_survey:
                    next_survey = time.monotonic() + SURVEY_WITHOUT_EVENTS_SECONDS
                    self._survive(self._survey_all)
            else:
                self._survive(job)

    def _do(self, running: Job, done: Callable[[Outcome], None] | None) -> None:
        self.executor.do(running, done)
        action, outcome = find_action(running.action), running.outcome
        look = None if action is None else action.look
        if look is not None and outcome is not None and CHANGED.intersection(look.sections):
            # What it was told changes the worker's own row.
            changed = [reply.worker for reply in outcome.replies if reply.ok]
            self._schedule.again(changed, time.monotonic() + look.after)

    def _keep(self, run: Step) -> None:
        """Run a thread's work, and run it again should it ever end before it is told to."""
        while not self._stopping.is_set():
            self._survive(run, whole=True)
            self._stopping.wait(RESTART_SECONDS)

    def _ready(self) -> Any:
        """The app, with all imported that the threads use; the first frame does not wait for it.

        By one thread at a time: two that enter Celery's circles of imports at different places find
        modules half made.
        """
        with self._importing:
            from celerytui.wire import receiver  # noqa: F401

            return ready(self.app)

    def _survive(self, step: Step, *, whole: bool = False) -> None:
        """Do one step of a thread that must go on: what fails is told until it succeeds again.

        `whole` is a thread's work itself, which has succeeded as soon as a step of it has.
        """
        thread = threading.current_thread().name
        name = thread if whole else f"{thread} {getattr(step, '__qualname__', '')}"
        try:
            step()
        except Exception as error:
            logger.exception("%s failed", thread)
            self._failed[name] = f"{type(error).__name__} in {thread}"
        else:
            if [self._failed.pop(one, None) for one in (name, thread)] == [None, None]:
                return
        self.trouble = next(iter([*self._failed.values()][-1:]), None)
        self._tell()

    def _survey_all(self) -> None:
        self._ask(
            [worker.hostname for worker in self.store.workers() if worker.status != "offline"]
        )

    def _meet_new_workers(self) -> None:
        """Ask workers that are new or came back, and turn their task events on."""
        if self.link.state is not LinkState.CONNECTED:
            return
        due = self._schedule.due(self.store.workers(), time.monotonic())
        if due:
            self._ask(due, only=True)

    def _ask(self, hostnames: list[str], *, only: bool = False) -> None:
        self.asking_since = self.clock()
        self._tell()
        try:
            survey = (
                self._control.survey(hostnames)
                if only
                else self._control.survey(expected=hostnames)
            )
        except CelerytuiError as error:
            self.survey_error = str(error)
            return
        finally:
            self.asking_since = None
            self._tell()
        self.survey_error = None
        self.survey = survey
        self.store.seed(survey)
        asked = {*hostnames, *survey.stats}
        self._schedule.note(asked, self.store.workers(), time.monotonic())
        if self.settings.enable_events and not self.settings.read_only:
            self._enable_events(list(survey.stats))
        self._tell()

    def _enable_events(self, hostnames: list[str]) -> None:
        off = [
            worker.hostname
            for worker in self.store.workers()
            if worker.hostname in hostnames and worker.task_events is not True
        ]
        if not off:
            return
        started, replies = self.clock(), []
        for hostname, turned_on in self._control.enable_events(off).items():
            if turned_on is not None:
                self.store.set_task_events(hostname, True, by_us=turned_on)
            if turned_on:
                replies.append(Reply(hostname, True, "task events enabled"))
        if replies:
            told = tuple(reply.worker for reply in replies)
            # A task that ended before its worker told of it would run for ever here.
            self._schedule.again(told, time.monotonic() + SETTLE_SECONDS)
            self.outcomes.append(
                Outcome(ENABLE_EVENTS.id, told, tuple(replies), started, self.clock())
            )

    def _restore_events(self, end: float) -> None:
        """Turn off what was turned on here, in a thread that is left behind at `end`."""
        for thread in self._threads:
            if thread.name == "celerytui-control":
                # What it had just turned on is known once it has let go.
                thread.join(LET_GO_SECONDS)
        ours = [worker.hostname for worker in self.store.workers() if worker.events_enabled_by_us]
        if not ours or self.link.state is LinkState.RECONNECTING:
            return
        control = Control(self.app, read_only=False, timeout=self.settings.reply_timeout)
        last = threading.Thread(target=control.disable_events, args=(ours,), daemon=True)
        last.start()
        last.join(max(0.0, end - time.monotonic()))
        control.close()

    # The brokers thread

    def _run_brokers(self) -> None:
        app = self._ready()
        reader = open_depths(app)
        known = set(self.settings.queues)
        try:

            def read() -> None:
                names = known | self.store.queue_names() | reader.known_names()
                self.store.record_queues(reader.read(sorted(names)), self.clock())
                self._news.set()

            while not self._stopping.is_set():
                self._survive(read)
                self._read_queues_now.wait(self.settings.queue_interval)
                self._read_queues_now.clear()
        finally:
            reader.close()

    # The view thread

    def _run_view(self) -> None:
        told = 0.0
        while not self._stopping.is_set():
            self._news.wait(SWEEP_SECONDS)
            self._news.clear()
            now = self.clock()
            if abs(now - self._swept) >= SWEEP_SECONDS:
                self._survive(self._sweep)
                self._survive(self._judge)
            urgent = self._urgent.is_set()
            self._urgent.clear()
            version = self.view.version
            self._survive(self._refresh)
            # Heartbeats alone change little: they are drawn together with the passing of time.
            if urgent or self.view.version != version or abs(now - told) >= SWEEP_SECONDS:
                told = now
                self.mailbox.post()
            # News may wait its turn; whoever asked for other tasks or another order does not.
            self._asked_to_show.wait(self.settings.refresh)
            self._asked_to_show.clear()

    def _sweep(self) -> None:
        now = self.clock()
        since, self._swept = self._swept or now, now
        self.requests.give_up_late()
        # Silence says nothing about a worker while nobody listens.
        if self.link.state is not LinkState.CONNECTED:
            return
        if now - since > STOOD_STILL_SECONDS + self.settings.refresh:
            self.store.mark_gap(since, now)
            self._schedule.forget()
            self.ask_workers()
        self.store.sweep(now)

    def _judge(self) -> None:
        self.health.evaluate(self.link, self.clock())

    def _refresh(self) -> None:
        self.view.refresh()

    def _tell(self) -> None:
        self._urgent.set()
        self._news.set()
