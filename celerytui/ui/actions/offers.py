"""What may be done where the user is, and to what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from celerytui.control import ACTIONS, GROUPS, LOCAL, Action, Group, Scope, in_group
from celerytui.health.detector import kind_of
from celerytui.ui.session import Session

ALERTED = (Scope.WORKER, Scope.QUEUE, Scope.ENTRY)
"""The scopes whose targets may have alerts of their own."""


class Here(Protocol):
    """Where the user is: what an action of a scope is about, and whether it is about anything."""

    def targets(self, scope: Scope) -> list[str]: ...

    def has_targets(self, scope: Scope) -> bool: ...

    @property
    def current_task(self) -> str | None: ...


class Offers:
    """The actions that are offered `at` where the user is: in read-only mode only harmless ones."""

    def __init__(self, session: Session, at: Here) -> None:
        self._session = session
        self.at = at

    def all(self) -> list[Action]:
        """What may be done at all."""
        return [one for one in ACTIONS if self.allowed(one)]

    def here(self) -> list[Action]:
        """What may be done to what the user is at; what needs no target only where nothing is."""
        there = {scope: self.at.has_targets(scope) for scope in Scope}
        return [
            one
            for one in self.all()
            if one.targeted and (there[one.scope] or (one.wanted and self.targets(one)))
        ]

    def groups(self) -> list[Group]:
        """The groups that have anything that may be done."""
        return [one for one in GROUPS if self.members(one)]

    def members(self, group: Group) -> list[Action]:
        """What may be done of a group."""
        return [one for one in in_group(group.id) if self.allowed(one)]

    def allowed(self, action: Action) -> bool:
        """Whether it may be done: no change in read-only mode, nothing offline or in a replay."""
        session = self._session
        if session.settings.offline or session.replaying:
            return False
        return not (session.read_only and action.changes)

    @property
    def refusal(self) -> str:
        """Why something may not be done."""
        session = self._session
        mode = "offline" if session.settings.offline else "read-only"
        return f"{'a replay' if session.replaying else mode}: actions are off"

    def hints(self) -> list[tuple[str, str]]:
        """The keys that do something here, by Textual's names, with labels.

        A group has one, and so has each of its actions that the user gave a key of its own.
        """
        hints: dict[str, str] = {}
        groups = {group.id: group for group in self.groups()}
        keys = self._session.keys
        # Where a key has a meaning of its own, that comes first.
        for action in sorted(self.here(), key=lambda one: one.scope not in LOCAL):
            one = action if keys.given(action.id) else groups.get(action.group, action)
            for key in keys.raw(one.id)[:1]:
                hints.setdefault(key, one.label.lower())
        return list(hints.items())

    # Targets

    def targets(self, action: Action) -> list[str]:
        """What an action is about here; where no worker is chosen, the live ones that want it."""
        found = self.at.targets(action.scope)
        if found or action.wanted is None or action.scope is not Scope.WORKER:
            return found
        workers = self._session.engine.store.workers()
        return [one.hostname for one in workers if one.alive and action.wanted(one)]

    def name_here(self, scope: Scope) -> str:
        """The one thing of a scope that is here or that the task here belongs to, "" for none."""
        found = self.at.targets(scope)
        if found:
            return found[0] if len(found) == 1 else ""
        task = self._session.engine.store.task(self.at.current_task or "")
        if task is None:
            return ""
        of_task = {Scope.TYPE: task.name, Scope.QUEUE: task.queue, Scope.WORKER: task.worker}
        return of_task.get(scope) or ""

    def alerts(self) -> list[str]:
        """The ids of the detectors with an alert on the worker or the queue here."""
        subjects = {(scope.value, one) for scope in ALERTED for one in self.at.targets(scope)}
        alerts = self._session.engine.health.alerts
        return [one.id for one in alerts if (kind_of(one.id), one.subject) in subjects]

    def known(self, scope: Scope) -> list[str]:
        """What there is to choose from: live workers, queues, task names; no tasks."""
        store = self._session.engine.store
        if scope is Scope.WORKER:
            return [one.hostname for one in store.workers() if one.alive]
        if scope is Scope.QUEUE:
            return [queue.name for queue in store.queues()]
        if scope is Scope.ENTRY:
            return [one.name for one in self._session.engine.schedule.reading.entries]
        return store.task_names() if scope is Scope.TYPE else []

    def wanted(self, members: Sequence[Action]) -> Action | None:
        """The one of a group's actions that all workers here want, if there is one."""
        return next((one for one in members if self._all_want(one)), None)

    def _all_want(self, action: Action) -> bool:
        if action.wanted is None:
            return False
        engine = self._session.engine
        read: Callable[[str], Any] = engine.store.worker
        if action.scope is Scope.ENTRY:
            read = engine.schedule.entry
        found = [read(name) for name in self.targets(action)]
        return bool(found) and all(one is not None and action.wanted(one) for one in found)
