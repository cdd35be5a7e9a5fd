"""The actions on task types: what workers do with all tasks of a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celerytui.control.action import (
    Action,
    Call,
    CurrentValues,
    Param,
    Result,
    Scope,
    SectionReader,
)
from celerytui.control.lookback import Look, rate_limited, registered, time_limited
from celerytui.control.replies import replies
from celerytui.errors import UsageError
from celerytui.model import Reply

WORKERS = Param(
    "workers",
    "On workers",
    suggest="workers",
    here=Scope.WORKER,
    help="comma-separated; all if empty",
)
LIMITS = {"rate": "rate_limit", "soft": "soft_time_limit", "hard": "time_limit"}
"""What the limits are called here, and in a worker's list of its tasks."""
UNKNOWN = {"unknown task": "not registered on this worker"}


def _rate_limit(call: Call) -> Result:
    return _each(call, "rate_limit", {"rate_limit": call.params["rate"].strip()})


def _time_limits(call: Call) -> Result:
    """Both limits, always: a worker assigns both, so that one left out would be lifted."""
    soft, hard = call.values["soft"], call.values["hard"]
    if soft is not None and hard is not None and soft >= hard:
        raise UsageError(f"the soft limit, {soft:g}s, must be below the hard limit, {hard:g}s")
    return _each(call, "time_limit", {"soft": soft or None, "hard": hard or None})


def _each(call: Call, name: str, arguments: Mapping[str, Any]) -> Result:
    """Send a command for each task name to the workers that were chosen, or to all."""
    chosen = [one for part in call.params["workers"].split(",") if (one := part.strip())]
    expected = chosen or list(call.workers)
    asks = {
        task: call.pidbox.send(
            name,
            {"task_name": task, **arguments},
            destination=chosen or None,
            awaited=expected or None,
        )
        for task in call.targets
    }
    call.pidbox.collect(list(asks.values()))
    found: list[Reply] = []
    for task, ask in asks.items():
        answered = replies(ask.answers, expected, call.pidbox.timeout)
        if len(asks) > 1:
            answered = tuple(Reply(one.worker, one.ok, f"{task}: {one.text}") for one in answered)
        found += answered
    return Result(tuple(sorted(found, key=lambda one: one.worker)))


def _limits_now(data: Any, name: str) -> CurrentValues | None:
    """The limits that a worker lists for a task, out of its section `registered`."""
    facts = registered(data if isinstance(data, list) else []).get(name)
    if facts is None:
        return None
    values = {word: facts[key] for word, key in LIMITS.items() if key in facts}
    return CurrentValues(values, ", ".join(f"{word} {text}" for word, text in values.items()))


LISTED = SectionReader("registered", _limits_now)

ACTIONS = (
    Action(
        id="type.rate_limit",
        key="L",
        label="Rate limit",
        words=("throttle",),
        scope=Scope.TYPE,
        params=(
            Param("rate", "Rate", required=True, help='such as 10/m, 5/s, 100/h; "0" removes it'),
            WORKERS,
        ),
        run=_rate_limit,
        button="Set",
        current=LISTED,
        look=Look(1.0, rate_limited, (LISTED.section,)),
        errors=UNKNOWN,
        help="how many tasks of this name each worker starts per second, minute or hour",
    ),
    Action(
        id="type.time_limits",
        key="T",
        label="Time limits",
        words=("time_limit", "timeout", "soft_time_limit"),
        scope=Scope.TYPE,
        params=(
            Param("soft", "Soft", "duration", help="SoftTimeLimitExceeded; empty for none"),
            Param("hard", "Hard", "duration", help="the process is killed; empty for none"),
            WORKERS,
        ),
        run=_time_limits,
        button="Set",
        current=LISTED,
        look=Look(1.0, time_limited, (LISTED.section,)),
        errors=UNKNOWN
        | {
            "time limits set successfully": "applied once the worker's pool restarts or it"
            " reconnects"
        },
        help="both are set at once, an empty one is removed; not available on a threads pool",
    ),
)
