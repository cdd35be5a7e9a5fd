"""What the rest of the program does to workers, all through one gate."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from celerytui.control.action import NO_TASKS, Action, Call, Result, unwatched
from celerytui.control.arguments import find_arguments
from celerytui.control.beats import ping_beats
from celerytui.control.doubts import Answer, Question, ask_for_tasks
from celerytui.control.inspection import inspect
from celerytui.control.lookback import Seen, asked_again, finding
from celerytui.control.params import texts_and_values
from celerytui.control.pidbox import Pidbox
from celerytui.control.questions import Silences
from celerytui.control.registry import ERRORS, action
from celerytui.control.replies import explained
from celerytui.control.schedule import Entries
from celerytui.control.survey import SURVEY_SECTIONS, survey_of, take_survey
from celerytui.control.workers import DISABLE_EVENTS, ENABLE_EVENTS
from celerytui.errors import CelerytuiError, Offline, ReadOnly
from celerytui.masking import one_line
from celerytui.model import (
    Arguments,
    Blockage,
    Finding,
    Outcome,
    Refusal,
    Section,
    Survey,
    Task,
    Worker,
)

logger = logging.getLogger(__name__)

MAX_LEFT = 1_000
"""Reply queues that conversations left which were cut off: as many are remembered."""


def _never() -> bool:
    return False


def _no_schedule() -> None:
    return None


def _open() -> Blockage | None:
    return None


class Control:
    """Asks workers and changes them; for one thread, every wait bounded.

    Each call has a connection of its own to the broker, so one that was lost meanwhile, or that
    the broker closed for its silence, is never met. `timeout` is how many seconds without any
    reply count as no answer, `silences` is shared by those that ask the same workers. While the
    broker is `blocked`, no worker is asked anything: the reason stands where the answer would. What
    changes workers is still sent to a broker that takes it and refuses only the replies.
    `entries` is the schedule, whose changes do not go by the broker. One that is `offline` refuses
    everything.
    """

    def __init__(
        self,
        app: Any,
        *,
        read_only: bool,
        timeout: float = 1.0,
        clock: Callable[[], float] = time.time,
        silences: Silences | None = None,
        blocked: Callable[[], Blockage | None] = _open,
        entries: Callable[[], Entries | None] = _no_schedule,
        offline: bool = False,
    ) -> None:
        self._offline = offline
        self._blocked = blocked
        self._entries = entries
        self._silences = Silences() if silences is None else silences
        self._app = app
        self._read_only = read_only
        self._timeout = timeout
        self._clock = clock
        self._stopped = threading.Event()
        self._left: deque[str] = deque(maxlen=MAX_LEFT)

    def perform(
        self,
        action_id: str,
        targets: Sequence[str],
        params: Mapping[str, str],
        workers: Sequence[str],
        *,
        cancelled: Callable[[], bool] = _never,
        progress: Callable[[int, int, str], None] = unwatched,
        tasks: Mapping[str, Task] = NO_TASKS,
    ) -> Outcome:
        """Do an action to its targets; `workers` are the hostnames that should answer.

        What goes wrong on the way stands in the outcome. Raises ReadOnly, Offline, and UsageError
        for an action or a parameter that does not exist or is wrong. `cancelled` and `progress` are
        called between steps, `tasks` is what is held of the targets.
        """
        return self._do(action(action_id), targets, params, workers, cancelled, progress, tasks)

    def inspect(self, hostname: str, sections: Sequence[str]) -> dict[str, Section]:
        """What a worker says of itself, each of SECTIONS by its name, from one conversation.

        What went wrong stands in the sections; raises nothing.
        """
        with self._pidbox() as pidbox:
            return inspect(pidbox, [hostname], sections, self._clock(), self._silences)[hostname]

    def look_back(
        self,
        outcome: Outcome,
        tasks: Mapping[str, Task],
        workers: Sequence[Worker],
        learn: Callable[[Survey, Sequence[str]], None] = lambda survey, sections: None,
    ) -> Finding | None:
        """What came of an outcome, asking its workers again; None where there is nothing to say.

        What they answer is given to `learn` too, with the sections that a survey asks as well.
        """
        look = action(outcome.action).look
        if look is None:
            return None
        sections: dict[str, dict[str, Section]] = {}
        if look.sections:
            now = self._clock()
            with self._pidbox() as pidbox:
                asked = asked_again(outcome)
                sections = inspect(pidbox, asked, look.sections, now, self._silences)
            if told := [name for name in look.sections if name in SURVEY_SECTIONS]:
                learn(survey_of(sections, now), told)
        known = {worker.hostname: worker for worker in workers}
        entries = self._entries()
        seen = Seen(self._clock(), tasks, known, sections)
        if entries is not None:
            seen = replace(seen, entry=entries.reread, came_of=entries.came_of)
        return finding(look, outcome, seen)

    def ask_for_tasks(self, questions: Mapping[str, Question]) -> dict[str, Answer]:
        """Ask each worker its question, each alone; who is silent has no answer.

        Raises BrokerUnavailable.
        """
        with self._pidbox() as pidbox:
            return ask_for_tasks(pidbox, questions, self._silences)

    def find_arguments(
        self, task_id: str, task: Task | None, workers: Sequence[str]
    ) -> Arguments | Refusal:
        """The real arguments of a task, `task` being what is held of it; raises nothing."""
        held = {} if task is None else {task_id: task}
        with self._pidbox() as pidbox:
            return find_arguments(self._app, pidbox, [task_id], held, workers)[task_id]

    def survey(
        self,
        workers: Sequence[str] = (),
        *,
        expected: Sequence[str] = (),
        sections: Sequence[str] = SURVEY_SECTIONS,
    ) -> Survey:
        """Ask `workers` (returns once all have answered), else everybody, what they do.

        `expected` are hostnames that should be among everybody, `sections` some of
        SURVEY_SECTIONS. Raises BrokerUnavailable.
        """
        with self._pidbox() as pidbox:
            return take_survey(pidbox, workers, expected, sections, self._clock(), self._silences)

    def ping(self, workers: Sequence[str]) -> set[str]:
        """Ask these whether they are there; those that answered. Raises BrokerUnavailable."""
        with self._pidbox() as pidbox:
            return set(pidbox.ask("ping", {}, workers)).intersection(workers)

    def ping_beats(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ask beats for a sign of life: those that answered, and those that are bound and did not.

        A broker that tells who is bound is asked for that first; with another one everybody is
        asked, and only where the app turns beat's remote control on. Raises BrokerUnavailable.
        """
        with self._pidbox() as pidbox:
            return ping_beats(pidbox, self._app.conf)

    def enable_events(self, workers: Sequence[str]) -> Outcome:
        """Turn task events on; `switches` reads the outcome. Raises ReadOnly."""
        return self._do(ENABLE_EVENTS, workers, {}, workers)

    def disable_events(self, workers: Sequence[str]) -> Outcome:
        """Turn task events off, with an outcome as that of `enable_events`."""
        return self._do(DISABLE_EVENTS, workers, {}, workers)

    def close(self) -> None:
        """End a call that is in progress; may come from another thread, returns at once."""
        self._stopped.set()

    def _do(
        self,
        chosen: Action,
        targets: Sequence[str],
        params: Mapping[str, str],
        workers: Sequence[str],
        cancelled: Callable[[], bool] = _never,
        progress: Callable[[int, int, str], None] = unwatched,
        tasks: Mapping[str, Task] = NO_TASKS,
    ) -> Outcome:
        """The one gate that every change of the cluster goes through."""
        if self._offline:
            raise Offline(f"{chosen.label}: not done, only what was recorded is read")
        if self._read_only and chosen.changes:
            raise ReadOnly(f"{chosen.label}: not in read-only mode")
        texts, values = texts_and_values(chosen, params)
        started_at = self._clock()
        result = Result((), "nothing was chosen")
        if targets or not chosen.targeted:
            with self._pidbox(asks=False) as pidbox:
                result = self._run(
                    chosen,
                    Call(
                        app=self._app,
                        pidbox=pidbox,
                        targets=tuple(dict.fromkeys(targets)),
                        params=texts,
                        values=values,
                        workers=tuple(dict.fromkeys(workers)),
                        cancelled=lambda: cancelled() or self._stopped.is_set(),
                        progress=progress,
                        tasks=tasks,
                        entries=self._entries(),
                    ),
                )
        return self._outcome(chosen, targets, texts, started_at, result)

    def _outcome(
        self,
        chosen: Action,
        targets: Sequence[str],
        texts: Mapping[str, str],
        started_at: float,
        result: Result,
    ) -> Outcome:
        """What came of an action that ends now."""
        return Outcome(
            chosen.id,
            tuple(targets),
            result.replies,
            started_at,
            self._clock(),
            result.error,
            result.items,
            {name: text for name, text in texts.items() if text},
            dict(result.expected),
        )

    def _run(self, chosen: Action, call: Call) -> Result:
        try:
            return _explained(chosen.run(call))
        except CelerytuiError as exc:
            return Result((), str(exc))
        except Exception as exc:
            logger.exception("%s failed", chosen.id)
            return Result((), one_line(exc))

    @contextlib.contextmanager
    def _pidbox(self, *, asks: bool = True) -> Iterator[Pidbox]:
        blockage = self._blocked()
        closed = None
        if blockage is not None and (asks or blockage.silences):
            closed = blockage.text
        pidbox = Pidbox(self._app, self._timeout, self._stopped, closed, self._left)
        try:
            yield pidbox
        finally:
            pidbox.close()


def _explained(result: Result) -> Result:
    """The same, with what the replies mean where that is known."""
    replies = [replace(one, text=explained(one.text, ERRORS)) for one in result.replies]
    items = [
        replace(one, text=explained(one.text, ERRORS)) if one.ok is False else one
        for one in result.items
    ]
    return replace(result, replies=tuple(replies), items=tuple(items))
