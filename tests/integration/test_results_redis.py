"""Results in Redis: what is asked of the server, and what may be in it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from celerytui import results
from celerytui.errors import BackendUnavailable
from celerytui.wire import pickles
from tests.integration.kept_results import (
    BROKEN,
    SETEX,
    Members,
    Opened,
    everything,
    run,
)
from tests.integration.servers import RedisServer
from tests.waiting import within

pytestmark = SETEX


def test_redis_is_only_scanned_and_read(opened: Opened, redis_url: str) -> None:
    app = opened.app(redis_url)
    run(app, 30)
    app.backend.client.set("celery", "not a result")
    app.backend.client.config_resetstat()
    source = opened.source(app)
    assert len(everything(source)) == 31
    done = {name.removeprefix("cmdstat_") for name in app.backend.client.info("commandstats")}
    assert {"scan", "mget"} <= done
    connecting = {"hello", "client|setinfo", "client|setname", "select", "config|resetstat", "info"}
    assert done <= {"scan", "mget"} | connecting | {"client", "config"}


def test_a_frozen_server_is_an_error_in_time(opened: Opened, tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        app = opened.app(server.fresh_url())
        run(app, 1)
        source = opened.source(app)
        assert len(everything(source)) == 2
        server.freeze()
        with within(30.0), pytest.raises(BackendUnavailable, match=r"redis://127\.0\.0\.1"):
            everything(source)
    finally:
        server.stop()


def test_redis_counts_the_missing_parts_of_a_chord(opened: Opened, redis_url: str) -> None:
    app = opened.app(redis_url)
    app.backend.set_chord_size("chord-1", 5)
    key = app.backend.get_key_for_group("chord-1", ".j")
    app.backend.client.zadd(key, {"one": 1, "two": 2})
    found = opened.source(app).group("chord-1")
    assert found is not None
    assert found.missing == 3


@pytest.mark.parametrize("ordered", [True, False])
def test_redis_names_the_parts_of_a_chord_that_came_back(
    opened: Opened, redis_url: str, ordered: bool
) -> None:
    app = opened.app(redis_url)
    client, key = app.backend.client, app.backend.get_key_for_group("chord-1", ".j")
    pickled = b"\x80\x04cos\nsystem\n(S'touch /tmp/never'\ntR."
    parts = [json.dumps([1, "a", "SUCCESS", 5]), pickled, json.dumps([1, "b", "FAILURE", {}])]
    for number, part in enumerate([*parts, "{", json.dumps([1])]):
        if ordered:
            client.zadd(key, {part: number})
        else:
            client.rpush(key, part)
    source = opened.source(app)
    # A part failed: its size is deleted.
    found = source.group("chord-1")
    assert found is not None
    assert (found.members, found.count, found.missing) == (("a", "b"), None, None)
    app.backend.set_chord_size("chord-1", 7)
    app.backend.add_to_chord("chord-1", None)
    found = source.group("chord-1")
    assert found is not None
    assert (found.members, found.count, found.missing) == (("a", "b"), 8, 3)
    assert source.group("chord-2") is None


def test_a_pickle_of_an_object_is_refused_and_said(opened: Opened, redis_url: str) -> None:
    app = opened.app(redis_url, result_serializer="pickle", result_accept_content=["pickle"])
    failed = app.tasks["shop.fail"].apply_async(("x",)).id
    added = app.tasks["shop.add"].apply_async((1,)).id
    source = opened.source(app)
    found = {one.id: one for one in everything(source)}
    assert found[added].result == 1
    assert "--allow-pickle" in (found[failed].flaw or "")
    pickles.allow(True)
    try:
        allowed = source.one(failed)
    finally:
        pickles.allow(False)
    assert allowed is not None
    assert allowed.exception == "ValueError('x')"


def test_compressed_results_are_expanded(opened: Opened, redis_url: str) -> None:
    app = opened.app(redis_url, result_compression="gzip")
    task = app.tasks["shop.add"].apply_async(("x" * 5000,), {"y": "z"})
    stored = app.backend.get(app.backend.get_key_for_task(task.id))
    if not stored.startswith(b"\x00"):
        pytest.skip("this Celery does not compress results")
    found = opened.source(app).one(task.id)
    assert found is not None
    assert found.result == "x" * 5000 + "z"


def test_broken_values_break_nothing_else(opened: Opened, redis_url: str, tmp_path: Path) -> None:
    app = opened.app(redis_url)
    ids = run(app, 2)
    folder = tmp_path / "files"
    folder.mkdir()
    for number, value in enumerate(BROKEN):
        app.backend.client.set(f"celery-task-meta-broken-{number}", value)
        (folder / f"celery-task-meta-broken-{number}").write_bytes(value)
    app.backend.client.lpush("celery-task-meta-a-list", "x")
    (folder / "celery-task-meta-a-folder").mkdir()
    found = {one.id: one for one in everything(opened.source(app))}
    assert len(found) == len(ids) + len(BROKEN)
    assert found["broken-5"].result == "caf\ufffd"
    assert found["broken-4"].children == ("c1",)
    flawed = {name for name, one in found.items() if one.flaw is not None}
    assert {"broken-0", "broken-1", "broken-8", "broken-9", "broken-10"} <= flawed
    assert not flawed & set(ids)
    (folder / "celery-task-meta-a-folder").rmdir()
    assert len(everything(opened.url(f"file://{folder}"))) == len(BROKEN)


def test_custom_fields_and_stamps_are_meta(opened: Opened, redis_url: str) -> None:
    app = opened.app(redis_url)
    meta = {"status": "PROGRESS", "result": {"done": 3}, "task_id": "t", "tenant": "a", "stamp": 1}
    app.backend.client.set("celery-task-meta-t", json.dumps(meta))
    found = opened.source(app).one("t")
    assert found is not None
    assert (found.state, found.result, found.meta) == (
        "PROGRESS",
        {"done": 3},
        {"tenant": "a", "stamp": 1},
    )
    assert [one.id for one in everything(opened.source(app), "state:started")] == ["t"]


def test_one_result_has_its_group_and_what_else_is_kept(opened: Opened, redis_url: str) -> None:
    app = opened.app(redis_url)
    app.backend.save_group("group-1", Members(["t", "u", "v"]))
    meta = {"status": "SUCCESS", "result": 1, "task_id": "t", "group_id": "group-1"}
    meta |= {"parent_id": "p", "tenant": {"token": "abc"}}
    app.backend.client.set("celery-task-meta-t", json.dumps(meta))
    app.backend.set_chord_size("group-1", 3)
    app.backend.client.zadd(app.backend.get_key_for_group("group-1", ".j"), {"one": 1})
    found = results.ResultLookup(app, time.time).read_result("t")
    assert found.group is not None
    assert (found.group.members, found.group.missing) == (("t", "u", "v"), 2)
    assert (found.parent_id, found.meta) == ("p", "{'tenant': {'token': '**'}}")


@pytest.mark.parametrize("saved", ["{", "a list"])
def test_a_group_that_cannot_be_read_hides_no_result(
    opened: Opened, redis_url: str, saved: str
) -> None:
    app = opened.app(redis_url)
    client = app.backend.client
    meta = {"status": "SUCCESS", "result": 1, "task_id": "t", "group_id": "g"}
    client.set("celery-task-meta-t", json.dumps(meta))
    key = app.backend.get_key_for_group("g")
    if saved == "a list":
        client.lpush(key, "x")
    else:
        client.set(key, saved)
    found = results.ResultLookup(app, time.time).read_result("t")
    assert (found.status, found.result, found.error) == ("SUCCESS", "1", None)
    assert found.group is not None
    assert (found.group.id, found.group.members) == ("g", ())
    assert found.group.flaw
