"""Past tasks from the app's result backend."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.connect import loaded
from celerytui.engine.past_source import PastPage, PastQuestion
from celerytui.model import Task
from celerytui.results import Page, Source, as_task, open_source, wanted
from celerytui.store import FROM_RESULTS
from celerytui.wire.decode import cut_middle

PAGE = 250
LOOK_AT = 50_000
"""Results that one request looks at for those that match the filter."""
LOOK_AT_UNORDERED = 20_000
"""The same where they have no order: they are needed all."""
TEXT_LIMIT = 1_024
TRACEBACK_LIMIT = 16_384


class ResultsSource:
    """A `PastSource` on the result backend, whose pages go on where they were left."""

    source = FROM_RESULTS

    def __init__(self, asked: PastQuestion) -> None:
        self._asked = asked
        self._wanted = wanted(asked.filter, asked.now)
        self._source: Source | None = None
        self._pages: Iterator[Page] = iter(())

    @property
    def name(self) -> str:
        """The backend's own name, once it is known which it is."""
        return "the result backend" if self._source is None else self._source.name

    @property
    def ordered(self) -> bool:
        """Whether the newest results come first."""
        return self._source is None or self._source.ordered

    @property
    def looks_at(self) -> int:
        """How many results are looked at for one request."""
        return LOOK_AT if self.ordered else LOOK_AT_UNORDERED

    def pages(self) -> Iterator[PastPage]:
        """See `PastSource.pages`."""
        if self._source is None:
            self._source = open_source(loaded(self._asked.app))
            self._pages = self._source.pages(self._wanted, PAGE)
        return map(self._page, self._pages)

    def interrupt(self) -> None:
        """Each of its questions ends by itself."""

    def close(self) -> None:
        """See `PastSource.close`."""
        if self._source is not None:
            self._source.close()

    def _page(self, page: Page) -> PastPage:
        admitted = [one for one in page.results if self._wanted.admits(one)]
        tasks = [_bounded(as_task(one)) for one in admitted]
        ended = [task for task in tasks if task.state.finished and task.finished is not None]
        kept = [task for task in ended if len(task.id) <= TEXT_LIMIT]
        flawed = sum(one.flaw is not None for one in admitted) + len(ended) - len(kept)
        return PastPage(kept, page.looked_at, len(tasks) - len(ended), flawed)


def open_past(asked: PastQuestion) -> ResultsSource | None:
    """The result backend, unless nothing of the cluster is to be touched."""
    return None if asked.history.offline else ResultsSource(asked)


def _bounded(task: Task) -> Task:
    """The task with its texts as long as events have them: `r` reads the whole result."""
    for name in ("name", "worker", "queue", "args", "kwargs", "result"):
        text = getattr(task, name)
        if text is not None and len(text) > TEXT_LIMIT:
            setattr(task, name, cut_middle(text, TEXT_LIMIT))
    if task.parent_id is not None and len(task.parent_id) > TEXT_LIMIT:
        task.lineage = None
    extra = task.extra
    if extra is not None:
        if extra.exception is not None:
            extra.exception = cut_middle(extra.exception, TEXT_LIMIT)
        if extra.traceback is not None:
            extra.traceback = cut_middle(extra.traceback, TRACEBACK_LIMIT)
    return task
