"""The order in which the files begin, where several processes share them.

The tests of real brokers and workers mostly wait; those of units and of the interface reckon all
the time. Beside each other both go on at once, where one kind after the other would first leave the
processors idle and then want more than there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

WAITING: Final = {"e2e", "integration"}
"""The folders of tests that mostly wait."""

LONGEST: Final = (
    "integration/test_on_the_wire.py",
    "integration/test_control.py",
    "integration/test_worker_lives.py",
    "integration/test_settling.py",
    "integration/test_engine.py",
    "integration/test_broker_watch.py",
    "integration/test_schedule.py",
    "integration/test_faults.py",
    "integration/test_actions_bulk.py",
)
"""What takes minutes begins first: at the end all but one process would wait for it."""

LATEST: Final = 0.8
"""The last file that waits begins when this part of those that reckon has begun."""


def places(files: Iterable[Path]) -> dict[Path, float]:
    """Where in the order each file begins, from 0 to 1."""
    found = list(dict.fromkeys(files))
    waiting = [file for file in found if file.parent.name in WAITING]
    reckoning = [file for file in found if file not in waiting]
    waiting.sort(key=_length)
    return _spread(waiting, LATEST) | _spread(reckoning, 1.0)


def _spread(files: Sequence[Path], end: float) -> dict[Path, float]:
    return {file: end * place / len(files) for place, file in enumerate(files)}


def _length(file: Path) -> int:
    name = "/".join(file.parts[-2:])
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
