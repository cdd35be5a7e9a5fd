"""Results in a folder: a file each, `celery-task-meta-<id>`, the newest by its time first."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator
from typing import Any

from celerytui.errors import BackendUnavailable
from celerytui.files import open_to_read
from celerytui.model import StoredGroup, StoredResult
from celerytui.results.decode import MAX_BYTES
from celerytui.results.key_value import (
    GROUP_PREFIX,
    TASK_PREFIX,
    content_type_of,
    read_group,
    read_meta,
)
from celerytui.results.meta import UNKNOWN
from celerytui.results.page_size import parts
from celerytui.results.source import Page, derives
from celerytui.results.wanted import Wanted

SLACK_SECONDS = 3_600.0
"""The clock of a file server may be so far off those that wrote the times in the files."""


class FilesystemKind:
    """file:///FOLDER."""

    def fits(self, backend: type, url: str | None) -> bool:
        """Celery's own, and what is derived from it."""
        return derives(backend, "celery.backends.filesystem")

    def open(self, app: Any, backend: type, url: str | None) -> FilesystemSource:
        """The source; the backend itself is not made, since it would write a file to try."""
        options = app.conf.result_backend_transport_options or {}
        prefix = str(options.get("global_keyprefix") or "")
        if prefix and prefix[-1] not in ":_-.":
            prefix += "_"
        path = (url or "").removeprefix("file://").removeprefix("localhost")
        return FilesystemSource(path, content_type_of(app), prefix)


class FilesystemSource:
    """See `Source`."""

    ordered = True

    def __init__(self, folder: str, content_type: str | None = None, prefix: str = "") -> None:
        self.name = f"file://{folder}"
        self._folder = folder
        self._content_type = content_type
        self._tasks, self._groups = prefix + TASK_PREFIX, prefix + GROUP_PREFIX

    def prepare(self) -> None:
        """Nothing more is needed."""

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """From the file that was written last."""
        if wanted.ids is not None:
            found = [self.one(task_id) for task_id in wanted.ids]
            yield Page(tuple(one for one in found if one is not None), len(found))
            return
        since = -1.0 if wanted.since is None else wanted.since - SLACK_SECONDS
        for part in parts(self._newest_first(since), size):
            read = (self._read(self._tasks, name) for name in part)
            yield Page(tuple(one for one in read if one is not None), len(part))

    def one(self, task_id: str) -> StoredResult | None:
        """What the task's file holds."""
        return None if _leads_away(task_id) else self._read(self._tasks, task_id)

    def group(self, group_id: str) -> StoredGroup | None:
        """What the group's file holds."""
        if _leads_away(group_id):
            return None
        try:
            payload = self._payload(self._groups + group_id)
        except OSError as error:
            return StoredGroup(group_id, (), flaw=_reason(error))
        return None if payload is None else read_group(payload, group_id, self._content_type)

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        """None: each result names its group."""
        return iter(())

    def close(self) -> None:
        """Nothing is open between two questions."""

    def _newest_first(self, since: float) -> list[tuple[str, int]]:
        """The ids, and how long their files are."""
        found, cut = list[tuple[float, str, int]](), len(self._tasks)
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if not entry.name.startswith(self._tasks):
                        continue
                    try:
                        state = entry.stat(follow_symlinks=False)
                        written, length = state.st_mtime, state.st_size
                    except FileNotFoundError:  # it expired meanwhile
                        continue
                    except OSError:  # reading it says why
                        written, length = math.inf, 0
                    if written >= since:
                        found.append((written, entry.name[cut:], length))
        except OSError as error:
            raise BackendUnavailable(f"result backend {self.name}: {_reason(error)}") from error
        found.sort(reverse=True)
        return [(name, length) for _, name, length in found]

    def _read(self, prefix: str, task_id: str) -> StoredResult | None:
        try:
            payload = self._payload(prefix + task_id)
        except OSError as error:
            return StoredResult(task_id, UNKNOWN, flaw=_reason(error))
        return None if payload is None else read_meta(payload, task_id, self._content_type)

    def _payload(self, name: str) -> bytes | None:
        """What a file holds, None where there is none; raises OSError, BackendUnavailable."""
        try:
            with open_to_read(os.path.join(self._folder, name), follow=False) as file:
                # One more than is decoded: then it says so.
                return file.read(MAX_BYTES + 1)
        except FileNotFoundError as error:
            if os.path.isdir(self._folder):
                return None
            # It is not mounted, perhaps: nothing is known of any result.
            raise BackendUnavailable(f"result backend {self.name}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _leads_away(name: str) -> bool:
    return os.sep in name or "\0" in name or (os.altsep is not None and os.altsep in name)
