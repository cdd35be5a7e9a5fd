"""The store's one lock."""

from __future__ import annotations

import threading
from types import TracebackType


class FairLock:
    """A lock that whoever released it cannot take again ahead of a thread already waiting.

    With a plain lock a writer that takes it slice after slice starves the readers for as long as
    a storm lasts: the woken reader finds it taken again.
    """

    __slots__ = ("_inner", "_turn")

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._inner = threading.Lock()

    def __enter__(self) -> None:
        with self._turn:
            self._inner.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inner.release()
