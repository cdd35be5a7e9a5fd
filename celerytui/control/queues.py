"""The actions on queues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from celerytui.control.action import Action, Call, Param, Result, Scope
from celerytui.errors import BrokerUnavailable
from celerytui.masking import one_line
from celerytui.model import Item

PAGE = 500
"""Messages looked at, and at most removed, in one go: Redis serves others in between."""


class _Headers(Struct):
    task: str


class _Message(Struct):
    headers: _Headers


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
    count = channel.queue_purge(name)
    channel.close()
    return Item(name, True, f"{count or 0:,} messages thrown away")


def _purge_by_name(call: Call, name: str) -> Item:
    """Remove the messages of one task, each by its exact text, which its delivery tag makes unique.

    Messages come in at the head and are taken from the tail, so that a page read by its distance
    from the head may show one twice and misses none.
    """
    if call.pidbox.driver != "redis":
        return Item(
            name,
            False,
            f"{call.pidbox.driver} gives no message away without taking those before it;"
            " that needs Redis",
        )
    from redis import Redis

    channel = call.pidbox.channel()
    client: Any = Redis(connection_pool=channel.pool)
    task = call.params["task"].strip()
    removed = looked = 0
    for step in channel.priority_steps:
        key = channel.global_keyprefix + channel._q_for_pri(name, step)
        start = 0
        while not call.cancelled():
            page = client.lrange(key, start, start + PAGE - 1)
            if not page:
                break
            gone = _remove(client, key, [one for one in page if _task_of(one) == task])
            removed += gone
            looked += len(page)
            start += len(page) - gone
            call.progress(removed, looked, f"removed of {looked:,} messages")
    return Item(name, True, f"{removed:,} messages of {task} thrown away, {looked:,} looked at")


def _remove(client: Any, key: str, messages: list[bytes]) -> int:
    with client.pipeline(transaction=False) as pipe:
        for message in messages:
            pipe.lrem(key, 1, message)
        return sum(pipe.execute())


def _task_of(message: bytes) -> str | None:
    """The name of a message's task; None for what is no task, or of Celery 3's protocol."""
    try:
        return msgspec.json.decode(message, type=_Message).headers.task
    except msgspec.MsgspecError:
        return None


ACTIONS = (
    Action(
        id="queue.purge",
        key="X",
        label="Purge",
        scope=Scope.QUEUE,
        destructive=True,
        typed=True,
        run=lambda call: _each(call, _purge),
        help="throws away every message that waits in the queue",
    ),
    Action(
        id="queue.purge_by_name",
        label="Purge one kind of task",
        scope=Scope.QUEUE,
        destructive=True,
        typed=True,
        params=(Param("task", "Task", "name", required=True, suggest="tasks"),),
        run=lambda call: _each(call, _purge_by_name),
        help="throws away the waiting messages of one task name, on Redis only",
    ),
)
