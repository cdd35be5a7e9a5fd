"""The actions on tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from celerytui.control.action import Action, Call, Effect, Param, Reach, Result, Scope
from celerytui.control.backend import abort
from celerytui.control.lookback import Look, aborted, revoked, terminated
from celerytui.control.pidbox import Ask
from celerytui.control.replies import replies, reply
from celerytui.counts import counted
from celerytui.errors import BrokerUnavailable
from celerytui.model import Item, Reply, TaskState, id_value

CHUNK = 250
"""Task ids in one message: as many look-ups of results for the worker, before it replies."""
NAMED_IDS = 3
"""As many ids as a worker's answer may list; of more only the number is kept."""

SIGNALS = ("SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1")

SIGNAL = Param("signal", "Signal", "choice", SIGNALS, SIGNALS[0])

_FLAGGED = re.compile(r"tasks \{(.*)\} flagged as revoked", re.DOTALL)
_TERMINATED = re.compile(r"terminate: (?!tasks unknown)(.*)", re.DOTALL)
NOT_NAMED = "expected str instance"
"""In the error of a worker that terminated a task and could not name it: its id is no text."""


def _revoke(call: Call) -> Result:
    return _in_chunks(call, {"terminate": False, "signal": SIGNALS[0]})


def _terminate(call: Call) -> Result:
    return _in_chunks(call, {"terminate": True, "signal": call.params["signal"]})


def _finished(call: Call) -> tuple[Item, ...]:
    """The targets that are known to have ended: nothing is sent about them."""
    held = [call.tasks[id] for id in call.targets if id in call.tasks]
    over = [task for task in held if _is_over(task.state)]
    return tuple(
        Item(one.id, None, f"not sent: already finished ({one.state.label})") for one in over
    )


def _abort(call: Call) -> Result:
    """Write ABORTED for each target where the result backend lets it, as AbortableTask reads it."""
    items = list(_finished(call))
    over = {item.target for item in items}
    for number, task_id in enumerate(call.targets):
        if task_id in over:
            continue
        if call.cancelled():
            left = (one for one in call.targets[number:] if one not in over)
            items += [Item(one, None, "cancelled") for one in left]
            break
        call.progress(number, len(call.targets), "aborting")
        items.append(abort(call.app, task_id))
    return Result((), items=tuple(items))


def _revoke_by_headers(call: Call) -> Result:
    stamps = [stamp for one in call.params["stamps"].split(",") if (stamp := one.strip())]
    ask = call.pidbox.send(
        "revoke_by_stamped_headers",
        {
            "headers": {call.params["header"].strip(): stamps},
            "terminate": call.params["terminate"] == "terminate",
            "signal": call.params["signal"],
        },
        awaited=list(call.workers) or None,
    )
    call.pidbox.collect([ask])
    return Result(replies(ask.answers, call.workers, call.pidbox.timeout))


def _in_chunks(call: Call, options: dict[str, Any]) -> Result:
    """Revoke the targets, so many at a time, on every worker.

    It goes to all workers and not only to those that are known: any of them may take the task.
    """
    over = _finished(call)
    ids = [id for id in call.targets if id not in {item.target for item in over}]
    expected, silent = set(call.workers), set[str]()
    sent: list[tuple[Ask, list[str]]] = []
    done, error = 0, None
    try:
        for chunk in _chunks(ids, terminate=bool(options["terminate"])):
            if call.cancelled():
                error = f"cancelled after {done:,} of {counted(len(call.targets), 'task')}"
                break
            # Who was silent once is waited for at the end only.
            awaited = None if not expected and not sent else sorted(expected - silent)
            own = {"task_id": [id_value(id) for id in chunk], **options}
            ask = call.pidbox.send("revoke", own, awaited=awaited)
            sent.append((ask, chunk))
            done += len(chunk)
            call.pidbox.collect([ask])
            silent = expected - set(ask.answers)
            expected |= set(ask.answers)
            call.progress(done, len(call.targets), "sending")
        _collect_late(call, [ask for ask, _ in sent], expected)
        _name_terminated(sent)
    except BrokerUnavailable as exc:
        error = f"{exc}; {done:,} of {counted(len(call.targets), 'task')} sent"
    items = (*over, *_items(ids, sent, terminate=bool(options["terminate"])))
    if not sent:
        return Result((), error, items)
    answers: dict[str, list[Any]] = {}
    for ask, _ in sent:
        for worker, answer in ask.answers.items():
            answers.setdefault(worker, []).append(answer)
    return Result(_summed(answers, set(call.workers), len(sent), call.pidbox.timeout), error, items)


