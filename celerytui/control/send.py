"""Sending tasks: new ones, and those that were there once more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import kombu

from celerytui.control.action import Action, Call, Effect, Param, Reach, Result, Scope
from celerytui.control.arguments import find_arguments
from celerytui.control.lookback import Look, sent
from celerytui.control.pidbox import Pidbox
from celerytui.counts import counted
from celerytui.errors import BrokerUnavailable, UsageError
from celerytui.masking import one_line
from celerytui.model import Arguments, Item, TaskState

DELIVERY = (
    Param("countdown", "Countdown", "duration", help="start no sooner than that from now"),
    Param("eta", "ETA", "time", help="or no sooner than at this time"),
    Param("expires", "Expires", "duration", help="do not start later than that from now"),
    Param("priority", "Priority", "number", minimum=0, help="0 to 255, as the broker has them"),
)


class Sender:
    """Publishes tasks as the app's own code would, over the pidbox's connection."""

    def __init__(self, app: Any, pidbox: Pidbox) -> None:
        self._app = app
        self._pidbox = pidbox
        self._producer: Any = None
        self._declared: set[str] = set()

    def send(self, name: str, args: Any, kwargs: Any, options: Mapping[str, Any]) -> str:
        """Send one task and return its id; raises BrokerUnavailable and what Celery raises."""
        from celery.result import denied_join_result

        more = dict(options)
        # Where it may not wait for results, Celery subscribes to none: it would never be read.
        with self._pidbox.guarded(self._pidbox.broker_errors), denied_join_result():
            if self._producer is None:
                self._producer = self._app.amqp.Producer(self._pidbox.channel(), auto_declare=False)
            if more.get("queue"):
                more["queue"] = self._queue(more["queue"])
            more |= {"producer": self._producer, "retry": False}
            task = None if self._app.conf.task_always_eager else self._app.tasks.get(name)
            if task is None:
                return str(self._app.send_task(name, args, kwargs, **more).id)
            return str(task.apply_async(args, kwargs, **more).id)

    def _queue(self, name: Any) -> Any:
        """The queue to publish to: as the app declares it, else as it is on the broker.

        Declaring one that is there with other arguments is an error on AMQP. An option of a
        periodic task may be a queue itself.
        """
        if not isinstance(name, str):
            return name
        if name in self._app.amqp.queues or not self._pidbox.broker.declares_queues:
            return name
        if name not in self._declared:
            channel = self._pidbox.channel()
            try:
                channel.queue_declare(queue=name, passive=True)
            except self._pidbox.channel_errors:
                raise UsageError(f"there is no queue {name!r} on the broker") from None
            channel.close()
            self._declared.add(name)
        kombu_any: Any = kombu
        return kombu_any.Queue(
            name, exchange=kombu_any.Exchange("", type="direct"), routing_key=name, no_declare=True
        )


def _options(call: Call) -> dict[str, Any]:
    values = call.values
    if values["countdown"] is not None and values["eta"] is not None:
        raise UsageError("either a countdown or an ETA, not both")
    names = ("queue", "countdown", "eta", "expires", "priority")
    return {name: values[name] for name in names if values[name] is not None}


def _send(call: Call) -> Result:
    name = call.params["name"].strip()
    options = _options(call)
    sender = Sender(call.app, call.pidbox)
    new_id = sender.send(name, call.values["args"] or [], call.values["kwargs"] or {}, options)
    return Result((), items=(Item(name, True, f"sent as {new_id}", new_id),))


def _run_again(call: Call) -> Result:
    """Send each target again: with the arguments given, else those that are certain."""
    given = (call.values["args"], call.values["kwargs"])
    options = _options(call)
    if given != (None, None):
        if len(call.targets) > 1:
            raise UsageError("arguments can be given for one task at a time")
        if None in given:
            raise UsageError("args and kwargs have to be given together")
    sender = Sender(call.app, call.pidbox)
    found = find_arguments(
        call.app, call.pidbox, call.targets, call.tasks, call.workers, call.cancelled
    )
    items: list[Item] = []
    error = None
    for number, task_id in enumerate(call.targets):
        if error is None and call.cancelled():
            error = f"cancelled after {number:,} of {counted(len(call.targets), 'task')}"
        if error is not None or task_id not in found:
            items.append(Item(task_id, None, "not sent"))
            continue
        call.progress(number, len(call.targets), "sending")
        try:
            items.append(_again(sender, task_id, found[task_id], given, options))
        except BrokerUnavailable as exc:
            # It may have gone out all the same.
            items.append(Item(task_id, False, str(exc)))
            error = f"{exc}; {number:,} of {counted(len(call.targets), 'task')} handled"
    return Result((), error, tuple(items))


def _again(
    sender: Sender, task_id: str, found: Any, given: tuple[Any, Any], options: Mapping[str, Any]
) -> Item:
    edited = given != (None, None)
    if not found.name:
        return Item(task_id, False, found.reason)
    if edited:
        args, kwargs = given
        source = "the arguments given"
    elif isinstance(found, Arguments):
        args, kwargs = json.loads(found.args), json.loads(found.kwargs)
        source = f"arguments from {found.source}"
    else:
        return Item(task_id, False, found.reason)
    kept = {"queue": found.queue, "priority": getattr(found, "priority", None)}
    options = {name: value for name, value in kept.items() if value is not None} | dict(options)
    try:
        new_id = sender.send(found.name, args, kwargs, options)
    except BrokerUnavailable:
        raise
    except Exception as exc:
        return Item(task_id, False, one_line(exc))
    return Item(task_id, True, f"sent as {new_id}, {source}", new_id)


def _when_sent_again(state: TaskState, params: Mapping[str, str]) -> Effect:
    if state.finished:
        return Effect("will be sent as a new task")
    return Effect("will be sent a second time: would run twice", warns=True)


ACTIONS = (
    Action(
        id="task.run_again",
        key="R",
        label="Run again",
        words=("retry", "rerun", "resend", "requeue"),
        scope=Scope.TASK,
        params=(
            Param("args", "Args", "json", shape="list", help="the original ones if empty"),
            Param("kwargs", "Kwargs", "json", shape="object", help="the original ones if empty"),
            Param("queue", "Queue", "name", suggest="queues", help="the original one if empty"),
            *DELIVERY,
        ),
        run=_run_again,
        reach=Reach("Will be sent with the original arguments", "none is guessed"),
        edits_arguments=True,
        sends_again=True,
        effect=_when_sent_again,
        look=Look(5.0, sent),
        help="sends a new task with the same arguments, without the callbacks of the old one",
    ),
    Action(
        id="task.send",
        label="Send a task",
        words=("apply_async", "send_task", "call", "publish"),
        scope=Scope.CLUSTER,
        params=(
            Param("name", "Task", "name", required=True, suggest="tasks", here=Scope.TYPE),
            Param("args", "Args", "json", default="[]", required=True, shape="list"),
            Param("kwargs", "Kwargs", "json", default="{}", required=True, shape="object"),
            Param(
                "queue",
                "Queue",
                "name",
                suggest="queues",
                here=Scope.QUEUE,
                help="by the routing rules if empty",
            ),
            *DELIVERY,
        ),
        run=_send,
        reach=Reach("Will be sent to its queue"),
        look=Look(5.0, sent),
    ),
)
