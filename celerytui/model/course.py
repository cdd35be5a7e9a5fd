"""How figures of the whole cluster went over a time."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

from celerytui.model.statistics import Quantiles

Value = TypeVar("Value", float, Quantiles)


class Series(Struct, Generic[Value], frozen=True):
    """Values of slots of `width` seconds each, the first from Unix `start` on; None is no data."""

    start: float
    width: float
    values: tuple[Value | None, ...]


class Course(Struct, frozen=True, kw_only=True):
    """The course of a window, up to now.

    The first four are runs that ended so in a second: `done` succeeded or failed, `stopped` were
    revoked, rejected or cancelled. `queued` are the messages in the queues that were read,
    `running` the started tasks, both as means. `runtime` is of the runs that succeeded, `wait` of
    all that started.
    """

    done: Series[float]
    failed: Series[float]
    retried: Series[float]
    stopped: Series[float]
    queued: Series[float]
    running: Series[float]
    runtime: Series[Quantiles]
    wait: Series[Quantiles]
