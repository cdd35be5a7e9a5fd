"""What came of an action: looked at some seconds later, in the store and by asking again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from celerytui.counts import agree, counted
from celerytui.model import Finding, Outcome, ScheduleEntry, Section, Task, TaskState, Worker
from celerytui.settings import parse_duration

NAMED = 3
HEARTBEATS = 2.5
"""Intervals without a heartbeat after which a worker that was shut down counts as gone."""


Judged = tuple[bool | None, str]
"""Whether it came out as wanted, and that in words; None where nothing tells."""


def _nothing(name: str) -> None:
    return None


class Seen(Struct, frozen=True):
    """What is known at the time of the look.

    `tasks` are those of the outcome's targets and the new ones, by id; `entry` gives the entry of
    the schedule that has a name, None where it was not read since; `came_of` what is known of one
    that beat was asked to send, None for nothing; `sections` has for each worker that was asked its
    sections by name.
    """

    now: float
    tasks: Mapping[str, Task]
    workers: Mapping[str, Worker]
    sections: Mapping[str, Mapping[str, Section]] = {}
    entry: Callable[[str], ScheduleEntry | None] = _nothing
    came_of: Callable[[str], Judged | None] = _nothing


Judge = Callable[[Outcome, Seen], Judged | None]
"""None: there is nothing to say."""


def _none_left(outcome: Outcome) -> float:
    return 0.0


class Look(Struct, frozen=True):
    """When to look, in seconds after the outcome, what to ask its workers, and how to judge.

    As long as nothing tells, it looks again `after` as many seconds, until those of `patience`
    have gone by since the outcome.
    """

    after: float
    judge: Judge
    sections: tuple[str, ...] = ()
    patience: Callable[[Outcome], float] = _none_left


def asked_again(outcome: Outcome) -> list[str]:
    """The workers of which it is looked whether they did what they said they would."""
    return [reply.worker for reply in outcome.replies if reply.ok is not False]


def finding(look: Look, outcome: Outcome, seen: Seen) -> Finding | None:
    """What came of an outcome; None where there is nothing to say."""
    judged = look.judge(outcome, seen)
    if judged is None:
        return None
    return Finding(outcome.action, outcome.started_at, seen.now, *judged)


def not_judged(outcome: Outcome, seen: Seen) -> None:
    """Nothing: the workers are only asked again, so that what is shown of them is new."""


def revoked(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether none of the tasks started after all."""
    tasks = [seen.tasks[id] for id in outcome.targets if id in seen.tasks]
    after = [one for one in tasks if one.started is not None and one.started > outcome.ended_at]
    running = [one for one in tasks if one.state is TaskState.STARTED and one not in after]
    if after:
        text = f"{_tasks(after)} started anyway"
        workers = [seen.workers.get(one.worker or "") for one in after]
        pools = {one.pool for one in workers if one is not None}
        if any(pool and "thread" in pool.lower() for pool in pools):
            text += "; a threads pool cannot revoke prefetched tasks"
        return False, text
    if running:
        return False, f"{_tasks(running)} had started before; terminate stops running tasks"
    waiting = [one for one in tasks if not one.state.finished]
    if waiting:
        return True, f"{_tasks(waiting)} will be dropped when a worker gets to {_them(waiting)}"
    return (True, "none is running") if tasks else None


