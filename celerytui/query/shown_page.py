"""The page that readers of a view see, which stays while the display is frozen."""

from __future__ import annotations

from threading import Lock

from celerytui.model import Task
from celerytui.query.block_list import SortEntry
from celerytui.query.view_page import ViewPage
from celerytui.store import Store

ROWS_REMEMBERED = 50_000


class ShownPage:
    """`show` and `note` belong to the thread that refreshes the view; all else is for any thread.

    `current` is the newest page, `pinned` the one that stays, if the display is frozen, and `kept`
    the rows as they were first looked at since.
    """

    def __init__(self, store: Store, page: ViewPage) -> None:
        self._store = store
        self._lock = Lock()
        self._frozen = False
        self.current = page
        self.pinned: ViewPage | None = None
        self.kept: dict[str, Task] = {}

    @property
    def page(self) -> ViewPage:
        """What is seen."""
        return self.pinned or self.current

    def freeze(self, on: bool) -> None:
        """Keep the rows as they are, and as they were when first looked at, until it is off."""
        with self._lock:
            self.kept = {}
            self.pinned = self.current if on else None
            self._frozen = on

    def rows(self, start: int, count: int) -> list[Task]:
        """Copies of the rows from a position on; without those that went since the refresh."""
        ids = self.page.ids(start, count)
        if not self._frozen:
            return [task for task in self._store.tasks(ids) if task is not None]
        rows = self.kept
        missing = [id for id in ids if id not in rows]
        for id, task in zip(missing, self._store.tasks(missing), strict=True):
            if task is not None and len(rows) < ROWS_REMEMBERED:
                rows[id] = task
        return [rows[id] for id in ids if id in rows]

    def position(self, id: str) -> int | None:
        """The row in which a task stands, None if it is not in the table."""
        while True:
            shown = self.page
            found = shown.position(id)
            # One that was just replaced may be taken apart already.
            if found is not None or shown is self.page:
                return found

    def show(self, page: ViewPage) -> None:
        """Have readers see a page; while the display is frozen only one that was asked for."""
        with self._lock:
            self.current = page
            pinned = self.pinned
            if self._frozen and (
                pinned is None or pinned.arrangement != page.arrangement or not pinned.complete
            ):
                self.pinned = page

    def note(self, id: str, entry: SortEntry) -> None:
        """Keep where a task stands in the pages that readers have, before that changes."""
        current, pinned = self.current, self.pinned
        if pinned is not current:
            current.moved.setdefault(id, entry)
        # A pinned page may stay for hours: what it never had must not gather there.
        if pinned is not None and pinned.has(entry):
            pinned.moved[id] = entry

    def has(self, entries: object) -> bool:
        """Whether a page that readers have is made of these entries."""
        pinned = self.pinned
        return self.current.entries is entries or (pinned is not None and pinned.entries is entries)
