from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.order import places

# No limit of time, which a busy machine would not keep, and no examples kept from another run. For
# a change to be judged the examples are the same each time; `make test` draws new ones.
settings.register_profile(
    "new", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("new"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "new")


@given(st.none())
def _first_example(_: None) -> None:
    """Have Hypothesis make its random numbers, for which it asks the collector who holds them.

    That does not know who was set aside.
    """


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests are no garbage: the collector leaves them alone, then and later."""
    gc.disable()
    try:
        return (yield)
    finally:
        _first_example()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread what waits among what reckons, for processes that take one file after the other."""
    if hasattr(config, "workerinput"):
        place = places(item.path for item in items)
        items.sort(key=lambda item: (place[item.path], item.path))


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of actions goes to a folder of this test session, never to the user's own."""
    folder = tmp_path_factory.getbasetemp() / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_current_app() -> Iterator[None]:
    """An app that a test made is nobody's current one afterwards, for what looks for the app."""
    yield
    state = sys.modules.get("celery._state")
    if state is not None:
        state._set_current_app(None)
