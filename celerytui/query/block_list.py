"""A long order of tasks that changes a little at a time and is read by another thread.

Entries stand in blocks of about a thousand: a change touches one block, and a page (what readers
see) is the tuple of the blocks. A block that a page has is copied before it is changed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from celerytui.interpreter import let_go, set_aside
from celerytui.query.chunks import drop, slices

# The sort key, the order of arrival (so that no two are equal), the id.
SortEntry = tuple[Any, int, str]

LOAD = 1024
SORT_AT_ONCE = 4096
# As many buckets as the collector may look through among young things, in some milliseconds.
ASIDE_EVERY = 16


class SortEntries:
    """Entries by id, in many dicts."""

    __slots__ = ("_shards", "size")

    SHARDS = 128

    def __init__(self) -> None:
        self._shards: list[dict[str, SortEntry]] = [{} for _ in range(self.SHARDS)]
        self.size = 0

    def get(self, id: str) -> SortEntry | None:
        """The entry of that id, None if there is none."""
        return self._shards[hash(id) % self.SHARDS].get(id)

    def put(self, entry: SortEntry) -> None:
        """Take an entry, in place of the one that its id had."""
        shard = self._shards[hash(entry[2]) % self.SHARDS]
        self.size -= len(shard)
        shard[entry[2]] = entry
        self.size += len(shard)

    def remove(self, id: str) -> None:
        """Forget the entry of an id; KeyError if there is none."""
        del self._shards[hash(id) % self.SHARDS][id]
        self.size -= 1

    def fill(self, entries: list[SortEntry], pause: Callable[[], None] = let_go) -> None:
        """Take many entries, in place of what was there."""
        self._shards = shards = [_looked_after() for _ in range(self.SHARDS)]
        count = self.SHARDS
        set_aside()
        for piece in slices(entries):
            for entry in piece:
                shards[hash(entry[2]) % count][entry[2]] = entry
            pause()
        self.size = len(entries)

    def clear(self, pause: Callable[[], None] = let_go) -> None:
        """Forget everything, in pieces."""
        for index in range(self.SHARDS):
            self._shards[index] = {}
            pause()
        self.size = 0


def _looked_after() -> dict[str, SortEntry]:
    """A dict that the collector knows already.

    It would else get to know it at its first change, with all that is in it by then.
    """
    shard: dict[str, SortEntry] = {"": ([], 0, "")}
    del shard[""]
    return shard


class BlockList:
    """Entries in ascending order."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._blocks: list[list[SortEntry]] = []
        self._lasts: list[SortEntry] = []
        self._own: list[bool] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def fill(self, entries: list[SortEntry], pause: Callable[[], None] = let_go) -> None:
        """Take entries in any order, in place of what was there; `pause` is called often."""
        self._clear()
        for number, bucket in enumerate(_buckets(entries, pause)):
            bucket.sort()
            for start in range(0, len(bucket), LOAD):
                block = bucket[start : start + LOAD]
                self._blocks.append(block)
                self._lasts.append(block[-1])
                self._own.append(True)
            pause()
            if number % ASIDE_EVERY == ASIDE_EVERY - 1:
                set_aside()
        self._size = len(entries)

    def clear(self, pause: Callable[[], None] = let_go) -> None:
        """Forget everything, in pieces; pages keep what they have."""
        while self._blocks:
            self._blocks.pop()
            pause()
        self._clear()

    def add(self, entry: SortEntry) -> None:
        """Put an entry in its place; it must not be there."""
        self._size += 1
        if not self._blocks:
            self._blocks, self._lasts, self._own = [[entry]], [entry], [True]
            return
        index = min(bisect_left(self._lasts, entry), len(self._blocks) - 1)
        block = self._changing(index)
        insort(block, entry)
        self._lasts[index] = block[-1]
        if len(block) > 2 * LOAD:
            half = len(block) // 2
            self._replace(index, 1, [block[:half], block[half:]])

    def remove(self, entry: SortEntry) -> bool:
        """Take an entry out; False if it was not there."""
        index = bisect_left(self._lasts, entry)
        if index == len(self._blocks):
            return False
        at = bisect_left(self._blocks[index], entry)
        if self._blocks[index][at] != entry:
            return False
        block = self._changing(index)
        del block[at]
        self._size -= 1
        if not block:
            self._replace(index, 1, [])
        else:
            self._lasts[index] = block[-1]
            if len(block) < LOAD // 4 and index + 1 < len(self._blocks):
                self._join(index)
        return True

    def __contains__(self, entry: SortEntry) -> bool:
        index = bisect_left(self._lasts, entry)
        if index == len(self._blocks):
            return False
        block = self._blocks[index]
        return block[bisect_left(block, entry)] == entry

    def publish(self) -> Page:
        """What is there now, for other threads to read: it does not change any more."""
        self._own = [False] * len(self._blocks)
        return Page(tuple(self._blocks), tuple(self._lasts), self._size)

    def _changing(self, index: int) -> list[SortEntry]:
        if not self._own[index]:
            self._blocks[index] = self._blocks[index].copy()
            self._own[index] = True
        return self._blocks[index]

    def _join(self, index: int) -> None:
        joined = self._blocks[index] + self._blocks[index + 1]
        if len(joined) > 2 * LOAD:
            half = len(joined) // 2
            self._replace(index, 2, [joined[:half], joined[half:]])
        else:
            self._replace(index, 2, [joined])

    def _replace(self, index: int, count: int, blocks: list[list[SortEntry]]) -> None:
        self._blocks[index : index + count] = blocks
        self._lasts[index : index + count] = [block[-1] for block in blocks]
        self._own[index : index + count] = [True] * len(blocks)


