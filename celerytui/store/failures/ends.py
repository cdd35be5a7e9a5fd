"""Which ends of a task are failures, and what each of them is."""

from __future__ import annotations

from collections.abc import Iterable

from celerytui.model import Task, TaskState
from celerytui.store.failures.identity import Identity, identify, identify_end
from celerytui.store.runs import Run, known_runs
from celerytui.store.tasks import FAILS

RETRY = TaskState.RETRY


def failed_runs(
    name: str | None, runs: Iterable[Run], *, requeued: bool
) -> list[tuple[Run, Identity]]:
    """The runs of a task that failed, each with what its failure is."""
    found: list[tuple[Run, Identity]] = []
    for run in runs:
        identity = _identity(run.name or name, run, requeued)
        if identity is not None:
            found.append((run, identity))
    return found


def failure_key(task: Task) -> str | None:
    """The key of the group that what a task shows is in; None where it shows no failure."""
    if not FAILS[task.state]:
        return None
    if task.state is TaskState.FAILURE:
        identity = identify(task.name, task.more.exception, task.more.traceback)
        return None if identity is None else identity.key
    shown = [run for run in known_runs(task) if run.shown]
    found = failed_runs(task.name, shown, requeued=bool(task.more.requeue))
    return found[-1][1].key if found else None


def _identity(name: str | None, run: Run, requeued: bool) -> Identity | None:
    state = run.state
    if state is TaskState.FAILURE:
        return identify(name, run.exception, run.traceback)
    if state is RETRY:
        told = run.exception is not None or run.traceback is not None
        return identify(name, run.exception, run.traceback) if told else None
    if state.guessed:
        how = "while running" if run.started is not None else "before it started"
        return identify_end(name, state.label, how)
    if state is TaskState.REJECTED:
        return identify_end(name, state.label, "requeued" if requeued else "")
    ended = run.revocation
    if state is TaskState.REVOKED and ended is not None and ended.terminated:
        signal = "" if ended.signum is None else f"signal {ended.signum}"
        return identify_end(name, "terminated", signal)
    return None
