"""The actions on workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from celerytui.control.action import Action, Call, Group, Param, Result, Scope
from celerytui.control.lookback import (
    Look,
    autoscaled,
    consumes,
    not_judged,
    pool_size,
    restarted,
    shut_down,
    sized,
)
from celerytui.control.replies import replies
from celerytui.errors import UsageError
from celerytui.health.queues import GROWING, UNCONSUMED
from celerytui.health.workers import LATE
from celerytui.health.workers import SILENT as NO_TASK_EVENTS
from celerytui.model import Reply

SILENT = "shutdown sent; it did not reply when asked before"

POOL = Group("pool", "P", "Pool", Scope.WORKER)
CONSUMERS = Group("consumers", "Q", "Consumers", Scope.WORKER)
EVENTS = Group("events", "E", "Task events", Scope.WORKER)
GROUPS = (POOL, CONSUMERS, EVENTS)


def command(name: str, call: Call, **arguments: object) -> Result:
    """Send one control command to the targets, which are workers."""
    answers = call.pidbox.ask(name, arguments, call.targets)
    return Result(replies(answers, call.targets, call.pidbox.timeout))


def _grow(call: Call) -> Result:
    return _resize(call, "pool_grow", call.values["n"])


def _shrink(call: Call) -> Result:
    return _resize(call, "pool_shrink", -call.values["n"])


def _resize(call: Call, name: str, by: int) -> Result:
    """Grow or shrink, and remember the expected size."""
    before = {host: pool_size(pool) for host, pool in _pools(call).items()}
    expected = {host: size + by for host, size in before.items() if size is not None}
    return structs.replace(command(name, call, n=abs(by)), expected=expected)


def _restart(call: Call) -> Result:
    before = {host: pool.get("processes") for host, pool in _pools(call).items()}
    expected = {host: pids for host, pids in before.items() if isinstance(pids, list)}
    return structs.replace(command("pool_restart", call, reload=False), expected=expected)


def _shutdown(call: Call) -> Result:
    """Send it and wait for nothing: a worker that shuts down sends no reply."""
    stats = call.pidbox.ask("stats", {}, call.targets)
    expected = {
        host: answer["pid"]
        for host, answer in stats.items()
        if isinstance(answer, Mapping) and isinstance(answer.get("pid"), int)
    }
    call.pidbox.send("shutdown", {}, destination=call.targets)
    return Result(
        tuple(
            Reply(
                host, None, "shutdown sent; this command has no reply" if host in stats else SILENT
            )
            for host in sorted(call.targets)
        ),
        expected=expected,
    )


def _heartbeat(call: Call) -> Result:
    call.pidbox.send("heartbeat", {}, destination=call.targets)
    text = "sent; the worker sends a heartbeat event and no reply"
    return Result(tuple(Reply(host, None, text) for host in sorted(call.targets)))


def _pools(call: Call) -> dict[str, dict[str, Any]]:
    """Hostname -> what the worker says of its pool."""
    stats = call.pidbox.ask("stats", {}, call.targets)
    pools = {host: answer.get("pool") for host, answer in stats.items() if type(answer) is dict}
    return {host: pool for host, pool in pools.items() if type(pool) is dict}


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


def _pool_errors(verb: str) -> dict[str, str]:
    """What a pool answers that cannot grow or shrink."""
    return {
        "not supported with autoscale": "change its minimum and maximum with Autoscale",
        f"object has no attribute '{verb}'": "this worker's pool has a fixed size; prefork, gevent"
        f" and eventlet {verb}",
        "Can't shrink pool. All processes busy": "try again when some are idle",
    }


NO_DISPATCHER = {"event dispatcher unavailable": "this worker sends no events"}

ENABLE_EVENTS = Action(
    id="worker.enable_events",
    key="E",
    label="Enable task events",
    scope=Scope.WORKER,
    group=EVENTS.id,
    run=lambda call: command("enable_events", call),
    wanted=lambda worker: worker.task_events is False,
    mends=(NO_TASK_EVENTS.id,),
    errors=NO_DISPATCHER,
    sets_events=True,
)
DISABLE_EVENTS = Action(
    id="worker.disable_events",
    label="Disable task events",
    scope=Scope.WORKER,
    group=EVENTS.id,
    destructive=True,
    run=lambda call: command("disable_events", call),
    help="no monitor will see the tasks of these workers",
    errors=NO_DISPATCHER
    | {
        "task events already disabled": "a worker started with -E replies this and keeps"
        " sending them"
    },
    sets_events=False,
)

_QUEUE = Param("queue", "Queue", "name", required=True, suggest="queues", here=Scope.QUEUE)
_SIZE = Param("n", "By", "number", default="1", required=True, minimum=1, help="processes")

ACTIONS = (
    ENABLE_EVENTS,
    DISABLE_EVENTS,
    Action(
        id="worker.pool_grow",
        label="Grow the pool",
        words=("scale up", "add processes"),
        scope=Scope.WORKER,
        group=POOL.id,
        params=(_SIZE,),
        run=_grow,
        mends=(GROWING.id,),
        look=Look(8.0, sized, ("stats",)),
        errors=_pool_errors("grow"),
    ),
    Action(
        id="worker.pool_shrink",
        label="Shrink the pool",
        words=("scale down", "remove processes"),
        scope=Scope.WORKER,
        group=POOL.id,
        params=(_SIZE,),
        run=_shrink,
        look=Look(8.0, sized, ("stats",)),
        errors=_pool_errors("shrink"),
    ),
    Action(
        id="worker.autoscale",
        label="Autoscale",
        words=("minimum and maximum",),
        scope=Scope.WORKER,
        group=POOL.id,
        params=(
            Param("max", "Maximum", "number", minimum=1, help="processes at most"),
            Param("min", "Minimum", "number", minimum=0, help="processes at least"),
        ),
        destructive=True,
        run=_autoscale,
        look=Look(3.0, autoscaled, ("stats",)),
        errors={
            "Autoscale not enabled": "start the worker with --autoscale, or grow and shrink its"
            " pool"
        },
        help="only on workers started with --autoscale",
    ),
    Action(
        id="worker.pool_restart",
        label="Restart the pool",
        words=("reload",),
        scope=Scope.WORKER,
        group=POOL.id,
        destructive=True,
        run=_restart,
        look=Look(5.0, restarted, ("stats",)),
        errors={
            "Pool restarts not enabled": "the worker's app needs worker_pool_restarts = True;"
            " otherwise restart the worker"
        },
        help="each process will be replaced after its next task; needs worker_pool_restarts",
    ),
    Action(
        id="worker.add_consumer",
        label="Add a consumer",
        words=("consume a queue", "subscribe"),
        scope=Scope.WORKER,
        group=CONSUMERS.id,
        params=(
            _QUEUE,
            Param("exchange", "Exchange", "name", help="the queue's name if empty"),
            Param(
                "exchange_type",
                "Exchange type",
                "choice",
                ("direct", "topic", "fanout", "headers"),
                "direct",
            ),
            Param("routing_key", "Routing key", "name", help="the queue's name if empty"),
        ),
        run=_add_consumer,
        mends=(UNCONSUMED.id,),
        look=Look(3.0, consumes(True), ("active_queues",)),
    ),
    Action(
        id="worker.cancel_consumer",
        label="Cancel a consumer",
        words=("stop consuming",),
        scope=Scope.WORKER,
        group=CONSUMERS.id,
        destructive=True,
        params=(_QUEUE,),
        run=_cancel_consumer,
        look=Look(3.0, consumes(False), ("active_queues",)),
        errors={"no such queue": "the worker does not consume it"},
    ),
    Action(
        id="worker.ping",
        label="Ping",
        words=("alive",),
        scope=Scope.WORKER,
        changes=False,
        run=lambda call: command("ping", call),
        mends=(LATE.id,),
    ),
    Action(
        id="worker.heartbeat",
        label="Ask for a heartbeat",
        scope=Scope.WORKER,
        changes=False,
        run=_heartbeat,
        help="the worker sends its event, and no reply",
    ),
    Action(
        id="worker.shutdown",
        key="D",
        label="Shut down",
        words=("stop", "warm shutdown"),
        scope=Scope.WORKER,
        destructive=True,
        run=_shutdown,
        look=Look(10.0, shut_down),
        help="a warm shutdown: running tasks finish first",
    ),
    Action(
        id="worker.command",
        label="Send a command",
        words=("control", "inspect", "broadcast"),
        scope=Scope.WORKER,
        destructive=True,
        params=(
            Param("command", "Command", "name", required=True, help="also the project's own"),
            Param("arguments", "Arguments", "json", default="{}", required=True, shape="object"),
        ),
        run=lambda call: command(call.params["command"].strip(), call, **_keywords(call)),
        look=Look(1.0, not_judged, ("stats", "active_queues")),
        errors={
            "Requires the objgraph library": "pip install objgraph where the worker runs",
            "psutil": "pip install psutil where the worker runs",
        },
        help="any control or inspect command, with its arguments as a JSON object",
    ),
)


def _keywords(call: Call) -> dict[str, object]:
    return dict(call.values["arguments"] or {})
