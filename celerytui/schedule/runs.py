"""Which of the tasks that were seen are runs of which entry, and who sent them.

Beat sends no events of its own. Where `task_send_sent_event` is on, each run is a task-sent whose
sender is named after beat's process; else a run is seen when a worker receives it.
"""

from __future__ import annotations

import os
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from celerytui.interpreter import give_way
from celerytui.model import EntryRun, PlannedEntry, Task, TaskState
from celerytui.schedule.senders import Sender, came_on_time, come_too_often, of_one_turn
from celerytui.store import Store

RECENT = 60
"""Runs of an entry that are kept one by one."""
MOST_SENDERS = 1_000
AT_ONCE = 500
"""Tasks that are looked at before others may have the interpreter."""
MOST_CHANGES = 2**18
MOST_SENT = 10_000
"""Tasks that were sent from here and are known as such."""
LONGEST_ARGUMENTS = 1_024
"""Characters of arguments in an event, as Celery cuts them."""

Call = tuple[str, str, str]
"""A task's name and the texts of its arguments."""


class EntryRuns:
    """The runs of an entry: counts of all that were seen, and the newest one by one.

    Which of those that are kept no longer were counted is known by their times alone.
    """

    def __init__(self) -> None:
        self.runs = 0
        self.failures = 0
        self.recent: dict[str, EntryRun] = {}
        self._dropped: tuple[float, float] | None = None
        self._judged: tuple[Any, tuple[EntryRun, ...]] | None = None

    def take(self, run: EntryRun) -> None:
        """Take a run, or what is new of one; one that is kept no longer is not counted again."""
        self._judged = None
        before = self.recent.get(run.task_id)
        if before is None:
            if len(self.recent) >= RECENT:
                oldest = min(self.recent.values(), key=_at)
                if run.at <= oldest.at:
                    return
                del self.recent[oldest.task_id]
                self._note_dropped(oldest.at)
            self.runs += 1
        self.failures += failed(run) - (before is not None and failed(before))
        self.recent[run.task_id] = run

    def take_past(self, run: EntryRun) -> None:
        """Take a run that may be known already: then it stays as it is."""
        first, last = self._dropped or (run.at, run.at - 1)
        if run.task_id in self.recent or first <= run.at <= last:
            return
        self._judged = None
        self.runs += 1
        self.failures += failed(run)
        if len(self.recent) < RECENT:
            self.recent[run.task_id] = run
        else:
            self._note_dropped(run.at)

    def with_lateness(
        self, schedule: Any, due_of: Callable[[EntryRun, EntryRun | None], float | None]
    ) -> tuple[EntryRun, ...]:
        """The newest runs in order of time, each with how late it came after it was due.

        `due_of` says when that was of a run, given the one that beat sent before it; it is asked
        again when there are other runs or `schedule` is another.
        """
        if self._judged is not None and self._judged[0] == schedule:
            return self._judged[1]
        found: list[EntryRun] = []
        before: EntryRun | None = None
        for run in sorted(self.recent.values(), key=_at):
            due = due_of(run, before) if run.by_beat else None
            found.append(run if due is None else replace(run, late_by=max(0.0, run.at - due)))
            before = run if run.by_beat else before
        self._judged = schedule, tuple(found)
        return self._judged[1]

    def _note_dropped(self, at: float) -> None:
        first, last = self._dropped or (at, at)
        self._dropped = min(first, at), max(last, at)

    @property
    def newest(self) -> EntryRun | None:
        """The newest run that beat may have sent."""
        return max((run for run in self.recent.values() if run.by_beat), key=_at, default=None)


