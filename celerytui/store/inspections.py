"""What workers reported of themselves: the last answer of each section of their page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from celerytui.model import Section, Survey
from celerytui.store.journal import Journal
from celerytui.store.lock import FairLock

MOST_BYTES = 65_536
"""The largest answer that is kept, as JSON."""
SURVEYED = ("stats", "active", "reserved", "scheduled", "active_queues")
"""The sections that a survey has whole."""
MOST_IN_ALL = 4_000_000
"""Bytes of all that are kept: the oldest answers make room."""
BESIDE_DATA = 200
"""Bytes that an answer takes beside what is in it, which several workers may have in common."""

_encode = msgspec.json.Encoder(enc_hook=str).encode


class _Shared(Struct):
    """What `users` workers answered, of `size` bytes as JSON."""

    data: Any
    size: int
    users: int = 0


class Inspections:
    """For any thread. A live page has its own answers: these are to be recorded, and to be
    replayed, for which they are `wanted`."""

    def __init__(self, lock: FairLock, journal: Journal) -> None:
        self._lock = lock
        self._journal = journal
        self._kept: dict[tuple[str, str], tuple[Section, bytes]] = {}
        self._shared: dict[bytes, _Shared] = {}
        self._size = 0
        self.wanted = False

    def learn(self, survey: Survey) -> None:
        """Take what workers answered to a survey, which is told by itself."""
        if not self._needed:
            return
        for name in SURVEYED:
            for hostname, data in getattr(survey, name).items():
                if not _is_retold(survey.stats.get(hostname)):
                    self._keep(Section(hostname, name, survey.taken_at, data))

    def take(self, section: Section) -> None:
        """Take an answer; one that is too large, or that JSON cannot carry, is left out."""
        if self._needed and self._keep(section):
            self._journal.note("inspected", section)

    @property
    def _needed(self) -> bool:
        return self.wanted or self._journal.listener is not None

    def _keep(self, section: Section) -> bool:
        try:
            packed = _encode(section.data)
        except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
            return False
        if len(packed) > MOST_BYTES:
            return False
        with self._lock:
            before = self._kept.get((section.hostname, section.name), (None, b""))[0]
            if section.error is not None and before is not None and before.data is not None:
                # What it said before is worth more than an empty place; its age tells.
                section, packed = replace(before, error=section.error), _encode(before.data)
            self._put(section, packed)
            while self._size > MOST_IN_ALL:
                self._remove(next(iter(self._kept)))
        return True

    def _put(self, section: Section, packed: bytes) -> None:
        """Keep it as the newest; most workers of an app say the same, which is kept once."""
        digest = hashlib.blake2b(packed, digest_size=16).digest()
        shared = self._shared.get(digest)
        if shared is None:
            shared = self._shared[digest] = _Shared(section.data, len(packed))
            self._size += shared.size
        shared.users += 1
        self._size += BESIDE_DATA
        key = section.hostname, section.name
        if key in self._kept:
            self._remove(key)
        self._kept[key] = replace(section, data=shared.data), digest

    def _remove(self, key: tuple[str, str]) -> None:
        digest = self._kept.pop(key)[1]
        shared = self._shared[digest]
        shared.users -= 1
        self._size -= BESIDE_DATA
        if not shared.users:
            del self._shared[digest]
            self._size -= shared.size

    def get(self, hostname: str, name: str) -> Section | None:
        """The last answer of a worker for a section, None where none is kept."""
        with self._lock:
            return self._kept.get((hostname, name), (None, b""))[0]

    def all(self) -> list[Section]:
        """All that are kept, the one that came last at the end."""
        with self._lock:
            return [section for section, _ in self._kept.values()]


def _is_retold(stats: Any) -> bool:
    """Whether they are what `standing` knows of a worker, and not what it answered."""
    total = stats.get("total") if isinstance(stats, Mapping) else None
    return isinstance(total, Mapping) and "" in total
