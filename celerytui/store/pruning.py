"""Ids of tasks that somebody keeps, without those of tasks that are no longer held."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from celerytui.store.store import Store

AT_ONCE = 5_000
"""Ids that are looked at, or taken out, at one step: about a millisecond."""


class Pruning:
    """Takes the ids of evicted tasks out of one set, step by step, however large it is.

    Steps cost nothing while no task is evicted. Ids that are added meanwhile, or that a step of
    another round would have found, go in the round after.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._evicted = 0
        self._walk: Iterator[str] | None = None
        self._gone: list[str] = []

    def step(self, ids: set[str]) -> None:
        """Look at some of the ids; take out those found gone once all were looked at."""
        if self._walk is None and not self._gone:
            evicted = self._store.evicted
            if evicted == self._evicted or not ids:
                return
            self._evicted, self._walk = evicted, iter(ids)
        if self._walk is not None:
            try:
                chunk = list(islice(self._walk, AT_ONCE))
            except RuntimeError:  # ids came or went since the last step
                chunk, self._evicted = [], -1
            self._gone += self._store.live.gone(chunk)
            if len(chunk) == AT_ONCE:
                return
            self._walk = None
        ids.difference_update(self._gone[-AT_ONCE:])
        del self._gone[-AT_ONCE:]