def terminated(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether none of the tasks is running."""
    tasks = [seen.tasks[id] for id in outcome.targets if id in seen.tasks]
    running = [one for one in tasks if one.state is TaskState.STARTED]
    if running:
        return False, _tasks(running, "is still running", "are still running")
    return (True, "none is running") if tasks else None


def aborted(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether the tasks that were marked have ended."""
    marked = {item.target for item in outcome.items if item.ok}
    tasks = [seen.tasks[id] for id in outcome.targets if id in marked and id in seen.tasks]
    running = [one for one in tasks if not one.state.finished]
    if running:
        which = _tasks(running, "has", "have")
        return None, f"{which} not finished yet; only an AbortableTask checks for the mark"
    return (True, "all have finished") if tasks else None


def sent(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether a worker has received the new tasks."""
    new = [item.new_id for item in outcome.items if item.new_id]
    if not new:
        return None
    tasks = [seen.tasks[id] for id in new if id in seen.tasks]
    taken = [one for one in tasks if one.state is not TaskState.SENT]
    failed = [one for one in tasks if one.state in (TaskState.FAILURE, TaskState.REJECTED)]
    if failed:
        return False, f"{_tasks(failed)} failed"
    if len(taken) < len(new):
        return None, f"{len(new) - len(taken):,} of {len(new):,} not received by any worker yet"
    return True, _tasks(taken, "was received by a worker", "were received by workers")


def shut_down(outcome: Outcome, seen: Seen) -> Judged:
    """Whether the workers are gone."""
    here, replaced = [], []
    to_finish = 0
    for hostname in outcome.targets:
        worker = seen.workers.get(hostname)
        if worker is not None:
            to_finish += worker.stopping
        if worker is None or worker.status in ("stopping", "offline"):
            continue
        before = outcome.expected.get(hostname)
        if before is not None and worker.pid is not None and worker.pid != before:
            replaced.append(f"{hostname} (pid {worker.pid})")
        elif (
            worker.last_heartbeat is not None
            and worker.last_heartbeat > outcome.ended_at
            and seen.now - worker.last_heartbeat < HEARTBEATS * max(worker.freq, 1.0)
        ):
            here.append(hostname)
    if here:
        return False, f"{_names(here)}: still there; a warm shutdown waits for running tasks"
    if to_finish:
        return True, f"stopping: {counted(to_finish, 'task')} to finish"
    if replaced:
        return True, f"shut down; a new process replaced {_names(replaced)}"
    return True, "shut down"


def sized(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether the pools have the size that was expected."""
    wrong = []
    for hostname, stats in _answers(outcome, seen, "stats"):
        size, wanted = pool_size(stats.get("pool")), outcome.expected.get(hostname)
        if wanted is not None and size != wanted:
            wrong.append(f"{hostname} has {size}, not {wanted}")
    if wrong:
        return False, _names(wrong)
    return _confirmed(outcome, seen, "the pool has its new size")


def autoscaled(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether the workers scale between the limits that were given."""
    wrong = []
    wanted = {name: outcome.params.get(name) for name in ("max", "min")}
    for hostname, stats in _answers(outcome, seen, "stats"):
        scaler = stats.get("autoscaler")
        has = {name: scaler.get(name) for name in wanted} if isinstance(scaler, dict) else {}
        if any(text and str(has.get(name)) != text.strip() for name, text in wanted.items()):
            wrong.append(f"{hostname} scales from {has.get('min')} to {has.get('max')}")
    if wrong:
        return False, _names(wrong)
    return _confirmed(outcome, seen, "autoscaling between the new limits")


def restarted(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether the processes are new; each goes after its next task, so old ones are no failure."""
    old = total = 0
    for hostname, stats in _answers(outcome, seen, "stats"):
        before = outcome.expected.get(hostname) or []
        old += len(set(before) & set(_pids(stats.get("pool"))))
        total += len(before)
    if old:
        processes = counted(total, "process", "processes")
        return None, f"{old:,} of {processes} not replaced yet: each after its next task"
    return _confirmed(outcome, seen, "all processes replaced")


def pool_size(pool: Any) -> int | None:
    """How many tasks a pool runs at once, from `stats`; prefork's own figure never changes."""
    if _pids(pool):
        return len(_pids(pool))
    size = pool.get("max-concurrency") if isinstance(pool, dict) else None
    return size if isinstance(size, int) else None


def _pids(pool: Any) -> list[int]:
    processes = pool.get("processes") if isinstance(pool, dict) else None
    if not isinstance(processes, list):
        return []
    return [pid for pid in processes if isinstance(pid, int)]


def consumes(wanted: bool) -> Judge:
    """Whether the workers consume the queue now, or no longer do."""

    def judge(outcome: Outcome, seen: Seen) -> Judged | None:
        queue = outcome.params.get("queue", "").strip()
        wrong = [
            hostname
            for hostname, queues in _answers(outcome, seen, "active_queues")
            if any(one.get("name") == queue for one in queues if isinstance(one, dict))
            is not wanted
        ]
        if wrong:
            verb = "does not consume" if wanted else "still consumes"
            return False, f"{_names(wrong)}: {verb} it"
        return _confirmed(outcome, seen, "now consuming" if wanted else "no longer consuming")

    return judge


def rate_limited(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether the workers list the rate limit that was given."""
    rate = outcome.params.get("rate", "").strip()

    def fits(facts: Mapping[str, str]) -> bool:
        return facts.get("rate_limit", "0") == rate or not rate

    return _listed(outcome, seen, fits, "the workers list the new limit")


def time_limited(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether the workers list both time limits as given; one that was lifted is left out."""

    def fits(facts: Mapping[str, str]) -> bool:
        given = outcome.params
        return all(_number(facts.get(key)) == _number(given.get(name)) for name, key in _LIMITS)

    text = (
        "the workers list the new limits, and apply them once their pools restart or they reconnect"
    )
    return _listed(outcome, seen, fits, text)


def _listed(
    outcome: Outcome, seen: Seen, fits: Callable[[Mapping[str, str]], bool], text: str
) -> Judged | None:
    """`text`, unless a worker lists a target with other limits."""
    wrong = []
    for hostname, lines in _answers(outcome, seen, "registered"):
        for name in outcome.targets:
            facts = registered(lines).get(name)
            if facts is not None and not fits(facts):
                wrong.append(f"{hostname}: {name} has {_facts(facts)}")
    return (False, _names(wrong)) if wrong else _confirmed(outcome, seen, text)


def _number(text: str | None) -> float:
    """The seconds of a limit, as given or as listed; 0 where there is none."""
    try:
        return parse_duration(text or "0")
    except ValueError:
        return -1.0


_LIMITS = (("soft", "soft_time_limit"), ("hard", "time_limit"))
_LISTED = re.compile(r"(?P<name>.*?)(?: \[(?P<facts>.*)\])?", re.DOTALL)


def registered(lines: Iterable[Any]) -> dict[str, dict[str, str]]:
    """Task name -> its facts, from what `inspect registered` answers: "name [key=value ...]"."""
    found = {}
    for line in lines:
        match = _LISTED.fullmatch(line) if isinstance(line, str) else None
        if match is not None:
            facts = [fact.partition("=") for fact in (match["facts"] or "").split()]
            found[match["name"]] = {key: value for key, _, value in facts}
    return found


def _answers(outcome: Outcome, seen: Seen, name: str) -> list[tuple[str, Any]]:
    shape = dict if name == "stats" else list
    found = []
    for hostname in asked_again(outcome):
        section = seen.sections.get(hostname, {}).get(name)
        if section is not None and isinstance(section.data, shape):
            found.append((hostname, section.data))
    return found


def _confirmed(outcome: Outcome, seen: Seen, text: str) -> Judged | None:
    """`text`, where everybody who was asked again answered; else who did not."""
    asked = asked_again(outcome)
    silent = [
        hostname
        for hostname in asked
        if any(section.error for section in seen.sections.get(hostname, {}).values())
    ]
    if silent:
        return None, f"{_names(silent)}: no reply when asked again"
    return (True, text) if asked else None


def _facts(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in facts.items()) or "no limit"


def _tasks(tasks: list[Task], one: str = "", many: str = "") -> str:
    """The tasks by name or number, with a verb that fits."""
    if len(tasks) == 1:
        return f"{tasks[0].name or 'the task'} {tasks[0].id} {one}".strip()
    return f"{counted(len(tasks), 'task')} {many or one}".strip()


def _them(tasks: list[Task]) -> str:
    return agree(len(tasks), "it", "them")


def _names(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
