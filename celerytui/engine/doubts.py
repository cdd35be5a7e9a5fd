"""Asks workers about what cannot be so, each alone and seldom, and has the answers settle it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from celerytui.control import Answer, Control, Question
from celerytui.errors import CelerytuiError
from celerytui.store import Store

ASK_SECONDS = 0.5
AT_ONCE = 10
"""So many workers are asked in `ASK_SECONDS` at the most: 20 a second."""
PAUSE, LONGEST_PAUSE = 10.0, 600.0
"""No worker is asked again sooner; the pause doubles while it is silent or nothing comes of it."""
LAG_TOLERATED = 2.0
"""Seconds by which events may be late: beyond, what is missing may be on its way."""


class _Host(Struct):
    """When a worker may be asked again, and how often in vain.

    `waiting` are tasks that it did not name but may hold back for a rate limit.
    """

    next: float = 0.0
    vain: int = 0
    silent: int = 0
    waiting: tuple[str, ...] = ()


class Doubts:
    """Puts the questions that the store's contradictions ask for; for the control thread."""

    def __init__(
        self,
        control: Control,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control = control
        self._store = store
        self._settling = store.settling
        self._clock = clock
        self._monotonic = monotonic
        self._hosts: dict[str, _Host] = {}
        self._asked_at = float("-inf")

    def step(self) -> None:
        """Ask those that are due; there is a connection, and no gap is open."""
        now = self._monotonic()
        doubts = self._settling.doubts()
        self._hosts = {
            name: host for name, host in self._hosts.items() if name in doubts or now < host.next
        }
        if not doubts or now - self._asked_at < ASK_SECONDS:
            return
        if (self._store.summary(self._clock()).lag or 0.0) > LAG_TOLERATED:
            return
        due = [name for name in doubts if self._known(name).next <= now]
        due.sort(key=lambda name: self._hosts[name].next)
        questions = {name: self._question(name, doubts[name]) for name in due[:AT_ONCE]}
        if questions:
            self._asked_at = now
            self._ask(questions)

    def _known(self, hostname: str) -> _Host:
        return self._hosts.setdefault(hostname, _Host())

    def _question(self, hostname: str, ids: tuple[str, ...]) -> Question:
        host = self._hosts[hostname]
        if host.waiting:
            return Question("limits", host.waiting)
        return Question("tasks", ids, silent=host.silent % 2 == 1)

    def _ask(self, questions: dict[str, Question]) -> None:
        asked_at = self._clock()
        answers: dict[str, Answer] = {}
        # That the broker is gone tells the link; these are then asked later.
        with suppress(CelerytuiError):
            answers = self._control.ask_for_tasks(questions)
        now = self._monotonic()
        for hostname, question in questions.items():
            host = self._known(hostname)
            answer = answers.get(hostname)
            if answer is None:
                host.silent += 1
                host.waiting = ()
            else:
                host.silent = 0
                self._take(hostname, host, question, answer, asked_at)
            host.next = now + min(PAUSE * 2 ** min(host.silent + host.vain, 10), LONGEST_PAUSE)

    def _take(
        self, hostname: str, host: _Host, question: Question, answer: Answer, at: float
    ) -> None:
        waiting, host.waiting = host.waiting, ()
        host.vain = host.vain + 1 if not question.ids else 0
        if question.kind == "limits":
            limited = self._limited(waiting, answer)
            self._settling.held_back(limited, at)
            self._settling.not_held(hostname, [id for id in waiting if id not in limited], at)
            return
        absent = self._settling.answered(hostname, question.ids, answer.found, at)
        if answer.only_running:
            self._settling.held_back(absent, at)
        else:
            host.waiting = tuple(absent)

    def _limited(self, ids: Sequence[str], answer: Answer) -> list[str]:
        """Those that may wait for a rate limit: their type has one, or is not known."""
        held = zip(ids, self._store.tasks(list(ids)), strict=True)
        return [
            task_id
            for task_id, task in held
            if task is None or task.name is None or task.name in answer.limited
        ]
