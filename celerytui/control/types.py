"""The actions on task types: what workers do with all tasks of a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celerytui.control.action import Action, Call, Param, Result, Scope
from celerytui.control.replies import replies
from celerytui.errors import UsageError
from celerytui.model import Reply

WORKERS = Param(
    "workers", "On workers", suggest="workers", help="separated by commas; empty for all"
)


def _rate_limit(call: Call) -> Result:
    return _each(call, "rate_limit", {"rate_limit": call.params["rate"].strip()})


def _time_limits(call: Call) -> Result:
    """Both limits, always: a worker assigns both, so that one left out would be lifted."""
    soft, hard = call.values["soft"], call.values["hard"]
    if soft is not None and hard is not None and soft >= hard:
        raise UsageError(f"the soft limit, {soft:g}s, has to be below the hard one, {hard:g}s")
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
        told = replies(ask.answers, expected, call.pidbox.timeout)
        if len(asks) > 1:
            told = tuple(Reply(one.worker, one.ok, f"{task}: {one.text}") for one in told)
        found += told
    return Result(tuple(sorted(found, key=lambda one: one.worker)))


ACTIONS = (
    Action(
        id="type.rate_limit",
        key="L",
        label="Rate limit",
        scope=Scope.TYPE,
        params=(
            Param("rate", "Rate", required=True, help='such as 10/m, 5/s, 100/h; "0" lifts it'),
            WORKERS,
        ),
        run=_rate_limit,
        help="how many tasks of this name one worker starts in a time",
    ),
    Action(
        id="type.time_limits",
        key="T",
        label="Time limits",
        scope=Scope.TYPE,
        params=(
            Param("soft", "Soft", "duration", help="SoftTimeLimitExceeded; empty for none"),
            Param("hard", "Hard", "duration", help="the process is killed; empty for none"),
            WORKERS,
        ),
        run=_time_limits,
        help="both are set together, what is left empty is lifted; a threads pool knows none",
    ),
)
