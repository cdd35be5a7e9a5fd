"""The stores that most tests look at, each built once and given out anew.

To live through the sample takes ten times as long as to read it back.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Callable
from functools import cache
from itertools import count
from types import FunctionType
from typing import Any

from celerytui.demo import sample
from celerytui.model import OWN_ROOT
from celerytui.store import Store
from tests.ui import large_cluster

LOCK = type(threading.Lock())


def nameless(function: FunctionType) -> bool:
    """Whether pickle cannot find it by its name; one that knows a store cannot serve another."""
    if "<lambda>" not in function.__qualname__:
        return False
    assert function.__closure__ is None, function
    return True


class _Keeper(pickle.Pickler):
    """Pickles a store: its locks and counts by what makes them anew, what is shared as it is."""

    def __init__(self, file: io.BytesIO, shared: dict[int, object]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._shared = shared

    def persistent_id(self, obj: Any) -> tuple[str, int, str] | None:
        if isinstance(obj, LOCK):
            return "lock", id(obj), ""
        if isinstance(obj, count):
            return "count", id(obj), repr(obj)
        if obj is OWN_ROOT or (isinstance(obj, FunctionType) and nameless(obj)):
            self._shared[id(obj)] = obj
            return "shared", id(obj), ""
        return None


class _Reader(pickle.Unpickler):
    """Reads what was kept; what stands in several places is one thing in all of them."""

    def __init__(self, kept: bytes, shared: dict[int, object]) -> None:
        super().__init__(io.BytesIO(kept))
        self._made = dict(shared)

    def persistent_load(self, pid: tuple[str, int, str]) -> object:
        kind, place, text = pid
        if place not in self._made:
            number = text.removeprefix("count(").removesuffix(")")
            self._made[place] = threading.Lock() if kind == "lock" else count(int(number))
        return self._made[place]


@cache
def _kept(build: Callable[[], Store]) -> tuple[bytes, dict[int, object]]:
    file, shared = io.BytesIO(), dict[int, object]()
    _Keeper(file, shared).dump(build())
    return file.getvalue(), shared


def _given(build: Callable[[], Store]) -> Store:
    store = _Reader(*_kept(build)).load()
    assert isinstance(store, Store)
    return store


def sample_store() -> Store:
    """A store that has lived through the demo's sample, nobody else's."""
    return _given(sample.sample_store)


def large_store() -> Store:
    """A store of `large_cluster`, nobody else's."""
    return _given(large_cluster.large_store)
