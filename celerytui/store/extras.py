"""The rare fields of a task: shared while they are common, its own once it changes them."""

from __future__ import annotations

from copy import copy

from celerytui.model import Task, TaskExtra

MAX_SHARED = 4096


class SharedExtra(TaskExtra, gc=False):
    """The rare fields that tasks of one sender, routing and pair of clocks share; never changed."""


class SharedExtras:
    """One object for each client, routing and pair of clocks: a task costs nothing for them."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], SharedExtra] = {}

    def get(
        self,
        client: str | None,
        exchange: str | None,
        routing_key: str | None,
        client_shift: float | None,
        worker_shift: float | None,
    ) -> SharedExtra:
        """The shared fields of tasks sent so, and run by a worker with such a clock."""
        key = (client, exchange, routing_key, client_shift, worker_shift)
        extra = self._known.get(key)
        if extra is None:
            if len(self._known) >= MAX_SHARED:
                self._known.clear()
            extra = SharedExtra(
                client=client,
                exchange=exchange,
                routing_key=routing_key,
                client_shift=client_shift,
                worker_shift=worker_shift,
            )
            self._known[key] = extra
        return extra

    def with_worker_shift(self, extra: TaskExtra | None, shift: float | None) -> SharedExtra:
        """The same shared fields with another clock of the worker."""
        known = extra if extra is not None else _NOTHING
        return self.get(known.client, known.exchange, known.routing_key, known.client_shift, shift)


_NOTHING = SharedExtra()


def own(task: Task) -> TaskExtra:
    """The task's rare fields, to be changed."""
    extra = task.extra
    if extra is None:
        extra = task.extra = TaskExtra()
    elif type(extra) is SharedExtra:
        extra = task.extra = TaskExtra(
            client=extra.client,
            exchange=extra.exchange,
            routing_key=extra.routing_key,
            client_shift=extra.client_shift,
            worker_shift=extra.worker_shift,
        )
    return extra


def copy_task(task: Task) -> Task:
    """A copy that the store's later changes do not reach."""
    twin = copy(task)
    extra = task.extra
    if extra is not None and type(extra) is not SharedExtra:
        twin.extra = copy(extra)
    return twin
