"""No pickle that comes from the cluster is executed, whatever the app accepts."""

from __future__ import annotations

import json
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from kombu.serialization import registry

from celerytui.control.pidbox import Ask, Pidbox
from celerytui.engine import Engine
from celerytui.results import ResultLookup
from celerytui.settings import Settings
from celerytui.wire import pickles
from celerytui.wire.decode import EventDecoder
from celerytui.wire.result_backend import NoBackend, task_meta

Bomb = Callable[[], bytes]


class _Charge:
    def __init__(self, place: Path) -> None:
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self._place),))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Is there once a bomb has gone off."""
    yield tmp_path / "sprung"
    pickles.allow(False)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "results").mkdir()
    app = Celery("proj", broker="memory://", set_as_current=False)
    app.conf.update(
        result_backend=f"file://{tmp_path}/results",
        accept_content=["json", "pickle"],
        task_serializer="pickle",
        result_serializer="pickle",
        event_serializer="pickle",
    )
    yield app
    app.close()


def bomb(place: Path, **fields: Any) -> bytes:
    return pickle.dumps({**fields, "result": _Charge(place)})


def reply_of(app: Any, body: bytes, content_type: str = pickles.PICKLE) -> tuple[Pidbox, Ask]:
    """A conversation in which this was the one reply."""
    box = Pidbox(app, 1.0, threading.Event())
    ask = Ask("ticket", None, {})
    box._asks["ticket"] = ask
    message = SimpleNamespace(
        headers={"ticket": "ticket"},
        body=body,
        content_type=content_type,
        content_encoding="binary",
    )
    box._replies = SimpleNamespace(take=lambda: [message])
    assert box._take_replies()
    return box, ask


def test_a_worker_that_replies_with_one_is_not_read_and_that_is_said(app: Any, place: Path) -> None:
    box, ask = reply_of(app, bomb(place))

    assert ask.answers == {}
    assert "--allow-pickle" in box.silence
    assert not place.exists()


def test_an_event_that_is_one_is_not_read(app: Any, place: Path) -> None:
    decoder = EventDecoder(app.conf.event_serializer)
    decoder.add(bomb(place, type="task-succeeded"), pickles.PICKLE, "binary")

    batch = decoder.take()
    assert batch is not None
    assert (batch.events, batch.invalid) == ([], 1)
    assert "--allow-pickle" in (decoder.refuses or "")
    assert not place.exists()


def test_a_result_that_is_one_is_not_read(app: Any, place: Path, tmp_path: Path) -> None:
    (tmp_path / "results" / "celery-task-meta-x").write_bytes(
        bomb(place, status="SUCCESS", task_id="x")
    )

    assert "--allow-pickle" in (ResultLookup(app, lambda: 0.0).read_result("x").flaw or "")
    with pytest.raises(NoBackend, match="--allow-pickle"):
        task_meta(app, "x")
    assert not place.exists()


def test_nor_is_one_that_a_backend_reads_by_itself(app: Any, place: Path) -> None:
    """Celery's SQL backends keep results in columns that are pickles."""
    app.conf.result_serializer = "json"
    body = bomb(place, status="SUCCESS")
    backend = app.backend
    backend._get_task_meta_for = lambda task_id: pickle.loads(body)

    with pytest.raises(ValueError, match="--allow-pickle"):
        task_meta(app, "x")
    assert not place.exists()
    # What is made of texts and numbers runs nothing.
    body = pickle.dumps({"status": "SUCCESS", "result": 7, "task_id": "x", "children": []})
    assert task_meta(app, "x")["result"] == 7


def test_nor_is_one_by_a_serializer_of_the_apps_own(app: Any, place: Path) -> None:
    serializers: Any = registry
    serializers.register("own", pickle.dumps, pickle.loads, "application/x-own", "binary")
    try:
        app.conf.accept_content = ["own"]
        _, ask = reply_of(app, bomb(place), "application/x-own")
        decoder = EventDecoder("own")
        decoder.add(bomb(place, type="task-succeeded"), "application/x-own", "binary")
        batch = decoder.take()
    finally:
        serializers.unregister("own")

    assert ask.answers == {}
    assert batch is not None
    assert (batch.events, batch.invalid) == ([], 1)
    assert not place.exists()


def test_only_who_allows_it_has_them_read(app: Any, place: Path, tmp_path: Path) -> None:
    Engine(app, Settings(allow_pickle=True))
    _, ask = reply_of(app, pickle.dumps({"w@h": {"ok": "pong"}}))
    assert ask.answers == {"w@h": {"ok": "pong"}}
    (tmp_path / "results" / "celery-task-meta-x").write_bytes(
        bomb(place, status="SUCCESS", task_id="x", children=[])
    )
    assert ResultLookup(app, lambda: 0.0).read_result("x").status == "SUCCESS"
    assert place.exists()

    Engine(app, Settings())
    assert "--allow-pickle" in (ResultLookup(app, lambda: 0.0).read_result("x").flaw or "")


def test_the_programs_own_pickles_are_read_as_before(place: Path) -> None:
    with pickles.foreign():
        pass
    pickle.loads(bomb(place))
    assert place.exists()


def test_a_type_that_only_the_workers_app_knows_costs_no_reply(app: Any) -> None:
    body = json.dumps({"w@h": [{"__type__": "money", "__value__": "7 EUR"}]}).encode()
    _, ask = reply_of(app, body, "application/json")

    assert ask.answers == {"w@h": [{"__type__": "money", "__value__": "7 EUR"}]}
