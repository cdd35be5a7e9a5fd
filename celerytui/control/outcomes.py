"""How tasks ended, read from the result backend for many of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from celerytui.control.backend import read_result
from celerytui.masking import one_line
from celerytui.model import ResultMeta
from celerytui.wire.result_backend import NoBackend, open_backend

LONGEST_ROUND = 5.0
"""Seconds after which no further result is begun to be read."""


class Results(Struct, frozen=True):
    """What was read until the first failure or the time limit; `error` says what failed.

    `absent` is True where there is no backend that could be asked at all.
    """

    metas: tuple[ResultMeta, ...] = ()
    error: str | None = None
    absent: bool = False


def read_results(app: Any, ids: Sequence[str], now: float) -> Results:
    """What the backend holds of these tasks; raises nothing."""
    end = time.monotonic() + LONGEST_ROUND
    try:
        open_backend(app)
    except NoBackend as none:
        return Results(error=str(none), absent=True)
    except Exception as exc:
        return Results(error=one_line(exc))
    metas: list[ResultMeta] = []
    for task_id in ids:
        meta = read_result(app, task_id, now)
        if meta.error is not None:
            return Results(tuple(metas), meta.error)
        metas.append(meta)
        if time.monotonic() > end:
            break
    return Results(tuple(metas))
