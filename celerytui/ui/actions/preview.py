"""What an action will do to its targets, and what not, for the question before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from celerytui.columns import (
    cell_width,
    clean,
    format_count,
    format_id,
    pad,
    state_role,
    status_role,
)
from celerytui.control import Action, Scope
from celerytui.counts import counted
from celerytui.health.workers import LOST
from celerytui.model import Queue, Task, TaskState, Worker
from celerytui.ui.actions.twice import twice_lines
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.session import Session

NAMES = 6
WORKERS = 4
IDS = 3
UNREACHABLE = 3
ROWS = 12

_PLACES = {
    TaskState.SENT: "waiting in a queue",
    TaskState.RECEIVED: "waiting in a worker",
    TaskState.STARTED: "running",
    TaskState.RETRY: "waiting for a retry",
}


class Preview:
    """The lines of a question: what happens to what, and whom it cannot reach."""

    def __init__(
        self,
        session: Session,
        action: Action,
        targets: Sequence[str],
        params: Mapping[str, str],
    ) -> None:
        self.session = session
        self.action = action
        self.targets = targets
        self.params = params

    def lines(self, *, all_ids: bool = False) -> list[Spans]:
        """What happens to each kind of target."""
        if self.action.scope is Scope.TASK:
            return self._tasks(all_ids)
        help_: list[Spans] = [[(f"  {self.action.help}", "muted")]] if self.action.help else []
        if self.action.scope is Scope.WORKER:
            return [*self._workers(), *([[]] if help_ else []), *help_]
        if self.action.scope is Scope.QUEUE:
            return [*self._queues(), *([[]] if help_ else []), *help_]
        return [*([(f"  {clean(one, limit=80)}", "text")] for one in self.targets[:ROWS]), *help_]

    def values(self) -> list[Spans]:
        """The parameters that were given before, as they will be sent."""
        given = [(param, self.params.get(param.name, "")) for param in self.action.params]
        shown: list[Spans] = [
            [(f"  {param.label.ljust(14)}", "muted"), (clean(text, limit=100), "strong")]
            for param, text in given
            if text
        ]
        return [[], *shown] if shown else []

    def reach(self) -> Spans:
        """Where it will be done, or to whom it will be sent and how long replies are awaited."""
        engine = self.session.engine
        reach = self.action.reach
        if reach is not None:
            link = "; " if reach.caution else ""
            return [(reach.where + link, "muted"), (reach.caution, "text")]
        live = sum(one.alive for one in engine.store.workers())
        number = len(self.targets) if self.action.scope is Scope.WORKER else live
        return [
            ("Will be sent to ", "muted"),
            (counted(number, "worker"), "text"),
            ("; waits ", "muted"),
            (f"{engine.settings.reply_timeout:g} s", "text"),
            (" for replies; logged", "muted"),
        ]

    # Tasks

    @cached_property
    def _held(self) -> list[Task]:
        """Those of the targets that are held, where they are tasks."""
        if self.action.scope is not Scope.TASK:
            return []
        return [task for task in self.session.engine.store.tasks(self.targets) if task is not None]

    @property
    def reached(self) -> int:
        """How many of the targets something is sent about."""
        effect = self.action.effect
        if effect is None:
            return len(self.targets)
        states = Counter(task.state for task in self._held)
        left_out = (n for state, n in states.items() if not effect(state, self.params).reaches)
        return len(self.targets) - sum(left_out)

    def _tasks(self, all_ids: bool) -> list[Spans]:
        tasks = self._held
        lines = [*self._by_state(tasks), [], *self._by_name(tasks)]
        lines += self._by_worker(tasks)
        gone = len(self.targets) - len(tasks)
        if gone:
            text = f"  {counted(gone, 'task is', 'tasks are')} no longer held; will be sent anyway"
            lines.append([(text, "muted")])
        if all_ids:
            lines += [[], *([("  " + clean(one, limit=64), "muted")] for one in self.targets)]
        twice = twice_lines(self.session, self.action, tasks)
        lines += [[], *twice] if twice else []
        return lines + self._warnings(self.session.engine.health.workers(), tasks)

    def _by_state(self, tasks: Sequence[Task]) -> list[Spans]:
        glyphs = self.session.glyphs
        lines: list[Spans] = []
        for state, count in sorted(Counter(task.state for task in tasks).items()):
            place = _PLACES.get(state, state.label)
            lines.append(
                [
                    (f"{glyphs.state(state)} ", state_role(state)),
                    (f"{count:>6,} ", "strong"),
                    (place.ljust(24), "text"),
                    self._effect(state),
                ]
            )
        return lines

    def _effect(self, state: TaskState) -> Span:
        if self.action.effect is None:
            return "", "muted"
        effect = self.action.effect(state, self.params)
        key = self.session.key_of(effect.instead) if effect.instead else ""
        remedy = f": {key} {effect.does}" if key else ""
        return effect.text + remedy, "warning" if effect.warns else "muted"

    def _by_name(self, tasks: Sequence[Task]) -> list[Spans]:
        groups: dict[tuple[str, str], list[Task]] = {}
        for task in tasks:
            groups.setdefault((task.name or "name not known", task.queue or ""), []).append(task)
        ranked = sorted(groups.items(), key=lambda item: -len(item[1]))
        lines: list[Spans] = []
        names = [clean(name, limit=48) for (name, _), _ in ranked[:NAMES]]
        queues = [clean(queue, limit=24) for (_, queue), _ in ranked[:NAMES]]
        widest, room = (max(map(cell_width, texts), default=0) for texts in (names, queues))
        for at, (_, members) in enumerate(ranked[:NAMES]):
            ids = "  ".join(format_id(task.id, ascii=self.session.ascii) for task in members[:IDS])
            more = f"  +{len(members) - IDS:,}" if len(members) > IDS else ""
            lines.append(
                [
                    (f"  {len(members):>6,} ", "strong"),
                    (pad(names[at], widest), "text"),
                    (f"  {pad(queues[at], room)}" if room else "", "muted"),
                    (f"  {ids}{more}", "muted"),
                ]
            )
        if len(ranked) > NAMES:
            rest = sum(len(members) for _, members in ranked[NAMES:])
            lines.append(
                [(f"  {rest:>6,} of {counted(len(ranked) - NAMES, 'more name')}", "muted")]
            )
        return lines

    def _by_worker(self, tasks: Sequence[Task]) -> list[Spans]:
        """Where those are that a worker has already."""
        held = (TaskState.RECEIVED, TaskState.STARTED)
        counts = Counter(task.worker for task in tasks if task.state in held and task.worker)
        if not counts:
            return []
        spans: list[Span] = [("  on     ", "muted")]
        for name, count in counts.most_common(WORKERS):
            number = f" {count:,}" if len(tasks) > 1 else ""
            spans += [(clean(name, limit=40), "text"), (f"{number}   ", "muted")]
        if len(counts) > WORKERS:
            spans.append((f"+{counted(len(counts) - WORKERS, 'worker')}", "muted"))
        return [spans]

    def _warnings(self, workers: Sequence[Worker], tasks: Sequence[Task]) -> list[Spans]:
        if self.action.reach is not None:
            return []
        lost = [worker.hostname for worker in workers if LOST.on(worker)]
        mark: Span = (f"{self.session.glyphs.warning}  ", "warning bold")
        lines: list[Spans] = [
            [mark, (f"{clean(name, limit=60)} is lost, will not receive this", "text")]
            for name in lost[:UNREACHABLE]
        ]
        more = len(lost) - UNREACHABLE
        if more > 0:
            lines.append(
                [
                    mark,
                    (
                        counted(
                            len(lost) - UNREACHABLE, "more worker is lost", "more workers are lost"
                        ),
                        "text",
                    ),
                ]
            )
        # Such a pool has all that its worker received, and looks at no revoke any more.
        heedless = {worker.hostname for worker in workers if worker.pool == "threads"}
        for name in sorted({task.worker or "" for task in tasks if _is_received(task)} & heedless):
            has = "has a threads pool: tasks it has received will still run"
            lines.append([mark, (f"{clean(name, limit=60)} {has}", "text")])
        if any(not task.state.finished and task.state is not TaskState.STARTED for task in tasks):
            lines.append(
                [mark, ("workers without --statedb forget revokes when they restart", "text")]
            )
        return [[], *lines] if lines else []

    # Workers and queues

    def _workers(self) -> list[Spans]:
        store, glyphs = self.session.engine.store, self.session.glyphs
        lines: list[Spans] = []
        for hostname in self.targets[:ROWS]:
            worker = store.worker(hostname)
            name = clean(hostname, limit=48)
            if worker is None:
                lines.append([(f"  {name}", "text"), ("   no longer known", "muted")])
                continue
            spans: list[Span] = [
                (f"{glyphs.alive if worker.alive else glyphs.lost} ", status_role(worker)),
                (name.ljust(24), "strong"),
            ]
            held = store.tasks_of(hostname)
            running = sum(task.state is TaskState.STARTED for task in held)
            busy = running if worker.running is None else worker.running
            spans += [(f"  {busy:>3,}", "strong" if busy else "muted"), (" running", "muted")]
            waiting = len(held) - running
            spans += [(f"  {waiting:>3,}", "strong" if waiting else "muted"), (" waiting", "muted")]
            if not worker.alive:
                spans.append((f"   {worker.status}: will not receive this", "warning"))
            lines.append(spans)
        if len(self.targets) > ROWS:
            lines.append([(f"  and {len(self.targets) - ROWS} more", "muted")])
        return lines

    def _queues(self) -> list[Spans]:
        known: dict[str, Queue] = {one.name: one for one in self.session.engine.store.queues()}
        effect = self.action.queue_effect
        lines: list[Spans] = []
        for name in self.targets[:ROWS]:
            queue = known.get(name)
            ready = None if queue is None else queue.ready
            kept = None if queue is None else queue.unacked
            what = "" if effect is None else effect(ready, self.params)
            lines.append(
                [
                    ("  ", "text"),
                    (clean(name, limit=40).ljust(20), "strong"),
                    (
                        f"  {format_count(ready, ascii=self.session.ascii)} ",
                        "failure bold" if ready else "strong",
                    ),
                    (clean(what, limit=120), "text"),
                ]
            )
            if kept and what:
                lines.append(
                    [(" " * 24 + f"{counted(kept, 'message')} held by workers will stay", "muted")]
                )
        return lines


def _is_received(task: Task) -> bool:
    return task.state is TaskState.RECEIVED
