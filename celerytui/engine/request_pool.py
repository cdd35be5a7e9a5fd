"""Questions of the interface that wait for others: workers' sections, results, arguments.

Each is answered once, at the latest when its time is up. Few threads serve them all, and one that
is held up by a silent backend is replaced.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from celerytui.control import Control, Silences, survey_of
from celerytui.engine.action_executor import live_workers
from celerytui.model import Arguments, Blockage, Refusal, ResultMeta, Results, Section, TaskGroups
from celerytui.settings import Settings
from celerytui.store import Store

if TYPE_CHECKING:
    from celerytui.results import ResultLookup

T = TypeVar("T")

logger = logging.getLogger(__name__)

THREADS = 4
LATE_SECONDS = 12.0
"""A question's longest time; connections and most backends end by themselves before it."""
LATE_REPLIES = 4
"""As many times the user's own limit of a reply it is at least."""
OFFLINE = "not asked, only what was recorded is read"


class _Request(Struct, eq=False):
    """`late` makes the answer that stands for one that did not come in time."""

    ask: Callable[[], Any]
    late: Callable[[str], Any]
    give: Callable[[Any], None]
    began: float | None = None
    over: bool = False


class RequestPool:
    """Asks on threads of its own and calls back from them; every method returns at once.

    `import_results` is done before the result backend is asked, in the thread that asks.
    """

    def __init__(
        self,
        app: Any,
        settings: Settings,
        store: Store,
        tell: Callable[[], None],
        clock: Callable[[], float],
        silences: Silences,
        blocked: Callable[[], Blockage | None] = lambda: None,
    ) -> None:
        self._control = Control(
            app,
            read_only=True,
            timeout=settings.reply_timeout,
            clock=clock,
            silences=silences,
            blocked=blocked,
        )
        self._app = app
        self.import_results: Callable[[], None] = lambda: None
        self._offline = settings.offline
        self._longest = max(LATE_SECONDS, LATE_REPLIES * settings.reply_timeout)
        self._store = store
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._asked: list[_Request] = []
        self._threads = 0
        self._stopped = False
        self._wanted: dict[str, list[tuple[str, Callable[[Section], None]]]] = {}

    def inspect(self, hostname: str, section: str, done: Callable[[Section], None]) -> None:
        """Ask a worker for a section; what is wanted of one worker meanwhile goes out with it."""
        with self._lock:
            wanted = self._wanted.setdefault(hostname, [])
            wanted.append((section, done))
            if len(wanted) > 1:
                return

        def ask() -> dict[str, Section]:
            with self._lock:
                self._wanted.pop(hostname)
            if self._offline:
                return late(OFFLINE)
            return self._control.inspect(hostname, list(dict.fromkeys(name for name, _ in wanted)))

        def late(reason: str) -> dict[str, Section]:
            now = self._clock()
            return {name: Section(hostname, name, now, error=reason) for name, _ in wanted}

        def give(sections: dict[str, Section]) -> None:
            if not self._offline:
                self._learn(sections)
            for name, one in wanted:
                one(sections[name])

        self._submit(_Request(ask, late, give))

    def _learn(self, sections: Mapping[str, Section]) -> None:
        """Keep what a worker answered: whoever opens its page learns of the size of its pool."""
        for section in sections.values():
            self._store.inspections.take(section)
        stats = sections.get("stats")
        if stats is not None and stats.error is None:
            self._store.seed(survey_of({stats.hostname: {"stats": stats}}, stats.taken_at))

    def read_result(self, task_id: str, done: Callable[[ResultMeta], None]) -> None:
        """Read what the result backend holds of a task."""
        self._ask_cluster(
            _Request(
                lambda: self._lookup().read_result(task_id),
                lambda reason: ResultMeta(task_id, self._clock(), error=reason),
                done,
            )
        )

    def read_results(self, ids: Sequence[str], done: Callable[[Results], None]) -> None:
        """Read what the result backend holds of some tasks."""
        self._ask_cluster(
            _Request(
                lambda: self._lookup().read_results(ids),
                lambda reason: Results(error=reason),
                done,
            )
        )

    def read_groups(
        self, task_id: str, parent_id: str | None, done: Callable[[TaskGroups], None]
    ) -> None:
        """Read in which groups the result backend has a task or its parent, and who is in them."""

        def unknown(ids: Sequence[str]) -> list[str]:
            held = self._store.tasks(ids)
            return [one for one, task in zip(ids, held, strict=True) if task is None]

        self._ask_cluster(
            _Request(
                lambda: self._lookup().read_groups(
                    task_id, parent_id, unknown, self._store.live.near
                ),
                lambda reason: TaskGroups(task_id, self._clock(), error=reason),
                done,
            )
        )

    def find_arguments(self, task_id: str, done: Callable[[Arguments | Refusal], None]) -> None:
        """Find a task's real arguments."""
        self._ask_cluster(
            _Request(
                lambda: self._control.find_arguments(
                    task_id, self._store.task(task_id), live_workers(self._store)
                ),
                Refusal,
                done,
            )
        )

    def call(
        self, ask: Callable[[], T], late: Callable[[str], T], done: Callable[[T], None]
    ) -> None:
        """Ask anything else that waits for others, the cluster apart.

        `late` is given the reason for no answer.
        """
        self._submit(_Request(ask, late, done))

    def give_up_late(self) -> None:
        """Answer those whose time is up; to be called about once a second."""
        now = time.monotonic()
        with self._lock:
            late = [one for one in self._asked if now - (one.began or now) > self._longest]
            for question in late:
                question.over = True
                self._asked.remove(question)
                # Its thread hangs: it counts no more, and ends when it is freed.
                self._threads -= 1
            self._need_threads()
        for question in late:
            self._give(question, question.late(f"no reply within {self._longest:g} s"))

    def stop(self) -> None:
        """End the threads that wait for nothing; returns at once."""
        self._control.close()
        with self._lock:
            self._stopped = True
            for _ in range(self._threads):
                self._queue.put(None)

    def _lookup(self) -> ResultLookup:
        # The first frame does not wait for them.
        self.import_results()
        from celerytui.results import ResultLookup

        return ResultLookup(self._app, self._clock)

    def _ask_cluster(self, question: _Request) -> None:
        """Submit what the broker, a worker or the result backend is to answer."""
        if self._offline:
            late = question.late
            question.ask = lambda: late(OFFLINE)
        self._submit(question)

    def _submit(self, question: _Request) -> None:
        with self._lock:
            self._queue.put(question)
            self._need_threads()

    def _need_threads(self) -> None:
        """Have a thread for what waits, up to their number; under the lock."""
        if self._stopped or self._queue.empty() or self._threads >= THREADS:
            return
        if self._threads > len(self._asked):
            return
        self._threads += 1
        threading.Thread(target=self._run, name="celerytui-question", daemon=True).start()

    def _run(self) -> None:
        while (question := self._queue.get()) is not None:
            with self._lock:
                question.began = time.monotonic()
                self._asked.append(question)
                self._need_threads()
            try:
                answer = question.ask()
            except Exception as error:
                logger.exception("a question failed")
                answer = question.late(f"{type(error).__name__}, see --log-file")
            with self._lock:
                if question.over:
                    return
                question.over = True
                self._asked.remove(question)
            self._give(question, answer)

    def _give(self, question: _Request, answer: Any) -> None:
        try:
            question.give(answer)
        except Exception:
            logger.exception("an answer was not taken")
        self._tell()
