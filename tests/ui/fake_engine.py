"""An engine at rest: the demo's sample cluster at one frozen moment, no thread, no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celery import Celery

from celerytui.control import ActionLog, Choices
from celerytui.demo.answers import sample_section
from celerytui.demo.sample import NOW
from celerytui.engine import AS_IT_IS, AsItIs, Engine, Job
from celerytui.engine.past_tasks import PastTasks
from celerytui.engine.past_windows import PastWindows
from celerytui.health import Alerts, Health
from celerytui.model import Arguments, Link, LinkState, Refusal, ResultMeta, Section, TaskGroups
from celerytui.query import Filter, TaskView
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.ui.app import MonitorApp
from celerytui.ui.draw.theme import PALETTES
from tests.ui.kept_stores import sample_store

BROKER = "redis://10.0.0.7:6379/0"
ARGUMENTS = Arguments(
    name="billing.charge",
    args='[42, "tok_visa_4242"]',
    kwargs='{"user": 7, "currency": "EUR"}',
    source="the result backend",
    queue="high",
)


class FreshHealth(Health):
    """Evaluated by whoever reads it, where the view thread would do it once a second."""

    engine: FakeEngine
    _seen: object = None

    @property
    def alerts(self) -> Alerts:
        engine = self.engine
        blockage = engine.broker.blockage
        unasked = engine.surveys.error
        reading = engine.schedule.reading
        seen = (engine.store.revision, engine.link, engine.clock(), blockage, unasked, reading)
        if seen != self._seen:
            self._seen = seen
            self.evaluate(engine.link, engine.clock(), blockage, unasked, reading)
        return self._alerts


class FakeEngine(Engine):
    """Everything of an engine but its threads; what is submitted is kept in `submitted`."""

    def __init__(self, settings: Settings, store: Store | None = None, *, now: float = NOW) -> None:
        app = Celery("shop", broker=BROKER, set_as_current=False)
        super().__init__(app, settings, clock=lambda: now)
        self.store = sample_store() if store is None else store
        self.past = PastTasks(app, self.store, self.requests, self.history, self.clock)
        self.past_windows = PastWindows(self.store, self.clock, kept=self.history.kept)
        self.view = TaskView(self.store, clock=self.clock)
        self.view.refresh()
        self.store.types.ask = lambda: self.store.types.catch_up(now)
        self.store.failures.update(now)
        self.health = FreshHealth(self.store)
        self.health.engine = self
        # What stood before the link was lost stands on, as with one that runs.
        self.health.evaluate(Link(LinkState.CONNECTED), now)
        self.reception.link = Link(LinkState.CONNECTED, since=NOW - 300)
        self.submitted: list[tuple[str, tuple[str, ...], dict[str, str]]] = []
        self.results_ahead.kept = True
        self.choices = Choices(None, "shop")
        self.log = ActionLog(None, user="ana", app="shop", broker=BROKER)
        self.log.trouble = None
        self.answers: dict[str, Section] = {}
        self.arguments: Arguments | Refusal = ARGUMENTS
        self.result: ResultMeta | None = None
        self.groups: dict[str, TaskGroups | None] = {}
        self.asked_groups: list[tuple[str, str | None]] = []

    def cannot_ask(self, reason: str | None) -> None:
        """Have workers not be asked for that reason, or be asked again."""
        self.surveys.error = reason

    def start(self) -> None:
        """Nothing to start."""

    def stop(self, deadline: float = 1.2) -> bool:
        """Nothing to stop."""
        return True

    def show(
        self,
        *,
        filter: Filter | AsItIs | None = AS_IT_IS,
        sort: str | AsItIs = AS_IT_IS,
        reverse: bool | AsItIs = AS_IT_IS,
    ) -> None:
        """At once, where the view thread would do it soon."""
        super().show(filter=filter, sort=sort, reverse=reverse)
        self.view.refresh()
        self.mailbox.post()

    def submit(
        self,
        action: str,
        targets: Sequence[str],
        params: Mapping[str, str] | None = None,
        done: Any = None,
    ) -> Job:
        """Kept, not sent."""
        self.submitted.append((action, tuple(targets), dict(params or {})))
        return Job(action, tuple(targets), dict(params or {}), self.clock())

    def inspect(self, hostname: str, section: str, done: Callable[[Section], None]) -> None:
        """Answered at once: as `answers` has it, else as the sample."""
        done(self.answers.get(section) or sample_section(hostname, section))

    def find_arguments(self, task_id: str, done: Callable[[Arguments | Refusal], None]) -> None:
        """Answered at once with `arguments`."""
        done(self.arguments)

    def read_result(self, task_id: str, done: Callable[[ResultMeta], None]) -> None:
        """Answered at once with `result`, where there is one."""
        if self.result is not None:
            done(self.result)

    def read_groups(
        self, task_id: str, parent_id: str | None, done: Callable[[TaskGroups], None]
    ) -> None:
        """Answered at once with what `groups` has of the task, not where that is None."""
        self.asked_groups.append((task_id, parent_id))
        answer = self.groups.get(task_id, TaskGroups(task_id, self.clock(), absent=True))
        if answer is not None:
            done(answer)


def fake_app(
    *,
    theme: str = "dark",
    store: Store | None = None,
    link: Link | None = None,
    now: float = NOW,
    **options: Any,
) -> MonitorApp:
    """The monitor on a FakeEngine, at the time `now`."""
    settings = Settings(theme=theme, utc=True, **options)
    engine = FakeEngine(settings, store, now=now)
    if link is not None:
        engine.reception.link = link
    return MonitorApp(engine, palette=PALETTES[theme])
