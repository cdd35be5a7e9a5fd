"""One group of failures, and the row that is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from celerytui.model import Mark
from celerytui.store.failures.identity import Identity
from celerytui.store.failures.slices import Slices, Window
from celerytui.store.failures.traceback import Frame

MOST_VARIANTS = 20
MOST_WORKERS = 20
OTHERS = "(others)"
"""Stands for the variants, or workers, beyond those that are kept apart."""
TRACEBACK_KEPT = 8_192
"""Characters of an example's traceback that are kept, from its end."""

Standing = Literal["", "new", "again", "resolved"]
"""Whether a group came only after the last mark, or without one after the monitor had watched for a
while; came again after it was resolved; or did not."""


class Example(Struct, frozen=True):
    """The newest failure of a group; `member` is the task that made a chord fail."""

    task_id: str
    at: float
    worker: str | None
    message: str
    place: str
    exception: str | None
    traceback: str | None
    member: str | None = None


class Look(NamedTuple):
    """What a row depends on beside its group: it was made `at` that time."""

    window: Window
    standing: Standing
    mark: Mark | None
    at: float


class Group:
    """What is counted of one group; `gone` once it made room for another.

    `row` is the last one that was made of it, with what that depends on; None once it changed.
    """

    def __init__(self, identity: Identity, at: float) -> None:
        self.key = identity.key
        self.task = identity.task
        self.exception = identity.exception
        self.raised = identity.raised
        self.frames = identity.frames
        self.causes = identity.causes
        self.count = self.retried = 0
        self.first_seen = self.last_seen = at
        self.workers: dict[str, int] = {}
        self.variants: dict[str, int] = {}
        self.failed = Slices()
        self.tried_again = Slices()
        self.example: Example | None = None
        self.row: tuple[Look, FailureRow] | None = None
        self._ranked: tuple[tuple[str, int], ...] | None = None
        self.gone = False

    @property
    def ranked_workers(self) -> tuple[tuple[str, int], ...]:
        """The workers with their counts, the most frequent first."""
        if self._ranked is None:
            self._ranked = most_first(self.workers)
        return self._ranked

    def add(self, at: float, worker: str | None, shape: str, *, retry: bool) -> str:
        """Count a failure; gives the variant that it was counted under."""
        self.row = self._ranked = None
        if retry:
            self.retried += 1
        else:
            self.count += 1
        (self.tried_again if retry else self.failed).add(at)
        self.first_seen = min(self.first_seen, at)
        self.last_seen = max(self.last_seen, at)
        if worker:
            _count(self.workers, worker, MOST_WORKERS)
        return _count(self.variants, shape, MOST_VARIANTS)

    def take_back(self, at: float, worker: str | None, variant: str, *, retry: bool) -> None:
        """Count a failure no longer that turned out not to be one."""
        self.row = self._ranked = None
        if retry:
            self.retried -= 1
        else:
            self.count -= 1
        (self.tried_again if retry else self.failed).add(at, -1)
        _discount(self.variants, variant)
        if worker:
            _discount(self.workers, worker if worker in self.workers else OTHERS)


def _count(counts: dict[str, int], key: str, most: int) -> str:
    if key not in counts and len(counts) >= most:
        key = OTHERS
    counts[key] = counts.get(key, 0) + 1
    return key


def _discount(counts: dict[str, int], key: str) -> None:
    left = counts.get(key, 0) - 1
    if left > 0:
        counts[key] = left
    else:
        counts.pop(key, None)


class FailureRow(Struct, frozen=True):
    """A group as it is shown: what came in the `window`, and since the start.

    `failed` and `retried` are in the window, `count` and `retries` since the start, `slices` the
    failures by the slice of the window, the oldest first. `workers` come with their counts, the
    most frequent first. `since` is the text of the mark since which it is new, "" for none. Unless
    an exception was `raised`, none of them is a failed task. Times are by our clock.
    """

    key: str
    task: str
    exception: str
    message: str
    place: str
    window: Window
    failed: int
    retried: int
    count: int
    retries: int
    slices: Sequence[int]
    first_seen: float
    last_seen: float
    workers: tuple[tuple[str, int], ...]
    standing: Standing = ""
    since: str = ""
    raised: bool = True


class VariantRow(FailureRow, frozen=True, kw_only=True):
    """A line below a group: how many of its failures and retries, since the start, had `text`.

    `others` is how many more messages it stands for, 0 where it is one, and None where nobody
    counted them; `last` is the lowest line.
    """

    number: int
    text: str
    times: int
    others: int | None = 0
    last: bool = False


def variant_rows(
    row: FailureRow, variants: Sequence[tuple[str, int]], most: int
) -> list[VariantRow]:
    """The lines below a group: its most frequent messages, and what is left in one line."""
    shown = [one for one in variants[:most] if one[0] != OTHERS]
    rest = variants[len(shown) :]
    group = {name: getattr(row, name) for name in FailureRow.__struct_fields__}
    lines = [
        VariantRow(**group, number=number, text=text, times=times)
        for number, (text, times) in enumerate(shown)
    ]
    if rest:
        times = sum(count for _, count in rest)
        others = None if rest[-1][0] == OTHERS else len(rest)
        lines.append(VariantRow(**group, number=len(shown), text="", times=times, others=others))
    if lines:
        lines[-1] = replace(lines[-1], last=True)
    return lines


class FailureDetail(Struct, frozen=True):
    """All that is known of a group beside its row."""

    frames: tuple[Frame, ...]
    causes: tuple[str, ...]
    variants: tuple[tuple[str, int], ...]
    example: Example | None


def most_first(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Names with their counts, the highest first, what stands for others last."""
    return tuple(sorted(counts.items(), key=lambda one: (one[0] == OTHERS, -one[1], one[0])))