class RunTracker:
    """Follows the store; for one thread. Nothing is looked at while there are no entries."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._revision: int | None = None
        self._calls: dict[Call, list[str]] = {}
        self._by_task: dict[str, list[str]] = {}
        self._plans: Mapping[str, PlannedEntry] = {}
        self._texts: dict[str, tuple[str, str]] = {}
        self._runs: dict[str, EntryRuns] = {}
        self._senders: OrderedDict[str, Sender] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._own = f"gen{os.getpid()}@{socket.gethostname()}"
        self._sent: dict[str, None] = {}
        self.since: float | None = None
        self.changes = 0
        """How often the entries that are followed have changed."""

    def follow(self, plans: Iterable[PlannedEntry], now: float) -> None:
        """Follow these entries from now on; what is seen of others is forgotten."""
        found = {plan.name: plan for plan in plans}
        self._texts = {name: texts_of(plan) for name, plan in found.items()}
        calls = {
            name: (plan.task, plain(self._texts[name][0]), self._texts[name][1])
            for name, plan in found.items()
        }
        before = {name: call for call, names in self._calls.items() for name in names}
        self._plans = found
        if calls == before:
            return
        self._calls, self._by_task = {}, {}
        for name, call in calls.items():
            self._calls.setdefault(call, []).append(name)
            self._by_task.setdefault(call[0], []).append(name)
        same = {name for name, call in calls.items() if before.get(name) == call}
        self._runs = {name: runs for name, runs in self._runs.items() if name in same}
        self._revision = None
        self._senders.clear()
        self._known.clear()
        self.since = now if self.since is None else self.since
        self.changes += 1

    def update(self) -> None:
        """Take what changed in the store since the last time."""
        if not self._calls:
            return
        store, revision = self._store, self._store.revision
        changed: Sequence[str] | None = None
        if self._revision is not None:
            changed = store.live.changed_since(self._revision, MOST_CHANGES)
        tasks = store.all_tasks() if changed is None else store.live.held(changed)
        self._revision = revision
        for number, task in enumerate(tasks):
            if number % AT_ONCE == 0:
                give_way()
            if task.name is not None:
                self._take(task)

    def note_sent(self, task_id: str) -> None:
        """Note that a task was sent from here, by whoever it may seem; from any thread."""
        self._sent[task_id] = None
        if len(self._sent) > MOST_SENT:
            del self._sent[next(iter(self._sent))]

    def take_past(self, tasks: Iterable[Task]) -> None:
        """Take tasks from before the start, newest first."""
        for task in tasks:
            at, names = seen_at(task), self._entries_of(task)
            if at is None or not names:
                continue
            self.since = at if self.since is None else min(self.since, at)
            for name in names:
                self._runs.setdefault(name, EntryRuns()).take_past(self._run_of(task, at))

    def of(self, name: str) -> EntryRuns:
        """The runs of an entry."""
        return self._runs.get(name) or EntryRuns()

    def shared(self, name: str) -> int:
        """How many entries have the same task and arguments as this one, itself included."""
        plan = self._plans.get(name)
        if plan is None or plan.unread:
            return 1
        args, kwargs = self._texts[name]
        return len(self._calls.get((plan.task, plain(args), kwargs), (name,)))

    def texts(self, name: str) -> tuple[str, str] | None:
        """The arguments of an entry as events have them, None for one that is not followed."""
        return self._texts.get(name)

    def beats(self) -> list[Sender]:
        """The processes that send runs of entries alone, the newest sign of life first."""
        found = [one for one in self._senders.values() if one.is_beat]
        return sorted(found, key=lambda one: -one.last)

    def newest(self) -> tuple[EntryRun, str] | None:
        """The newest run that beat sent, and the name of its entry.

        Where no process is known to send them, none of an entry whose task others send too, or of
        which all that was seen is what anybody may have sent.
        """
        runs = self._newest_first()
        if self.beats():
            return next(iter(runs), None)
        return next((one for one in runs if self._is_beats(one[1])), None)

    def doubtful(self) -> tuple[EntryRun, str] | None:
        """The newest run that beat may have sent, or anybody else, and the name of its entry."""
        return next((one for one in self._newest_first() if not self._sent_by_others(one[1])), None)

    def _newest_first(self) -> list[tuple[EntryRun, str]]:
        found = ((runs.newest, name) for name, runs in self._runs.items())
        runs = [(run, name) for run, name in found if run is not None]
        return sorted(runs, key=lambda one: one[0].at, reverse=True)

    def _is_beats(self, name: str) -> bool:
        """Whether the runs of an entry came as beat sends them, as far as these alone can say."""
        if self._sent_by_others(name):
            return False
        plan = self._plans[name]
        times = [run.at for run in self.of(name).recent.values() if run.by_beat]
        oldest, newest = min(times), max(times)
        if came_on_time(plan, newest):
            return True
        return oldest < newest and not of_one_turn(plan, oldest, newest)

    def _sent_by_others(self, name: str) -> bool:
        recent = self.of(name).recent.values()
        return self.shared(name) == 1 and come_too_often(self._plans[name], recent)

    def _take(self, task: Task) -> None:
        entries = self._entries_of(task)
        client = task.more.client
        if client is not None and not task.retries and task.id not in self._known:
            self._note_sender(task, client, entries)
        at = seen_at(task)
        if not entries or at is None:
            return
        run = self._run_of(task, at)
        for name in entries:
            self._runs.setdefault(name, EntryRuns()).take(run)

    def _run_of(self, task: Task, at: float) -> EntryRun:
        client = task.more.client
        own = client == self._own or task.id in self._sent
        return EntryRun(
            task.id,
            at,
            task.state,
            waited=task.waited,
            runtime=task.runtime,
            exception=task.more.exception,
            by_beat=not own and (client is None or self._senders_beat(client)),
            own=own,
        )

    def _entries_of(self, task: Task) -> Sequence[str]:
        """The entries that a task may be a run of."""
        names = self._by_task.get(task.name or "")
        if not names or task.parent_id is not None:
            return ()
        if task.args is None and task.kwargs is None:
            return names if len(names) == 1 else ()
        found = self._calls.get((task.name or "", plain(task.args), task.kwargs or "{}"))
        if found is None and len(names) == 1 and _is_open(self._plans[names[0]]):
            return names
        return found or ()

    def _senders_beat(self, client: str) -> bool:
        sender = self._senders.get(client)
        return sender is None or not sender.others

    def _note_sender(self, task: Task, client: str, entries: Sequence[str]) -> None:
        self._known[task.id] = None
        if len(self._known) > RECENT * MOST_SENDERS:
            self._known.popitem(last=False)
        at = seen_at(task) or task.seen
        sender = self._senders.get(client)
        if sender is None:
            sender = self._senders[client] = Sender(client, at, at)
            if len(self._senders) > MOST_SENDERS:
                self._senders.popitem(last=False)
        if entries and client != self._own:
            sender.take([self._plans[name] for name in entries], at)
        else:
            sender.others += 1
        self._senders.move_to_end(client)


def failed(run: EntryRun) -> bool:
    """Whether a run ended badly, or is lost."""
    return run.state.finished and run.state not in (TaskState.SUCCESS, TaskState.MISSED)


def seen_at(task: Task) -> float | None:
    """When a task was sent, else received, by our clock."""
    if task.sent is not None:
        return task.sent - task.more.client_ahead
    if task.received is not None:
        return task.received - task.more.worker_ahead
    return None if task.started is None else task.started - task.more.worker_ahead


def texts_of(plan: PlannedEntry) -> tuple[str, str]:
    """The arguments of an entry as Celery writes them into events, "" where they are not known."""
    if plan.unread:
        return "", ""
    return written(list(plan.args)), written(dict(plan.kwargs))


def plain(args: str | None) -> str:
    """The text of positional arguments without their brackets: Celery has a list or a tuple."""
    text = (args or "").strip()
    if text[:1] in ("[", "(") and text[-1:] in ("]", ")"):
        text = text[1:-1]
    return text.rstrip(", ")


def written(value: Any) -> str:
    """A value as Celery writes it into events: its repr, cut after a thousand characters."""
    from celery.utils.saferepr import saferepr

    write: Any = saferepr
    return str(write(value, LONGEST_ARGUMENTS))


def _is_open(plan: PlannedEntry) -> bool:
    """Whether a run may have any arguments: beat calls for them at each, or they are not known."""
    from celery.beat import BeatLazyFunc

    values = (*plan.args, *plan.kwargs.values())
    return bool(plan.unread) or any(isinstance(value, BeatLazyFunc) for value in values)


def _at(run: EntryRun) -> float:
    return run.at
