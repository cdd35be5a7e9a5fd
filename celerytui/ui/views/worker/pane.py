"""A panel of the view of one worker."""

from __future__ import annotations

from typing import Any, ClassVar

from celerytui.columns import (
    clean,
    format_age,
)
from celerytui.control import Scope
from celerytui.model import Section, Worker
from celerytui.ui.draw.spans import Spans
from celerytui.ui.panes.pane import Pane


class WorkerPane(Pane):
    """A pane of the view of one worker."""

    KEYS: ClassVar[tuple[str, ...]] = ("worker",)
    SECTIONS: ClassVar[tuple[str, ...]] = ()
    """What is asked of the worker as soon as the pane is shown."""

    @property
    def hostname(self) -> str:
        """The worker that is shown."""
        return self.session.worker or ""

    @property
    def worker(self) -> Worker | None:
        """What is known of it, with its alerts."""
        return self.session.glance.workers.get(self.hostname)

    def answer(self, name: str) -> Section | None:
        """What the worker answered, None while it is asked."""
        return self.session.answers.get(name)

    def data(self, name: str, kind: type[Any]) -> Any:
        """What it answered where that has the right shape, else an empty one."""
        answer = self.answer(name)
        good = answer is not None and isinstance(answer.data, kind)
        return answer.data if answer is not None and good else kind()

    def age(self, *names: str) -> Spans:
        """How old the answers are, or that there is none."""
        answers = [answer for name in names if (answer := self.answer(name)) is not None]
        if len(answers) < len(names):
            return [("asking", "muted")]
        error = next((answer.error for answer in answers if answer.error is not None), None)
        oldest = min(answer.taken_at for answer in answers)
        age = format_age(max(0.0, self.session.engine.clock() - oldest))
        if error is None:
            return [(age, "muted")]
        if all(answer.data is None for answer in answers):
            return [(clean(error, limit=80), "warning")]
        return [(clean(error, limit=80), "warning"), (f", as of {age}", "muted")]

    def targets(self, scope: Scope) -> list[str]:
        return [self.hostname] if scope is Scope.WORKER and self.hostname else []

    def paint(self) -> None:
        if self.SECTIONS and self.session.worker and self.is_attached and self.display:
            self.want(*self.SECTIONS)
        super().paint()

    def want(self, *names: str) -> None:
        """Have the worker asked for these sections."""
        worker = self.worker
        # Of several processes with one name any may reply.
        process = None if worker is None or len(worker.pids) > 1 else worker.pid
        self.session.answers.want(self.hostname, names, process)