def _chunks(ids: Sequence[str], *, terminate: bool) -> list[list[str]]:
    """The ids, so many to a message; alone those that a worker cannot name when it replies."""
    alone = [id for id in ids if terminate and not isinstance(id_value(id), str)]
    others = [id for id in ids if id not in set(alone)] if alone else ids
    chunks = [list(others[start : start + CHUNK]) for start in range(0, len(others), CHUNK)]
    return [*chunks, *([id] for id in alone)]


def _name_terminated(sent: Sequence[tuple[Ask, list[str]]]) -> None:
    """Make what a worker says of an id that is no text what it says of any other."""
    for ask, chunk in sent:
        for worker, answer in ask.answers.items():
            error = answer.get("error") if isinstance(answer, Mapping) else None
            if len(chunk) == 1 and NOT_NAMED in str(error):
                ask.answers[worker] = {"ok": f"terminate: {chunk[0]}"}


def _collect_late(call: Call, asks: Sequence[Ask], expected: set[str]) -> None:
    """Take the replies that are still to come, for as long as any come."""
    for ask in asks:
        ask.awaited = expected - set(ask.answers)
    missing = -1
    while not call.cancelled():
        left = [ask for ask in asks if ask.awaited]
        before, missing = missing, sum(len(ask.awaited or ()) for ask in left)
        if not left or missing == before:
            return
        call.pidbox.collect(left)


def _items(
    ids: Sequence[str], sent: Sequence[tuple[Ask, list[str]]], *, terminate: bool
) -> tuple[Item, ...]:
    """What came of each target: one worker that knows of it is enough."""
    items = []
    for ask, chunk in sent:
        answered = [reply(worker, answer) for worker, answer in ask.answers.items()]
        refusal = next((one for one in answered if one.ok is False), None)
        ok, text = _verdict(answered, refusal)
        ended = _ended_by(answered, chunk) if terminate else {}
        for id in chunk:
            if id in ended:
                items.append(Item(id, True, f"terminated on {ended[id]}"))
            elif terminate and ok and refusal is None:
                items.append(Item(id, True, "revoked; no worker had it running"))
            else:
                items.append(Item(id, ok, text))
    handled = {id for _, chunk in sent for id in chunk}
    items += [Item(id, None, "not sent") for id in ids if id not in handled]
    return tuple(items)


def _verdict(answered: Sequence[Reply], refusal: Reply | None) -> tuple[bool | None, str]:
    if refusal is not None:
        return False, f"{refusal.worker}: {refusal.text}"
    if not answered:
        return None, "sent, but no worker replied"
    return True, "revoked"


def _ended_by(answered: Sequence[Reply], chunk: Sequence[str]) -> dict[str, str]:
    """Task id -> the worker that says that it terminated it."""
    ended: dict[str, str] = {}
    for one in answered:
        match = _TERMINATED.fullmatch(one.text) if one.ok else None
        ids = chunk if len(chunk) == 1 else match[1].split(", ") if match else ()
        ended |= dict.fromkeys(ids if match else (), one.worker)
    return ended


