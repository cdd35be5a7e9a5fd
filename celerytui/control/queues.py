"""The actions on queues."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.control.action import Action, Call, Param, Reach, Result, Scope
from celerytui.counts import agree, counted
from celerytui.errors import BrokerUnavailable
from celerytui.masking import one_line
from celerytui.model import Item


def _each(call: Call, purge: Callable[[Call, str], Item]) -> Result:
    """Purge one queue after the other; a broker that goes away ends it."""
    items: list[Item] = []
    for name in call.targets:
        if call.cancelled():
            items.append(Item(name, None, "cancelled"))
            continue
        try:
            with call.pidbox.guarded(call.pidbox.connection_errors):
                items.append(purge(call, name))
        except BrokerUnavailable as exc:
            items.append(Item(name, False, str(exc)))
        except Exception as exc:
            items.append(Item(name, False, one_line(exc)))
    return Result((), items=tuple(items))


def _purge(call: Call, name: str) -> Item:
    # A refusal closes the channel, so each queue has its own.
    channel = call.pidbox.channel()
    count = call.pidbox.broker.purge(channel, name)
    channel.close()
    return Item(name, True, f"deleted {counted(count, 'message')}")


def _purge_by_name(call: Call, name: str) -> Item:
    broker = call.pidbox.broker
    if broker.purge_by_name is None:
        return Item(
            name,
            False,
            f"{broker.title} cannot delete single messages; this needs Redis",
        )
    task = call.params["task"].strip()
    removed = looked = 0
    for removed, looked in broker.purge_by_name(call.pidbox.channel(), name, task):
        call.progress(removed, looked, f"deleted of {counted(looked, 'message')}")
        if call.cancelled():
            break
    return Item(
        name, True, f"deleted {counted(removed, 'message')} of {task}; looked at {looked:,}"
    )


def _waiting(ready: int | None) -> str:
    return agree(ready or 0, "waiting message")


ON_BROKER = Reach("Will be done on the broker", "this cannot be undone")

ACTIONS = (
    Action(
        id="queue.purge",
        key="X",
        label="Purge",
        words=("empty", "discard", "delete messages"),
        scope=Scope.QUEUE,
        destructive=True,
        typed=True,
        reach=ON_BROKER,
        run=lambda call: _each(call, _purge),
        queue_effect=lambda ready, params: f"{_waiting(ready)} will be deleted",
        help="deletes all waiting messages of the queue",
    ),
    Action(
        id="queue.purge_by_name",
        label="Purge one kind of task",
        words=("discard", "delete messages"),
        scope=Scope.QUEUE,
        destructive=True,
        typed=True,
        reach=ON_BROKER,
        params=(Param("task", "Task", "name", required=True, suggest="tasks", here=Scope.TYPE),),
        run=lambda call: _each(call, _purge_by_name),
        queue_effect=lambda ready, params: (
            f"{_waiting(ready)}; those of {params['task']} will be deleted"
        ),
        help="deletes the waiting messages of one task name; Redis only",
    ),
)
