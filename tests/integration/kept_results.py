"""Apps whose results are kept in some backend, and what reads them back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui import results
from celerytui.query import parse_filter
from celerytui.results import Source, wanted
from tests.integration.servers import Server

SETEX = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
"""Celery's own client code of Redis."""

KINDS = ("redis", "sqlite", "postgresql", "mariadb", "files")


def backend_url(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of an empty backend of that kind, as Celery takes it."""
    if kind == "redis":
        return str(request.getfixturevalue("redis_url"))
    if kind == "sqlite":
        return f"db+sqlite:///{folder}/results.sqlite3"
    if kind == "files":
        (folder / "kept").mkdir()
        return f"file://{folder}/kept"
    server: Server = request.getfixturevalue(
        {"postgresql": "postgres_server", "mariadb": "mariadb_server"}[kind]
    )
    return f"db+{server.fresh_url()}"


class Opened:
    """The sources and apps of one test, which `close` closes."""

    def __init__(self) -> None:
        self._closing: list[Callable[[], None]] = []

    def source(self, app: Any) -> Source:
        """The source on the backend of an app."""
        return self._kept(results.open_source(app))

    def url(self, url: str) -> Source:
        """The source at a URL."""
        return self._kept(results.open_url(url))

    def app(self, url: str, **conf: Any) -> Celery:
        """An app that runs its tasks where they are sent, and stores what comes of them."""
        app = Celery("kept", backend=url, set_as_current=False)
        app.conf.update(
            task_always_eager=True, task_store_eager_result=True, result_extended=True, **conf
        )
        if url.startswith("redis"):
            self._closing.append(app.backend.client.connection_pool.disconnect)
        app.task(add, name="shop.add", shared=False)
        app.task(fail, name="shop.fail", shared=False)
        return app

    def close(self) -> None:
        """Close them, the newest first."""
        while self._closing:
            self._closing.pop()()

    def _kept(self, source: Source) -> Source:
        self._closing.append(source.close)
        return source


def add(x: Any, y: Any = 0) -> Any:
    """A task that succeeds."""
    return x + y


def fail(text: str) -> None:
    """A task that fails."""
    raise ValueError(text)


def everything(source: Source, query: str = "", *, size: int = 3, **more: Any) -> list[Any]:
    """What a filter lets through of all results."""
    asked = wanted(parse_filter(query), time.time(), **more)
    pages = source.pages(asked, size)
    return [one for page in pages for one in page.results if asked.admits(one)]


def run(app: Any, count: int) -> list[str]:
    """Ids of tasks that ran one after the other, the last of which failed."""
    ids = [app.tasks["shop.add"].apply_async((number,), {"y": 2}).id for number in range(count)]
    return [*ids, app.tasks["shop.fail"].apply_async(("señor",)).id]


QUERIES = (
    *("state:failure", "-state:success", "state:succ*", "name:add", "name:shop.*"),
    *("name:=shop.fail", "name:ADD args:3", "worker:nobody", "result:5 OR state:failure"),
    *("finished:>-1h", "finished:<-1h", "exception:señor", "kwargs.y:2 -args:1", "id:0,1,2,3"),
)


class Members(list[str]):
    """A GroupResult's tuple, without the objects that subscribe to each result."""

    def as_tuple(self) -> Any:
        """As Celery's own has it."""
        return (("group-1", None), [((one, None), None) for one in self])


BROKEN = (
    b"\xff\xfe\x00broken",
    b"{",
    b"[1, 2]",
    b"null",
    b'{"status": 7, "result": {"a": NaN}, "children": [[["c1", null], null], 5, {}], "name": [1]}',
    b'{"status": "SUCCESS", "result": "caf\xe9"}',
    b'{"status": "FAILURE", "result": "not a dict", "traceback": 5, "date_done": "soon"}',
    b'{"status": "SUCCESS", "retries": "many", "date_done": 1e400, "worker": {}}',
    b"\x80\x04cos\nsystem\n(S'touch /tmp/never'\ntR.",
    b"\x00celery-compressed\x00application/x-gzip\x00not gzip",
    b"[" * 100_000,
)
"""What a backend may hold in place of a result."""
