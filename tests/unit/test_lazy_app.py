"""Celery's default app, loaded when it is needed, and only where nothing can be wrong with it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui import connect
from celerytui.connect import PreloadOptions
from celerytui.lazy_app import LazyApp
from celerytui.masking import mask


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (*connect.CONFIGURING, "CELERY_BROKER_URL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path


def test_it_is_loaded_once_whoever_asks() -> None:
    made: list[Any] = []

    def load() -> Any:
        made.append(Celery("late", set_as_current=False))
        return made[-1]

    app = LazyApp("redis://h", load)
    assert made == []
    threads = [threading.Thread(target=lambda: app.conf) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert app.loaded() is made[0]
    assert app.tasks is made[0].tasks


def test_what_failed_to_load_is_tried_again() -> None:
    outcomes = iter([ValueError("not yet"), "the app"])

    def load() -> Any:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    app = LazyApp("redis://h", load)
    with pytest.raises(ValueError, match="not yet"):
        app.loaded()
    assert app.loaded() == "the app"


def test_its_name_and_masked_broker_are_known_before() -> None:
    app = connect.lazy_app(PreloadOptions(broker="redis://me:sesame-9@h:6380/2"))
    assert app is not None
    assert connect.app_name(app) == "default"
    assert connect.broker_url(app).endswith("@h:6380/2")
    assert "sesame-9" not in connect.broker_url(app)
    assert "sesame-9" not in mask("the password is sesame-9")


@pytest.mark.parametrize(
    "broker",
    [
        "redis://h",
        "redis://h:6379/0",
        "redis://h:63790/0",
        "redis://:pw@10.0.0.7:6379/1",
        "amqp://a:b%2Fc@h//",
        "amqp://h/v",
    ],
)
def test_an_app_that_comes_late_is_the_one_that_comes_at_once(broker: str) -> None:
    preload = PreloadOptions(broker=broker)
    late = connect.lazy_app(preload)
    if broker.endswith("//"):
        assert late is None
        return
    app = connect.load_app(preload)
    assert late is not None
    assert late.loaded().main == app.main == late.main
    assert connect.broker_url(late) == connect.broker_url(app)
    assert connect.loaded(late) is late.loaded()
    connect.check_broker(app)


@pytest.mark.parametrize(
    "broker",
    [
        None, "", "redis", "rediss://h", "redis://h:port", "redis://:pa/ss@h", "redis://h;redis://i",
        "redis+socket:///tmp/s", "sentinel://h", "sqs://", "memory://", "redis://h:99999/0",
        "redis://h/0?ssl_cert_reqs=none", "nosuch://h",
    ],
)  # fmt: skip
def test_an_unusual_broker_is_looked_at_before_the_screen(broker: str | None) -> None:
    assert connect.lazy_app(PreloadOptions(broker=broker)) is None


@pytest.mark.parametrize(
    "options", [{"app": "proj"}, {"loader": "default"}, {"config": "settings"}], ids=str
)
def test_what_imports_a_project_is_loaded_before_the_screen(options: dict[str, str]) -> None:
    assert connect.lazy_app(PreloadOptions(broker="redis://h", **options)) is None  # type: ignore[arg-type]  # the fields of the options


@pytest.mark.parametrize("name", connect.CONFIGURING)
def test_a_variable_that_configures_celery_is_heeded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also an empty one: Celery fails on it, and says so best before the screen is there."""
    monkeypatch.setenv(name, "")
    assert connect.lazy_app(PreloadOptions(broker="redis://h")) is None


def test_a_configuration_beside_us_is_loaded_before_the_screen(empty_folder: Path) -> None:
    (empty_folder / "celeryconfig.py").write_text("")
    assert connect.lazy_app(PreloadOptions(broker="redis://h")) is None
