"""The fixtures themselves: a real worker of the sample project runs a task on each broker."""

from collections.abc import Callable
from typing import Any

from tests.integration.servers import Process


def test_a_real_worker_runs_the_sample_project(
    app: Any, start_worker: Callable[..., Process]
) -> None:
    start_worker("w1@test", pool="prefork", concurrency=1)

    assert app.send_task("proj.add", (2, 3)).get(timeout=20) == 5


def test_another_test_sees_nothing_of_it(app: Any) -> None:
    assert app.control.ping(timeout=1.0) == []
