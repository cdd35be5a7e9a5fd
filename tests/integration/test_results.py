"""Results that Celery's own backends stored, read back alike from each."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from benchmarks.results import fill_redis, fill_sql
from celerytui.errors import BackendUnavailable
from celerytui.query import parse_filter
from celerytui.results import NotListed, Source, as_task, wanted
from tests.integration.kept_results import (
    KINDS,
    QUERIES,
    SETEX,
    Members,
    Opened,
    backend_url,
    everything,
    run,
)
from tests.waiting import within

pytestmark = SETEX


@pytest.fixture(params=KINDS)
def kept(opened: Opened, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Source]:
    """An app on each kind of backend, and the source that reads it."""
    app = opened.app(backend_url(request, request.param, tmp_path))
    return app, opened.source(app)


def test_each_result_is_read_once_and_whole(kept: tuple[Any, Source]) -> None:
    app, source = kept
    began = time.time()
    ids = run(app, 10)
    found = everything(source)
    assert sorted(one.id for one in found) == sorted(ids)
    if source.ordered:
        # Files of the same moment have no order.
        assert isinstance(found[0].finished, float)
        finished = [one.finished or 0.0 for one in found]
        assert all(one >= other - 0.05 for one, other in pairwise(finished))
    by_id = {one.id: one for one in found}
    added = by_id[ids[3]]
    assert (added.name, added.state, added.args, added.kwargs) == (
        "shop.add",
        "SUCCESS",
        [3],
        {"y": 2},
    )
    assert (added.result, added.exception, added.retries) == (5, None, 0)
    assert not added.children
    assert added.worker
    failed = by_id[ids[-1]]
    assert (failed.state, failed.result) == ("FAILURE", None)
    assert failed.exception == "ValueError('señor')"
    assert "ValueError: señor" in (failed.traceback or "")
    for one in found:
        assert began - 1 <= (one.finished or 0.0) <= time.time() + 1
        assert one.flaw is None


def test_one_is_read_by_its_id(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 2)
    found = source.one(ids[1])
    assert found is not None
    assert (found.id, found.result) == (ids[1], 3)
    assert source.one("not-there") is None
    assert source.one("../../../etc/passwd") is None
    assert [one.id for one in everything(source, f"id:{ids[0]}")] == [ids[0]]


def test_a_filter_gives_what_it_gives_of_all(kept: tuple[Any, Source]) -> None:
    app, source = kept
    run(app, 5)
    found, now = everything(source), time.time()
    for query in QUERIES:
        filter = parse_filter(query)
        expected = [one.id for one in found if filter.matches(as_task(one), now)]
        given = everything(source, query, size=100)
        assert sorted(one.id for one in given) == sorted(expected), query


def test_since_leaves_out_what_is_older(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 3)
    assert len(everything(source, since=time.time() - 60)) == len(ids)
    assert everything(source, since=time.time() + 60) == []


def test_a_saved_group_has_its_members(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 2)
    app.backend.save_group("group-1", Members(ids))
    found = source.group("group-1")
    assert found is not None
    assert (found.id, list(found.members), found.missing) == ("group-1", ids, None)
    assert source.group("group-2") is None


@pytest.mark.parametrize("kind", ["redis", "sqlite", "postgresql"])
def test_the_first_screen_of_many_comes_soon_and_none_is_missing(
    opened: Opened, request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = backend_url(request, kind, tmp_path).removeprefix("db+")
    counted = (fill_redis if kind == "redis" else fill_sql)(url, 4_000)
    source = opened.url(url)
    # As the monitor does before anybody asks.
    source.prepare()
    with within(0.5):
        first = next(iter(source.pages(wanted(), 250)))
    assert len(first.results) == 50
    ids = [one.id for page in source.pages(wanted(), 2_000) for one in page.results]
    assert len(ids) == len(set(ids)) == counted == 4_000


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0"),
        ("db+postgresql+psycopg://who:s3cret-word@127.0.0.1:1/x", r"who:\*\*@127"),
        ("db+mysql+nodriver://127.0.0.1/x", "mysql"),
        ("file:///not/there", "No such file or directory"),
        ("nonsense://x", "nonsense"),
    ],
)
def test_what_cannot_be_reached_is_named(opened: Opened, url: str, said: str) -> None:
    with pytest.raises(BackendUnavailable, match=said) as caught:
        everything(opened.url(url))
    assert "s3cret-word" not in str(caught.value)


def test_an_app_without_a_backend_says_so(opened: Opened) -> None:
    with pytest.raises(BackendUnavailable, match="no result backend"):
        opened.source(Celery("none", set_as_current=False))


def test_others_are_read_by_id_alone(opened: Opened) -> None:
    app = opened.app("cache+memory://")
    ids = run(app, 1)
    source = opened.source(app)
    with pytest.raises(NotListed, match="can only be read by id"):
        everything(source)
    assert [one.result for one in everything(source, f"id:{ids[0]}")] == [2]
    assert everything(source, "id:unknown") == []


@pytest.mark.parametrize("serializer", ["json", "yaml", "msgpack", "pickle"])
def test_serializers(opened: Opened, serializer: str, redis_url: str, tmp_path: Path) -> None:
    accepted = ["json", serializer]
    for url in (redis_url, f"db+sqlite:///{tmp_path}/results.sqlite3"):
        app = opened.app(url, result_serializer=serializer, result_accept_content=accepted)
        task = app.tasks["shop.add"].apply_async(([1, {"a": "ü"}],), {"y": [2.5, None]})
        for source in (opened.source(app), opened.url(url)):
            found = source.one(task.id)
            assert found is not None
            assert found.flaw is None
            assert found.result == [1, {"a": "ü"}, 2.5, None]


def test_times_are_those_of_the_app(
    opened: Opened, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        zones = ("Asia/Kolkata", "America/New_York")
        for zone in zones if kind in ("sqlite", "postgresql") else zones[:1]:
            place = folder / zone.replace("/", "-")
            place.mkdir()
            app = opened.app(backend_url(request, kind, place), timezone=zone)
            ids = run(app, 1)
            found = opened.source(app).one(ids[0])
            assert found is not None
            assert abs((found.finished or 0.0) - time.time()) < 30, (kind, zone)
            asked = everything(opened.source(app), since=time.time() - 30)
            assert set(ids) <= {one.id for one in asked}, (kind, zone)
