"""Gives a Python that has this folder on its PYTHONPATH a clock that is off by CLOCK_AHEAD."""

from __future__ import annotations

import os
import time

_right = time.time
_ahead = float(os.environ["CLOCK_AHEAD"])


def _time() -> float:
    return _right() + _ahead


time.time = _time
