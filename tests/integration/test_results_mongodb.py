"""Results in MongoDB, as Celery's own backend stores them.

There is no server to start here: mongomock stands for it, which executes queries in the process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import mongomock
import pymongo
import pytest
from celery import Celery
from kombu.serialization import register

from celerytui.errors import BackendUnavailable
from celerytui.query import parse_filter
from celerytui.results import Source, as_task, open_source, wanted
from tests.integration.kept_results import QUERIES, Members, add, everything, fail, run

URL = "mongodb://localhost:27017/shop"


@pytest.fixture(params=["json", "msgpack", "pickle"])
def kept(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Source]]:
    """An app on a MongoDB of one test, and the source that reads it."""
    with mongomock.patch(servers=(("localhost", 27017),)):
        yield opened(request.param)


def opened(serializer: str) -> tuple[Any, Source]:
    app = Celery("kept", backend=URL, set_as_current=False)
    app.conf.update(
        task_always_eager=True,
        task_store_eager_result=True,
        result_extended=True,
        result_serializer=serializer,
        result_accept_content=["json", serializer],
    )
    app.task(add, name="shop.add", shared=False)
    app.task(fail, name="shop.fail", shared=False)
    return app, open_source(app)


def test_each_result_is_read_once_and_whole(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 7)
    found = {one.id: one for one in everything(source)}
    assert sorted(found) == sorted(ids)
    added = found[ids[3]]
    assert (added.name, added.state, added.args, added.kwargs, added.result) == (
        "shop.add",
        "SUCCESS",
        [3],
        {"y": 2},
        5,
    )
    assert abs((added.finished or 0.0) - time.time()) < 60
    if app.conf.result_serializer != "pickle":
        assert found[ids[-1]].exception == "ValueError('señor')"
    assert source.one(ids[0]) == found[ids[0]]
    assert source.one("none") is None
    source.close()
    assert source.one(ids[0]) == found[ids[0]]


def test_a_filter_gives_what_it_gives_of_all() -> None:
    with mongomock.patch(servers=(("localhost", 27017),)):
        app, source = opened("json")
        run(app, 5)
        found, now = everything(source), time.time()
        for query in (*QUERIES, "name:s", "worker:*", "name:a.d"):
            filter = parse_filter(query)
            expected = [one.id for one in found if filter.matches(as_task(one), now)]
            assert sorted(one.id for one in everything(source, query)) == sorted(expected), query
        assert len(everything(source, since=now - 60)) == len(found)
        assert everything(source, since=now + 60) == []
        asked = wanted(parse_filter("state:failure"), now)
        assert sum(page.looked_at for page in source.pages(asked, 100)) == 1


@pytest.mark.parametrize("serializer", ["json", "bson"])
def test_a_saved_group_has_its_members(serializer: str) -> None:
    with mongomock.patch(servers=(("localhost", 27017),)):
        # A project registers it: kombu has none.
        register(  # type: ignore[no-untyped-call]  # kombu has no types
            "bson", dict, dict, content_type="application/bson", content_encoding="binary"
        )
        app, source = opened(serializer)
        result = {"_id": "group-1", "result": app.backend.encode(list(Members(["a", "b"])))}
        app.backend.group_collection.insert_one(result)
        found = source.group("group-1")
        assert found is not None
        assert found.members == ("a", "b")
        assert source.group("none") is None


def test_documents_of_any_shape() -> None:
    with mongomock.patch(servers=(("localhost", 27017),)):
        app, source = opened("json")
        app.backend.collection.insert_many(
            [
                {"_id": "a"},
                {"_id": "b", "status": 5, "result": "{", "children": "x"},
                {"_id": "c", "status": "SUCCESS", "result": {"at": datetime(2026, 1, 1)}},
                {"_id": "d", "status": "SUCCESS", "result": "1", "date_done": "2026-01-01"},
            ]
        )
        found = {one.id: one for one in everything(source)}
        assert sorted(found) == ["a", "b", "c", "d"]
        assert found["b"].flaw == "result: not valid json: JSONDecodeError"
        assert found["c"].result == {"at": "2026-01-01T00:00:00"}
        assert found["d"].finished == datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()


def test_a_server_that_is_down_is_named() -> None:
    app = Celery("kept", backend="mongodb://u:s3cret-word@127.0.0.1:1/shop", set_as_current=False)
    source = open_source(app)
    source._backend.options["serverSelectionTimeoutMS"] = 50  # type: ignore[attr-defined]  # the one that it is here
    with pytest.raises(BackendUnavailable, match=r"u:\*\*@127\.0\.0\.1:1") as caught:
        everything(source)
    assert "s3cret-word" not in str(caught.value)
    source.close()
    assert pymongo.version_tuple >= (4,)
