"""The actions on workers."""

from __future__ import annotations

from celerytui.control.action import Action, Call, Group, Param, Result, Scope
from celerytui.control.replies import replies
from celerytui.errors import UsageError

POOL = Group("pool", "P", "Pool", Scope.WORKER)
CONSUMERS = Group("consumers", "Q", "Consumers", Scope.WORKER)
EVENTS = Group("events", "E", "Task events", Scope.WORKER)
GROUPS = (POOL, CONSUMERS, EVENTS)


def command(name: str, call: Call, **arguments: object) -> Result:
    """Send one control command to the targets, which are workers."""
    answers = call.talk.ask(name, arguments, call.targets)
    return Result(replies(answers, call.targets, call.talk.timeout))


def _autoscale(call: Call) -> Result:
    most, least = call.values["max"], call.values["min"]
    if least is not None and most is not None and least > most:
        raise UsageError(f"the minimum, {least}, is more than the maximum, {most}")
    if least is None and most is None:
        raise UsageError("neither a maximum nor a minimum was given")
    return command("autoscale", call, max=most, min=least)


def _add_consumer(call: Call) -> Result:
    given = {name: call.values[name] for name in ("exchange", "exchange_type", "routing_key")}
    return command("add_consumer", call, queue=call.params["queue"].strip(), **given)


def _cancel_consumer(call: Call) -> Result:
    return command("cancel_consumer", call, queue=call.params["queue"].strip())


ENABLE_EVENTS = Action(
    id="worker.enable_events",
    key="E",
    label="Enable task events",
    scope=Scope.WORKER,
    group=EVENTS.id,
    run=lambda call: command("enable_events", call),
)
DISABLE_EVENTS = Action(
    id="worker.disable_events",
    label="Disable task events",
    scope=Scope.WORKER,
    group=EVENTS.id,
    run=lambda call: command("disable_events", call),
)

_SIZE = Param("n", "By", "number", default="1", required=True, minimum=1, help="processes")

ACTIONS = (
    ENABLE_EVENTS,
    DISABLE_EVENTS,
    Action(
        id="worker.pool_grow",
        label="Grow the pool",
        scope=Scope.WORKER,
        group=POOL.id,
        params=(_SIZE,),
        run=lambda call: command("pool_grow", call, n=call.values["n"]),
    ),
    Action(
        id="worker.pool_shrink",
        label="Shrink the pool",
        scope=Scope.WORKER,
        group=POOL.id,
        params=(_SIZE,),
        run=lambda call: command("pool_shrink", call, n=call.values["n"]),
    ),
    Action(
        id="worker.autoscale",
        label="Autoscale",
        scope=Scope.WORKER,
        group=POOL.id,
        params=(
            Param("max", "Maximum", "number", minimum=1, help="processes at most"),
            Param("min", "Minimum", "number", minimum=0, help="processes at least"),
        ),
        run=_autoscale,
        help="only on workers that were started with --autoscale",
    ),
    Action(
        id="worker.pool_restart",
        label="Restart the pool",
        scope=Scope.WORKER,
        group=POOL.id,
        destructive=True,
        run=lambda call: command("pool_restart", call, reload=False),
        help="ends the processes and the tasks that they run; needs worker_pool_restarts",
    ),
    Action(
        id="worker.add_consumer",
        label="Take from a queue",
        scope=Scope.WORKER,
        group=CONSUMERS.id,
        params=(
            Param("queue", "Queue", "name", required=True, suggest="queues"),
            Param("exchange", "Exchange", "name", help="the queue's name where empty"),
            Param(
                "exchange_type",
                "Exchange type",
                "choice",
                ("direct", "topic", "fanout", "headers"),
                "direct",
            ),
            Param("routing_key", "Routing key", "name", help="the queue's name where empty"),
        ),
        run=_add_consumer,
    ),
    Action(
        id="worker.cancel_consumer",
        label="Stop taking from a queue",
        scope=Scope.WORKER,
        group=CONSUMERS.id,
        destructive=True,
        params=(Param("queue", "Queue", "name", required=True, suggest="queues"),),
        run=_cancel_consumer,
    ),
    Action(
        id="worker.ping",
        label="Ping",
        scope=Scope.WORKER,
        changes=False,
        run=lambda call: command("ping", call),
    ),
    Action(
        id="worker.heartbeat",
        label="Ask for a heartbeat",
        scope=Scope.WORKER,
        changes=False,
        run=lambda call: command("heartbeat", call),
        help="a worker answers with its event, not with a reply",
    ),
    Action(
        id="worker.shutdown",
        key="D",
        label="Shut down",
        scope=Scope.WORKER,
        destructive=True,
        run=lambda call: command("shutdown", call),
        help="a warm shutdown: the tasks that run end first",
    ),
    Action(
        id="worker.command",
        label="Send a command",
        scope=Scope.WORKER,
        destructive=True,
        params=(
            Param("command", "Command", "name", required=True, help="also the project's own"),
            Param("arguments", "Arguments", "json", default="{}", shape="object"),
        ),
        run=lambda call: command(call.params["command"].strip(), call, **_keywords(call)),
        help="any control or inspect command by its name, with its arguments as a JSON object",
    ),
)


def _keywords(call: Call) -> dict[str, object]:
    return dict(call.values["arguments"] or {})
