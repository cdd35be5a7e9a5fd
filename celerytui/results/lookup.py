"""What the app's result backend holds of single tasks, for a pane and for missed ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from celerytui.connect import loaded
from celerytui.errors import BackendUnavailable
from celerytui.masking import masked_repr, one_line
from celerytui.model import (
    ResultMeta,
    Results,
    StoredGroup,
    StoredResult,
    Task,
    TaskGroups,
    id_value,
)
from celerytui.results.groups import GroupSearch, Near, membership
from celerytui.results.meta import FAILED, UNKNOWN
from celerytui.results.registry import open_source
from celerytui.results.rows import as_task, result_text
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
        results = self.read_results([task_id], groups=True)
        if results.metas:
            return results.metas[0]
        return ResultMeta(task_id, self._clock(), error=results.error)

    def read_results(self, ids: Sequence[str], *, groups: bool = False) -> Results:
        """What is kept of some tasks, with their `groups` or not, as far as it gets.

        Raises nothing.
        """
        end = time.monotonic() + LONGEST_ROUND
        metas: list[ResultMeta] = []
        source: Source | None = None
        try:
            source = open_source(loaded(self._app))
            for task_id in ids:
                found = source.one(str(id_value(task_id)))
                group = _group(source, found) if groups else None
                metas.append(_meta(task_id, found, group, self._clock()))
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

    def read_groups(
        self,
        task_id: str,
        parent_id: str | None,
        unknown: Callable[[Sequence[str]], list[str]],
        near: Near = lambda _id, _distance: [],
    ) -> TaskGroups:
        """The groups that a task or its parent is in, and those that they sent; raises nothing.

        Of their members those are read that are `unknown` otherwise. Where only results name a
        group, it is looked for members among the tasks that arrived `near` the one that is known.
        """
        results: tuple[Task, ...] = ()
        source: Source | None = None
        error: str | None = None
        search = GroupSearch(task_id, parent_id)
        try:
            source = open_source(loaded(self._app))
            search.find(source)
            search.find_others(source, near)
            results = search.results(source, unknown)
        except NoResults:
            return TaskGroups(task_id, self._clock(), absent=True)
        except Exception as failure:
            error = one_line(failure)
        finally:
            if source is not None:
                source.close()
        return TaskGroups(task_id, self._clock(), search.groups, results, error)


def _group(source: Source, found: StoredResult | None) -> StoredGroup | None:
    """The group of a result: at least its id, where the result or a saved group has it."""
    if found is None:
        return None
    group_id = found.group_id
    try:
        group_id = group_id or membership(source, [found.id]).get(found.id)
        if group_id is None:
            return None
        return source.group(group_id) or StoredGroup(group_id, ())
    except BackendUnavailable as error:
        # Its table may be one that this user must not read: the result is there all the same.
        return StoredGroup(group_id or "", (), flaw=one_line(error))


def _meta(
    task_id: str, found: StoredResult | None, group: StoredGroup | None, now: float
) -> ResultMeta:
    if found is None:
        return ResultMeta(task_id, now, status="PENDING")
    task = as_task(found)
    done = found.finished
    return ResultMeta(
        task_id,
        now,
        status=None if found.state == UNKNOWN else found.state,
        result=found.exception if found.state in FAILED else result_text(found),
        traceback=found.traceback,
        date_done=None if done is None else datetime.fromtimestamp(done, timezone.utc).isoformat(),
        children=(found.children or ())[:MAX_CHILDREN],
        name=found.name,
        args=task.args,
        kwargs=task.kwargs,
        worker=found.worker,
        retries=found.retries,
        queue=found.queue,
        parent_id=found.parent_id,
        group=group,
        meta=None if found.meta is None else masked_repr(found.meta),
        flaw=found.flaw,
    )
