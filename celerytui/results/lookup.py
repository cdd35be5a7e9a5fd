"""What the app's result backend holds of single tasks, for a pane and for missed ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from celerytui.connect import loaded
from celerytui.masking import mask, one_line
from celerytui.model import ResultMeta, Results, StoredResult, id_value
from celerytui.results.registry import open_source
from celerytui.results.rows import as_task
from celerytui.results.source import NoResults, Source

LONGEST_ROUND = 5.0
"""Seconds after which no further result is begun to be read."""
MAX_CHILDREN = 200


class ResultLookup:
    """Opens the backend for each question, and closes it; for any thread."""

    def __init__(self, app: Any, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock

    def read_result(self, task_id: str) -> ResultMeta:
        """What is kept of a task; raises nothing."""
        results = self.read_results([task_id])
        if results.metas:
            return results.metas[0]
        return ResultMeta(task_id, self._clock(), error=results.error)

    def read_results(self, ids: Sequence[str]) -> Results:
        """What is kept of some tasks, as far as it gets; raises nothing."""
        end = time.monotonic() + LONGEST_ROUND
        metas: list[ResultMeta] = []
        source: Source | None = None
        try:
            source = open_source(loaded(self._app))
            for task_id in ids:
                meta = _meta(task_id, source.one(str(id_value(task_id))), self._clock())
                if meta.error is not None:
                    return Results(tuple(metas), meta.error)
                metas.append(meta)
                if time.monotonic() > end:
                    break
        except NoResults as none:
            return Results(error=str(none), absent=True)
        except Exception as error:
            return Results(tuple(metas), one_line(error))
        finally:
            if source is not None:
                source.close()
        return Results(tuple(metas))


def _meta(task_id: str, found: StoredResult | None, now: float) -> ResultMeta:
    if found is None:
        return ResultMeta(task_id, now, status="PENDING")
    if found.flaw is not None:
        return ResultMeta(task_id, now, error=found.flaw)
    task = as_task(found)
    done = found.finished
    return ResultMeta(
        task_id,
        now,
        status=found.state,
        result=found.exception if found.exception is not None else mask(repr(found.result)),
        traceback=found.traceback,
        date_done=None if done is None else datetime.fromtimestamp(done, timezone.utc).isoformat(),
        children=(found.children or ())[:MAX_CHILDREN],
        name=found.name,
        args=task.args,
        kwargs=task.kwargs,
        worker=found.worker,
        retries=found.retries,
        queue=found.queue,
    )
