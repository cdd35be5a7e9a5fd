"""The rare fields of a task: shared while they are common, its own once it changes them."""

from __future__ import annotations

from copy import copy

from celerytui.model import Task, TaskExtra

MAX_SHARED = 4096


class SharedExtra(TaskExtra, gc=False):
    """The rare fields that all tasks of one sender and routing have in common; never changed."""


class SharedExtras:
    """One object for each (client, exchange, routing key): a sent task costs nothing for them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None, str | None], SharedExtra] = {}

    def get(self, client: str, exchange: str | None, routing_key: str | None) -> SharedExtra:
        """The shared fields of tasks sent so."""
        key = (client, exchange, routing_key)
        extra = self._known.get(key)
        if extra is None:
            if len(self._known) >= MAX_SHARED:
                self._known.clear()
            extra = SharedExtra(client=client, exchange=exchange, routing_key=routing_key)
            self._known[key] = extra
        return extra


def own(task: Task) -> TaskExtra:
    """The task's rare fields, to be changed."""
    extra = task.extra
    if extra is None:
        extra = task.extra = TaskExtra()
    elif type(extra) is SharedExtra:
        extra = task.extra = TaskExtra(
            client=extra.client, exchange=extra.exchange, routing_key=extra.routing_key
        )
    return extra


def copy_task(task: Task) -> Task:
    """A copy that the store's later changes do not reach."""
    twin = copy(task)
    extra = task.extra
    if extra is not None and type(extra) is not SharedExtra:
        twin.extra = copy(extra)
    return twin
