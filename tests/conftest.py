from __future__ import annotations

from pathlib import Path

import pytest

# These race with servers, workers and terminals of their own on a machine that may be busy. What
# fails twice fails; what failed once is counted in the closing line.
REAL = ("tests/integration/", "tests/e2e/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests on real servers and terminals a second try."""
    for item in items:
        if item.nodeid.startswith(REAL):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of actions goes to a folder of this test session, never to the user's own."""
    folder = tmp_path_factory.getbasetemp() / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
