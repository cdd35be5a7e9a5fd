"""Every other backend, through Celery itself: one result at a time, by its id.

Memcached, Cassandra, S3 and the like either keep no list or need a client of their own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from typing import Any

from celerytui.errors import BackendUnavailable
from celerytui.masking import mask_url, one_line
from celerytui.model import StoredGroup, StoredResult, id_value
from celerytui.results.decode import plain_fields
from celerytui.results.meta import from_meta
from celerytui.results.source import NoResults, NotListed, Page
from celerytui.results.wanted import Wanted
from celerytui.wire import pickles
from celerytui.wire.result_backend import NoBackend, limited

CLIENTS = ("client", "_client", "connection", "_connection", "_server", "_session", "_cluster")
CLOSING = ("close", "disconnect_all", "shutdown")
"""Where backends keep their clients, and what these call the end."""
CREATING = (
    *("_get_or_create_table", "_set_table_ttl"),
    *("_create_database_if_not_exists", "_create_collection_if_not_exists"),
)
"""What DynamoDB's and Cosmos DB's backends do when they connect."""


class ByIdKind:
    """Whatever no other kind fits."""

    def fits(self, backend: type, url: str | None) -> bool:
        """Always; so it is the last one."""
        return True

    def open(self, app: Any, backend: type, url: str | None) -> ByIdSource:
        """The source on the backend itself; raises BackendUnavailable where there is none."""
        source = ByIdSource(lambda: backend(app=app, url=url), mask_url(url or backend.__name__))
        source.connect()
        return source


class ByIdSource:
    """See `Source`."""

    ordered = False

    def __init__(self, make: Callable[[], Any], name: str) -> None:
        self._make = make
        self._backend: Any = None
        self.name = name

    def connect(self) -> Any:
        """The backend, made at the first question; raises NoResults and BackendUnavailable."""
        try:
            if self._backend is None:
                self._backend = limited(_creating_nothing(self._make()))
            return self._backend
        except NoBackend as none:
            raise NoResults(f"no results to read: {none}") from none
        except Exception as error:
            raise BackendUnavailable(f"result backend {self.name}: {one_line(error)}") from error

    def prepare(self) -> None:
        """Its client came with the backend."""

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """The results of the ids that the filter names; raises NotListed where it names none."""
        ids = wanted.named_ids if wanted.ids is None else wanted.ids
        if ids is None:
            raise NotListed(
                f"result backend {self.name}: results can only be read by id;"
                " name the task: --filter id:ID"
            )
        for task_id in ids:
            found = self.one(task_id)
            yield Page(() if found is None else (found,), 1)

    def one(self, task_id: str) -> StoredResult | None:
        """What the backend says of that task, None where it says that it is pending."""
        backend = self.connect()
        try:
            with pickles.foreign():
                meta = dict(backend.get_task_meta(id_value(task_id), cache=False))
        except Exception as error:
            if pickles.was_refused(error):
                return StoredResult(task_id, "UNKNOWN", flaw=f"the result is {pickles.REFUSED}")
            raise BackendUnavailable(f"result backend {self.name}: {one_line(error)}") from error
        if meta.get("status") in (None, "PENDING"):
            return None
        done, result = meta.pop("date_done", None), meta.get("result")
        if isinstance(result, BaseException):
            meta["result"] = _exception_text(result)
        fields, flaw = plain_fields(meta)
        return from_meta({**fields, "date_done": done}, task_id, flaw)

    def group(self, group_id: str) -> StoredGroup | None:
        """None: Celery would make objects of the members, which connect."""
        return None

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        """None: groups cannot be listed."""
        return iter(())

    def close(self) -> None:
        """Close what the backend has open; the next question makes another."""
        backend, self._backend = self._backend, None
        if backend is None:
            return
        closing = [getattr(backend, "process_cleanup", None)]
        # Not by `getattr`: that would connect one that never was.
        for client in [one for name, one in vars(backend).items() if name in CLIENTS]:
            closing += [getattr(client, name, None) for name in CLOSING]
        for close in closing:
            if callable(close):
                with contextlib.suppress(Exception):
                    close()


def _exception_text(error: BaseException) -> str:
    try:
        return repr(error)
    except Exception:  # of a class of the project's
        return type(error).__name__


def _creating_nothing(backend: Any) -> Any:
    """The backend without what creates an empty table or container before it reads."""
    for name in CREATING:
        if callable(getattr(type(backend), name, None)):
            setattr(backend, name, lambda *_args, **_more: None)
    return backend