def _summed(
    answers: dict[str, list[Any]], expected: set[str], asked: int, timeout: float
) -> tuple[Reply, ...]:
    """One Reply a worker out of its answers to the chunks, the first refusal before all else."""
    found = []
    for one in replies({worker: given[0] for worker, given in answers.items()}, expected, timeout):
        parts = [reply(one.worker, answer) for answer in answers.get(one.worker, ())]
        refusal = next((part for part in parts if not part.ok), None)
        if not parts or refusal is not None:
            found.append(refusal or one)
        elif len(parts) < asked:
            of = f"{asked - len(parts):,} of {counted(asked, 'message')}"
            text = f"no reply within {timeout:g} s to {of}"
            found.append(Reply(one.worker, None, text))
        else:
            found.append(Reply(one.worker, True, _counted([part.text for part in parts])))
    return tuple(found)


def _counted(texts: list[str]) -> str:
    """The answers to all chunks in one, with long lists of ids as a number."""
    for pattern, words in ((_FLAGGED, " flagged as revoked"), (_TERMINATED, " terminated")):
        matches = [match for text in texts if (match := pattern.fullmatch(text)) is not None]
        count = sum(match[1].count(",") + 1 for match in matches)
        if matches and (count > NAMED_IDS or len(texts) > 1):
            return counted(count, "task") + words
    return texts[0]


FINISHED = Effect("already finished: will not be sent", reaches=False)
NOT_RUN = Effect("will not run")


def _is_over(state: TaskState) -> bool:
    """A lost or missed task may turn up again."""
    return state.finished and not state.guessed


def _when_revoked(state: TaskState, params: Mapping[str, str]) -> Effect:
    if state is TaskState.STARTED:
        return Effect("will run to the end", True, instead="task.terminate", does="terminates")
    return FINISHED if _is_over(state) else NOT_RUN


def _when_terminated(state: TaskState, params: Mapping[str, str]) -> Effect:
    if state is TaskState.STARTED:
        return Effect(f"will get {params['signal']}", warns=True)
    return FINISHED if _is_over(state) else NOT_RUN


def _when_aborted(state: TaskState, params: Mapping[str, str]) -> Effect:
    return FINISHED if _is_over(state) else Effect("will be asked to stop", warns=True)


ACTIONS = (
    Action(
        id="task.revoke",
        key="C",
        label="Revoke",
        words=("cancel",),
        scope=Scope.TASK,
        destructive=True,
        run=_revoke,
        effect=_when_revoked,
        look=Look(5.0, revoked),
    ),
    Action(
        id="task.terminate",
        key="K",
        label="Terminate",
        words=("kill", "revoke"),
        scope=Scope.TASK,
        destructive=True,
        params=(SIGNAL,),
        run=_terminate,
        effect=_when_terminated,
        look=Look(5.0, terminated),
        aside=("terminate: tasks unknown", "did not have it"),
        errors={
            "does not implement kill_job": "this worker's pool cannot terminate a running task;"
            " prefork, gevent and eventlet can",
            "terminate: tasks unknown": "it did not have the task",
        },
    ),
    Action(
        id="task.abort",
        label="Abort",
        words=("AbortableTask", "stop"),
        scope=Scope.TASK,
        destructive=True,
        run=_abort,
        reach=Reach("Will be written to the result backend, where tasks look for it"),
        effect=_when_aborted,
        look=Look(5.0, aborted),
        help="asks an AbortableTask to stop; needs a result backend",
    ),
    Action(
        id="task.revoke_by_headers",
        label="Revoke by stamped headers",
        words=("revoke_by_stamped_headers", "cancel"),
        scope=Scope.CLUSTER,
        destructive=True,
        params=(
            Param("header", "Header", "name", required=True, help="name of the stamp"),
            Param("stamps", "Stamps", required=True, help="separated by commas"),
            Param("terminate", "Running ones", "choice", ("run on", "terminate"), "run on"),
            SIGNAL,
        ),
        run=_revoke_by_headers,
        help="revokes every task sent with one of these stamps",
    ),
)
