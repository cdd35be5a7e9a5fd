"""Results in MongoDB: a document each, read in the order of their ids.

Celery has no index but that of the ids, which are random: in any other order the server would sort
all documents for each page.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from celerytui.errors import BackendUnavailable
from celerytui.masking import mask_url, one_line
from celerytui.model import StoredGroup, StoredResult
from celerytui.results.decode import Undecodable, decode_any, plain, plain_fields
from celerytui.results.key_value import content_type_of
from celerytui.results.meta import from_meta, member_ids, text
from celerytui.results.page_size import PageSize, length_of
from celerytui.results.source import CONNECT_SECONDS, SECONDS, Page, derives
from celerytui.results.wanted import TextMatch, Wanted

NOT_VALUES = ("_id", "date_done")
_PATTERNS = {"whole": "^{}$", "part": "{}", "beginning": "^{}", "end": "{}$"}


class MongoKind:
    """mongodb:// and mongodb+srv://."""

    def fits(self, backend: type, url: str | None) -> bool:
        """Celery's own, and what is derived from it."""
        return derives(backend, "celery.backends.mongodb")

    def open(self, app: Any, backend: type, url: str | None) -> MongoSource:
        """The source on a client of its own, made by the backend from the app's settings."""
        made: Any = backend(app=app, url=url)
        made.options.setdefault("serverSelectionTimeoutMS", int(CONNECT_SECONDS * 1000))
        made.options.setdefault("socketTimeoutMS", int(2 * SECONDS * 1000))
        # One document that Python has no date or text for would end the page.
        made.options["datetime_conversion"] = "DATETIME_AUTO"
        made.options["unicode_decode_error_handler"] = "replace"
        return MongoSource(made, content_type_of(app), mask_url(url or "mongodb://"))


class MongoSource:
    """See `Source`."""

    ordered = False

    def __init__(self, backend: Any, content_type: str, name: str) -> None:
        self._backend = backend
        # It stores values as they are where its serializer is BSON.
        self._content_type = None if backend.serializer == "bson" else content_type
        self.name = name

    def prepare(self) -> None:
        """Its client came with the backend."""

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """By their ids, narrowed by the server."""
        query = dict(_conditions(wanted))
        above: Any = None
        page = PageSize(size)
        while True:
            size = page.rows
            with self._asked():
                asked = query if above is None else {"$and": [query, {"_id": {"$gt": above}}]}
                found = self._backend.collection.find(asked, max_time_ms=int(SECONDS * 1000))
                documents = list(found.sort("_id", 1).limit(size))
            page.take(map(length_of, documents))
            yield Page(tuple(self._read(one) for one in documents), len(documents))
            if len(documents) < size:
                return
            above = documents[-1]["_id"]

    def one(self, task_id: str) -> StoredResult | None:
        """The document of that task."""
        with self._asked():
            document = self._backend.collection.find_one({"_id": task_id})
        return None if document is None else self._read(document)

    def group(self, group_id: str) -> StoredGroup | None:
        """The saved group."""
        with self._asked():
            document = self._backend.group_collection.find_one({"_id": group_id})
        if document is None:
            return None
        try:
            return StoredGroup(group_id, member_ids(self._value(document.get("result"))))
        except Undecodable as error:
            return StoredGroup(group_id, (), flaw=one_line(error))

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        """None: each result names its group."""
        return iter(())

    def close(self) -> None:
        """Close its client; the next question makes another."""
        client, self._backend._connection = self._backend._connection, None
        for name in ("database", "collection", "group_collection"):
            self._backend.__dict__.pop(name, None)
        if client is not None:
            client.close()

    def _read(self, document: Mapping[str, Any]) -> StoredResult:
        task_id = text(document.get("_id")) or ""
        fields = {name: stored for name, stored in document.items() if name not in NOT_VALUES}
        meta, flaw = plain_fields(
            fields, lambda name, stored: self._value(stored) if name == "result" else plain(stored)
        )
        return from_meta({**meta, "date_done": document.get("date_done")}, task_id, flaw)

    def _value(self, stored: Any) -> Any:
        """A result as it was returned: encoded, or as it is where the serializer is BSON."""
        if isinstance(stored, (bytes, str)) and self._content_type is not None:
            return decode_any(stored, self._content_type)
        return plain(stored)

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        from bson.errors import BSONError
        from pymongo.errors import PyMongoError

        try:
            yield
        except (PyMongoError, BSONError, OSError, ValueError) as error:
            raise BackendUnavailable(f"result backend {self.name}: {one_line(error)}") from error


def _conditions(wanted: Wanted) -> Iterator[tuple[str, Any]]:
    if wanted.ids is not None:
        yield "_id", {"$in": list(wanted.ids)}
    if wanted.states is not None:
        yield "status", {"$in": sorted(wanted.states)}
    for name, matches in (("name", wanted.names), ("worker", wanted.workers)):
        if matches is not None:
            yield name, {"$regex": "|".join(map(_pattern, matches)), "$options": "i"}
    bounds = {"$gte": wanted.since, "$lte": wanted.until}
    if any(at is not None for at in bounds.values()):
        yield (
            "date_done",
            {
                sign: datetime.fromtimestamp(at, timezone.utc)
                for sign, at in bounds.items()
                if at is not None
            },
        )


def _pattern(match: TextMatch) -> str:
    return _PATTERNS[match.place].format(re.escape(match.text))
