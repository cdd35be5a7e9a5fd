"""Looks up in the result backend how tasks ended whose end was not seen."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from celerytui.engine.request_pool import RequestPool
from celerytui.iso_time import epoch
from celerytui.model import ResultMeta, Results
from celerytui.store import Store, TaskOutcome

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""Results that are read in one round."""
PAUSE, LONGEST_PAUSE = 10.0, 600.0
"""A backend that fails is left alone for so long; the pause doubles each time."""


class OutcomeLookup:
    """Begins a round about once a second while missed tasks wait; `turn` returns at once."""

    def __init__(
        self,
        store: Store,
        requests: RequestPool,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settling = store.settling
        self._requests = requests
        self._monotonic = monotonic
        self._busy = False
        self._absent = False
        self._failures = 0
        self._next = 0.0

    def turn(self) -> None:
        """Begin a round where one is due."""
        if self._busy or self._monotonic() < self._next:
            return
        ids = self._settling.missed(AT_ONCE)
        if ids and not self._absent:
            self._busy = True
            self._requests.read_results(ids, lambda results: self._take(ids, results))

    def _take(self, ids: Sequence[str], results: Results) -> None:
        self._settling.resolve([_outcome(meta) for meta in results.metas])
        left = list(ids[len(results.metas) :])
        if results.absent:
            logger.info("missed tasks are not looked up: %s", results.error)
            self._absent = True
        elif results.error is not None:
            # The one that failed comes last, so that it holds up no other.
            left = left[1:]
            self._settling.put_back(left)
            self._settling.put_last(ids[len(results.metas)])
            self._failures = 0 if results.metas else self._failures + 1
            pause = min(PAUSE * 2 ** min(self._failures, 10), LONGEST_PAUSE)
            self._next = self._monotonic() + pause
            logger.warning("no result read, again in %gs: %s", pause, results.error)
        else:
            self._failures = 0
            self._settling.put_back(left)
        self._busy = False


def _outcome(meta: ResultMeta) -> TaskOutcome:
    return TaskOutcome(
        meta.task_id, meta.status or "", meta.result, meta.traceback, epoch(meta.date_done)
    )
