"""The groups of failures, kept up with the tasks: by the thread that sweeps, off every loop.

The store only remembers which tasks to look at. What a task says of its failures is compared with
what was counted of it before, so that the counts are those of the runs that it shows in the end,
in whatever order its events came; a task that is evicted stays counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from celerytui.interpreter import give_way
from celerytui.model import Task, TaskState
from celerytui.store.failures.ends import failed_runs
from celerytui.store.failures.group import (
    TRACEBACK_KEPT,
    Example,
    FailureDetail,
    FailureRow,
    Group,
    Look,
    Standing,
    most_first,
)
from celerytui.store.failures.identity import Identity
from celerytui.store.failures.recorded import Recorded
from celerytui.store.failures.slices import DAY, Window
from celerytui.store.lock import FairLock
from celerytui.store.marks import Marks
from celerytui.store.past import FROM_HISTORY
from celerytui.store.reruns import MAX_ATTEMPTS
from celerytui.store.runs import Run, known_runs
from celerytui.store.tasks import HeldTasks

MOST_GROUPS = 1_000
"""As many groups are kept; the one that came longest ago makes room."""
SLICE = 100
"""Tasks that are looked at, or counted, at one taking of a lock."""
ROW_SECONDS = 1.0
"""For so long a row is shown though its time has moved on: as often new ones are made."""
WATCHED = 600.0
"""Seconds of watching before what comes for the first time is called new."""
NEW_FOR = 3600.0
"""Seconds for which it is."""
NEW_SINCE_MARK = 86_400.0
"""Seconds for which what came for the first time after the last mark is."""

RETRY = TaskState.RETRY


class Counted(Struct, gc=False):
    """That a run was counted: its end, and where it was counted."""

    state: TaskState
    ended: float | None
    run_worker: str | None
    group: Group
    at: float
    variant: str

    def is_of(self, run: Run, identity: Identity) -> bool:
        """Whether this is the run that was counted, as what it is."""
        counted = self.state, self.ended, self.run_worker, self.group.key
        return counted == (run.state, run.ended, run.worker, identity.key)


class Known(Struct, gc=False):
    """A held task, and what was counted of it."""

    task: Task
    counted: tuple[Counted, ...]


class FailureGroups:
    """All of it is for any thread.

    `others` are the failures of groups that made room, and those of tasks that came too fast to be
    looked at. `resolved` is when a group was, by its key; `changed` counts what the user resolved
    or opened again. Of what a history has from before `counted_back_to` not all is counted; None
    while there is room for all.
    """

    def __init__(self, lock: FairLock, tasks: HeldTasks, marks: Marks) -> None:
        self._store_lock = lock
        self._tasks = tasks
        self._marks = marks
        self._lock = FairLock()
        self._updating = FairLock()
        self._groups: dict[str, Group] = {}
        self._known: dict[str, Known] = {}
        self._watched_from: float | None = None
        self._window_read: Window | None = None
        self._others = self._unlooked = 0
        self.resolved: dict[str, float] = {}
        self.changed = 0
        self._booked = 0
        self._recorded = Recorded()
        self.counted_back_to: float | None = None

    @property
    def revision(self) -> int:
        """Grows with whatever changes the groups."""
        return self._booked + self.changed

    @property
    def others(self) -> int:
        """Failures that are in no group that is kept."""
        return self._others + self._tasks.unlooked

    def update(self, now: float) -> None:
        """Count what failed since the last time."""
        with self._updating:
            self._update(now)
            self._make_rows(now)

    def _make_rows(self, now: float) -> None:
        """Have the rows at hand that are read about now: that takes longer than a drawing may."""
        window, self._window_read = self._window_read, None
        groups = list(self._groups.values()) if window is not None else []
        for start in range(0, len(groups), SLICE):
            give_way()
            with self._lock:
                for group in groups[start : start + SLICE]:
                    self._row(group, window or DAY, now)

    def _update(self, now: float) -> None:
        if self._watched_from is None or now < self._watched_from:
            self._watched_from = now
        with self._store_lock:
            waiting, self._tasks.failing = list(self._tasks.failing.values()), {}
        if self._tasks.unlooked != self._unlooked:
            self._unlooked, by_id = self._tasks.unlooked, self._tasks.by_id
            # Some may have been evicted meanwhile, and nobody said so.
            stay = [one for one in self._known.items() if by_id.get(one[0]) is one[1].task]
            self._known = dict(stay)
        for start in range(0, len(waiting), SLICE):
            give_way()
            by_id = self._tasks.by_id
            with self._store_lock:
                taken = [
                    (task, by_id.get(task.id) is task, known_runs(task), bool(task.more.requeue))
                    for task in waiting[start : start + SLICE]
                ]
            found = [(task, held, failed_runs(task.name, runs, requeued=requeued))
                     for task, held, runs, requeued in taken]  # fmt: skip
            with self._lock:
                for task, held, runs in found:
                    self._take(task, held, runs, now)

    # What was counted of a task

    def _take(self, task: Task, held: bool, runs: list[tuple[Run, Identity]], now: float) -> None:
        known = self._known.pop(task.id, None)
        if known is None and task.more.source == FROM_HISTORY and not self._recorded.take(task.id):
            return
        before = list(known.counted) if known is not None and known.task is task else []
        counted: list[Counted] = []
        for run, identity in runs:
            same = next((one for one in before if one.is_of(run, identity)), None)
            if same is None:
                same = self._count(task, run, identity, now)
            else:
                before.remove(same)
            counted.append(same)
        trimmed = len(task.more.attempts) >= MAX_ATTEMPTS
        for one in before:
            if not trimmed:
                self._take_back(one)
        if held and counted:
            self._known[task.id] = Known(task, tuple(counted))

    def _count(self, task: Task, run: Run, identity: Identity, now: float) -> Counted:
        at = now if run.ended is None else run.ended - task.more.worker_ahead
        if not 0 <= at <= now:
            at = now
        self._booked += 1
        group = self._groups.pop(identity.key, None) or self._begin(identity, at)
        self._groups[identity.key] = group
        retry = run.state is RETRY
        variant = group.add(at, run.worker, identity.template, retry=retry)
        if group.example is None or at >= group.example.at:
            group.example = _example(task, run, identity, at)
        return Counted(run.state, run.ended, run.worker, group, at, variant)

    def _begin(self, identity: Identity, at: float) -> Group:
        if len(self._groups) >= MOST_GROUPS:
            oldest = self._groups.pop(next(iter(self._groups)))
            oldest.gone = True
            self._others += oldest.count
        return Group(identity, at)

    def _take_back(self, one: Counted) -> None:
        self._booked += 1
        group, retry = one.group, one.state is RETRY
        group.take_back(one.at, one.run_worker, one.variant, retry=retry)
        if group.gone:
            self._others -= not retry
        elif not group.count and not group.retried:
            self._groups.pop(group.key, None)

    # What is read

    def rows(self, now: float, window: Window = DAY, *, every: bool = False) -> list[FailureRow]:
        """The groups that came in the window, else `every` group; the newest first."""
        if not every:
            self._window_read = window
        with self._lock:
            found = [self._row(group, window, now) for group in self._groups.values()]
        rows = [row for row in found if every or row.failed or row.retried]
        return sorted(rows, key=lambda row: -row.last_seen)

    def rows_of(self, task: str, now: float, window: Window) -> list[FailureRow]:
        """The groups of a task's name that came in the window, the most frequent first."""
        with self._lock:
            groups = [group for group in self._groups.values() if group.task == task]
            rows = [self._row(group, window, now) for group in groups]
        found = [row for row in rows if row.failed or row.retried]
        return sorted(found, key=lambda row: (-row.failed, -row.retried, -row.last_seen))

    def row(self, key: str, now: float, window: Window = DAY) -> FailureRow | None:
        """One group, None where it is not kept."""
        with self._lock:
            group = self._groups.get(key)
            return None if group is None else self._row(group, window, now)

    def detail(self, key: str) -> FailureDetail | None:
        """All that is known of a group, None where it is not kept."""
        with self._lock:
            group = self._groups.get(key)
            if group is None:
                return None
            variants = most_first(group.variants)
            return FailureDetail(group.frames, group.causes, variants, group.example)

    def group_of(self, task_id: str) -> str | None:
        """The key of the group that a held task's newest failure is counted in."""
        with self._lock:
            known = self._known.get(task_id)
            return None if known is None else known.counted[-1].group.key

    def _row(self, group: Group, window: Window, now: float) -> FailureRow:
        standing = self._standing(group, now)
        mark = self._marks.last if standing == "new" else None
        look = Look(window, standing, mark, now)
        if group.row is not None and _still_shown(group.row[0], look):
            return group.row[1]
        failed = group.failed.values(window, now)
        retried = group.tried_again.values(window, now) if group.retried else ()
        example = group.example
        row = FailureRow(
            group.key,
            group.task,
            group.exception,
            "" if example is None else example.message,
            "" if example is None else example.place,
            window,
            sum(failed),
            sum(retried),
            group.count,
            group.retried,
            failed,
            group.first_seen,
            group.last_seen,
            group.ranked_workers,
            standing,
            "" if mark is None else mark.text,
            group.raised,
        )
        group.row = look, row
        return row

    def _standing(self, group: Group, now: float) -> Standing:
        resolved = self.resolved.get(group.key)
        if resolved is not None:
            return "resolved" if group.last_seen <= resolved else "again"
        return "new" if self._is_new(group.first_seen, now) else ""

    def _is_new(self, first: float, now: float) -> bool:
        mark, begun = self._marks.last, self._watched_from
        if mark is not None:
            return first >= mark.at and now - first < NEW_SINCE_MARK
        return begun is not None and first - begun >= WATCHED and now - first < NEW_FOR

    # What a history says

    def new_groups(self, now: float) -> list[tuple[str, str, float]]:
        """The groups that are called new: the key, the task's name, when each came first."""
        with self._lock:
            return [
                (group.key, group.task, group.first_seen)
                for group in self._groups.values()
                if self._standing(group, now) == "new"
            ]

    def take_recorded(self, tasks: Sequence[Task], now: float) -> bool:
        """Count recorded tasks that failed or were tried again, each once; False when full."""
        found = [
            (task, failed_runs(task.name, known_runs(task), requeued=bool(task.more.requeue)))
            for task in tasks
        ]
        with self._lock:
            for task, runs in found:
                if runs and self._recorded.take(task.id):
                    for run, identity in runs:
                        self._count_recorded(task, run, identity, now)
            if self._recorded.full and self.counted_back_to is None:
                self.counted_back_to = min((task.seen for task in tasks), default=now)
            # The one that came longest ago is the first to make room.
            by_age = sorted(self._groups.values(), key=lambda group: group.last_seen)
            self._groups = {group.key: group for group in by_age}
        return not self._recorded.full

    def _count_recorded(self, task: Task, run: Run, identity: Identity, now: float) -> None:
        if identity.key in self._groups or len(self._groups) < MOST_GROUPS:
            self._count(task, run, identity, now)
        else:
            self._others += run.state is not RETRY

    def came_before(self, key: str, at: float) -> None:
        """Note that a group came at that time too, before anybody watched."""
        with self._lock:
            group = self._groups.get(key)
            if group is not None and at < group.first_seen:
                group.first_seen, group.row = at, None
                self._booked += 1

    # What the user says

    def resolve(self, key: str, now: float) -> bool:
        """Mark a group as resolved, or open it again; gives whether it is resolved now.

        It opens by itself when it comes again.
        """
        with self._lock:
            group = self._groups.get(key)
            if group is None:
                return False
            resolve = self._standing(group, now) != "resolved"
            self.resolved.pop(key, None)
            if resolve:
                self.resolved[key] = max(now, group.last_seen)
            self.changed += 1
            return resolve

    def restore(self, resolved: Mapping[str, float]) -> None:
        """Take what was resolved when the program ran before."""
        with self._lock:
            self.resolved = {**resolved, **self.resolved}

    def take_resolved(self, resolved: Mapping[str, float]) -> None:
        """Have exactly these groups resolved, as they were when it was recorded."""
        with self._lock:
            self.resolved = dict(resolved)
            self._booked += 1


def _still_shown(made: Look, wanted: Look) -> bool:
    """Whether a row is as good as a new one: in the same slice of time, or from the last second."""
    if made[:3] != wanted[:3]:
        return False
    width = made.window.width
    same = int(made.at) // width == int(wanted.at) // width
    return same or 0 <= wanted.at - made.at < ROW_SECONDS


def _example(task: Task, run: Run, identity: Identity, at: float) -> Example:
    traceback = run.traceback
    if traceback is not None and len(traceback) > TRACEBACK_KEPT:
        traceback = traceback[-TRACEBACK_KEPT:]
    return Example(
        task.id,
        at,
        run.worker,
        identity.message,
        identity.place,
        run.exception,
        traceback,
        identity.member,
    )