def _buckets(entries: list[SortEntry], pause: Callable[[], None]) -> Iterator[list[SortEntry]]:
    """The entries in buckets, each before the next, small enough to be sorted at once."""
    count = -(-len(entries) // SORT_AT_ONCE)
    if count <= 1:
        yield list(entries)
        return
    # Ten samples a bucket keep the buckets about even.
    sample = sorted(entries[:: max(1, len(entries) // (10 * count))])
    bounds = [sample[len(sample) * index // count] for index in range(1, count)]
    buckets: list[list[SortEntry]] = [[] for _ in range(count)]
    set_aside()  # before there is anything in them
    put = [bucket.append for bucket in buckets]
    for piece in slices(entries):
        for entry in piece:
            put[bisect_left(bounds, entry)](entry)
        pause()
    buckets.reverse()
    while buckets:  # so that each is freed once it is used
        yield buckets.pop()


class Page:
    """An order as it was at one moment; any thread may read it."""

    __slots__ = ("_blocks", "_lasts", "_offsets", "size")

    def __init__(
        self, blocks: tuple[list[SortEntry], ...], lasts: tuple[SortEntry, ...], size: int
    ) -> None:
        self._blocks = blocks
        self._lasts = lasts
        self._offsets = (0, *accumulate(map(len, blocks)))
        self.size = size

    def slice(self, start: int, end: int) -> list[str]:
        """The ids from one position up to another, ascending."""
        found: list[str] = []
        index = max(0, bisect_left(self._offsets, start + 1) - 1)
        while start < end and index < len(self._blocks):
            block, offset = self._blocks[index], self._offsets[index]
            found += [entry[2] for entry in block[start - offset : end - offset]]
            index += 1
            start = self._offsets[index]
        return found

    def position(self, entry: SortEntry) -> int | None:
        """Where the entry stands, None if it is not there."""
        index = bisect_left(self._lasts, entry)
        if index == len(self._blocks):
            return None
        at = bisect_left(self._blocks[index], entry)
        return self._offsets[index] + at if self._blocks[index][at] == entry else None


class Ranking:
    """Two orders: the entries with a key, and those without, who come last either way."""

    def __init__(self) -> None:
        self.known = BlockList()
        self.unknown = BlockList()

    def __len__(self) -> int:
        return len(self.known) + len(self.unknown)

    def __contains__(self, entry: SortEntry) -> bool:
        return entry in self._of(entry)

    def _of(self, entry: SortEntry) -> BlockList:
        return self.unknown if entry[0] is None else self.known

    def fill(self, entries: list[SortEntry], pause: Callable[[], None] = let_go) -> None:
        """Take entries in any order, in place of what was there."""
        known: list[SortEntry] = []
        unknown: list[SortEntry] = []
        if len(entries) > SORT_AT_ONCE:
            set_aside()
        for piece in slices(entries):
            unknown += [entry for entry in piece if entry[0] is None]
            pause()
        if not unknown:
            self.known.fill(entries, pause)
            return
        for piece in slices(entries):
            known += [entry for entry in piece if entry[0] is not None]
            pause()
        for ranked, order in ((known, self.known), (unknown, self.unknown)):
            order.fill(ranked, pause)
            drop(ranked, pause)

    def clear(self, pause: Callable[[], None] = let_go) -> None:
        """Forget everything, in pieces; pages keep what they have."""
        self.known.clear(pause)
        self.unknown.clear(pause)

    def add(self, entry: SortEntry) -> None:
        """Put an entry in its place; it must not be there."""
        self._of(entry).add(entry)

    def remove(self, entry: SortEntry) -> bool:
        """Take an entry out; False if it was not there."""
        return self._of(entry).remove(entry)

    def publish(self) -> tuple[Page, Page]:
        """Both orders as they are now."""
        return self.known.publish(), self.unknown.publish()
