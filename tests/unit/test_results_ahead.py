"""What reads results is imported ahead of the first question, once, whatever comes of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from celerytui import results
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
    ahead = ResultsAhead(lambda: "app")
    ahead.run(stopping)
    assert tried == []
    assert not ahead.done.is_set()
