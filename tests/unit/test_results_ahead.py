"""What reads results is imported ahead of the first question, once, whatever comes of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from celery import Celery
from celery.backends.base import BaseBackend

from celerytui import results
from celerytui.connect import keeps_results
from celerytui.engine.results_ahead import ResultsAhead
from celerytui.errors import BackendUnavailable


@pytest.mark.parametrize(
    "error", [BackendUnavailable("the app has no result backend"), RuntimeError("a broken one")]
)
def test_a_backend_that_cannot_be_imported_is_left_to_who_asks(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def prepare(app: object) -> None:
        tried.append(app)
        raise error

    monkeypatch.setattr(results, "prepare", prepare)
    ahead = ResultsAhead(lambda: "app")
    ahead.now()
    ahead.now()
    assert ahead.done.is_set()
    assert tried == ["app"]


def test_it_ends_with_the_engine_before_it_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(results, "prepare", tried.append)
    stopping = threading.Event()
    stopping.set()
    ahead = ResultsAhead(lambda: Celery("shop", set_as_current=False))
    assert ahead.kept is None
    ahead.run(stopping)
    assert tried == []
    assert not ahead.done.is_set()
    assert ahead.kept is False


@pytest.mark.parametrize(
    ("backend", "kept"),
    [
        (None, False),
        ("disabled", False),
        ("disabled://", False),
        ("rpc://", False),
        ("redis://localhost/0", True),
        ("django-db", True),
        ("db+sqlite:///results.db", True),
        ("shop.backends:Own", True),
        (BaseBackend, True),
    ],
)
@pytest.mark.parametrize("by_setting", [True, False])
def test_an_app_says_whether_it_keeps_results(backend: Any, kept: bool, by_setting: bool) -> None:
    app = Celery("shop", set_as_current=False, backend=None if by_setting else backend)
    if by_setting:
        app.conf.result_backend = backend
    assert keeps_results(app) is kept
