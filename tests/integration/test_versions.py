"""Workers of the oldest Celery that is supported are driven as those of the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celerytui.control import Control
from tests.integration.cluster import oldest_celery
from tests.integration.servers import Process


def test_a_worker_of_celery_5_3_answers_the_survey(
    start_worker: Callable[..., Process], app: Any
) -> None:
    start_worker("old@test", python=oldest_celery())
    survey = Control(app, read_only=True, timeout=10.0).survey(["old@test"])
    assert survey.missing == ()
    assert survey.active == {"old@test": []}
    assert survey.stats["old@test"]["pool"]["max-concurrency"] == 2
