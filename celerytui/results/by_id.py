"""Every other backend, through Celery itself: one result at a time, by its id.

Memcached, Cassandra, S3 and the like either keep no list or need a client of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from celerytui.errors import BackendUnavailable
from celerytui.masking import mask_url, one_line
from celerytui.model import StoredGroup, StoredResult, id_value
from celerytui.results.meta import from_meta
from celerytui.results.source import NoResults, NotListed, Page
from celerytui.results.wanted import Wanted
from celerytui.wire import pickles
from celerytui.wire.result_backend import NoBackend, limited


class ByIdKind:
    """Whatever no other kind fits."""

    name = "by id"

    def fits(self, backend: type, url: str | None) -> bool:
        """Always; so it is the last one."""
        return True

    def open(self, app: Any, backend: type, url: str | None) -> ByIdSource:
        """The source on the backend itself; raises BackendUnavailable where there is none."""
        try:
            made = limited(backend(app=app, url=url))
        except NoBackend as none:
            raise NoResults(f"no results to read: {none}") from none
        except Exception as error:
            where = mask_url(url or backend.__name__)
            raise BackendUnavailable(f"result backend {where}: {one_line(error)}") from error
        return ByIdSource(made, mask_url(url or backend.__name__))


class ByIdSource:
    """See `Source`."""

    ordered = False

    def __init__(self, backend: Any, name: str) -> None:
        self._backend = backend
        self.name = name

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """The results of the ids that the filter names; raises NotListed where it names none."""
        ids = wanted.named_ids
        if ids is None:
            raise NotListed(
                f"result backend {self.name}: results can only be read by id;"
                " name the task: --filter id:ID"
            )
        found = [self.one(task_id) for task_id in ids]
        yield Page(tuple(one for one in found if one is not None), len(found))

    def one(self, task_id: str) -> StoredResult | None:
        """What the backend says of that task, None where it says that it is pending."""
        try:
            with pickles.foreign():
                meta = dict(self._backend.get_task_meta(id_value(task_id), cache=False))
        except Exception as error:
            if pickles.was_refused(error):
                return StoredResult(task_id, "UNKNOWN", flaw=f"the result is {pickles.REFUSED}")
            raise BackendUnavailable(f"result backend {self.name}: {one_line(error)}") from error
        if meta.get("status") in (None, "PENDING"):
            return None
        if isinstance(meta.get("result"), BaseException):
            meta["result"] = repr(meta["result"])
        return from_meta(meta, task_id)

    def count(self) -> int | None:
        """None: nobody can say."""
        return None

    def group(self, group_id: str) -> StoredGroup | None:
        """None: Celery would make objects of the members, which connect."""
        return None

    def memberships(self) -> Mapping[str, str]:
        """None: groups cannot be listed."""
        return {}

    def close(self) -> None:
        """The backend closes its connections when it is freed."""
