"""What a kind of result backend has to give, and what can be wrong with one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Protocol

from msgspec import Struct

from celerytui import read_only_sql
from celerytui.errors import BackendUnavailable
from celerytui.model import StoredGroup, StoredResult
from celerytui.results.wanted import Wanted

SECONDS = read_only_sql.SECONDS
"""The longest time of one question; databases are told, so that they stop as well."""
CONNECT_SECONDS = read_only_sql.CONNECT_SECONDS


SLICE = 200_000
"""Primary keys that one statement looks at for rows that match: so it ends well within its time."""
GROUPS = 1_000
GROUPS_AT_ONCE = 50
MEMBERS = 200_000
"""As many members of groups are kept at most."""


def group_by_member(groups: Iterable[StoredGroup]) -> dict[str, str]:
    """The group's id by those of its members; a group that comes earlier wins.

    Raises what reading them raises.
    """
    found: dict[str, str] = {}
    for group in groups:
        for member in group.members:
            if len(found) >= MEMBERS:
                return found
            found.setdefault(member, group.id)
    return found


def derives(backend: type, module: str) -> bool:
    """Whether a backend class is that of a module, or derived from it."""
    return any(one.__module__ == module for one in backend.__mro__)


class NotListed(BackendUnavailable):
    """A backend that can only be asked for one result at a time."""


class NoResults(BackendUnavailable):
    """The app has no result backend that somebody else's results can be read from."""


class Page(Struct, frozen=True):
    """Some results, `looked_at` being how many rows or keys it took to find them.

    `results` may hold what is not wanted: `Wanted.admits` decides.
    """

    results: tuple[StoredResult, ...]
    looked_at: int


class Source(Protocol):
    """An opened result backend; it only reads. To be used by one thread at a time.

    `name` is what people call it, without passwords; `ordered` whether `pages` come newest first.
    Each method raises BackendUnavailable with the reason, and no other error.
    """

    name: str
    ordered: bool

    def prepare(self) -> None:
        """Import what its first question needs; connects to nothing."""

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """All results that may be wanted, in pages of `size` at most; a page may be empty."""

    def one(self, task_id: str) -> StoredResult | None:
        """The result of one task, None where none is kept."""

    def group(self, group_id: str) -> StoredGroup | None:
        """A group that was saved, or a chord's header; None where none is kept."""

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        """Where results do not name their groups, the newest `GROUPS` that were saved.

        The newest first; then the chords that wait for their headers. With ids of tasks, those that
        have none of them as a member may be left out.
        """

    def close(self) -> None:
        """Close its connections."""


class Kind(Protocol):
    """Opens the backends of one kind: a line in the registry."""

    def fits(self, backend: type, url: str | None) -> bool:
        """Whether a backend class of Celery's is of this kind."""

    def open(self, app: Any, backend: type, url: str | None) -> Source:
        """The source; connects no earlier than it is asked something."""
