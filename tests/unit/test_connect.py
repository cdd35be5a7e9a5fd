"""From Celery's own options to an app."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui import connect, masking
from celerytui.connect import PreloadOptions
from celerytui.errors import AppError, UsageError
from celerytui.masking import mask
from celerytui.wire import connections

PASSWORD = "s3cr3t-Pa55"


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the environment, the imported modules and the learnt secrets back as they were."""
    monkeypatch.setattr(masking._Known, "secrets", frozenset())
    monkeypatch.setattr(masking._Known, "pattern", None)
    monkeypatch.setattr(masking._Known, "words", None)
    environ, modules = dict(os.environ), set(sys.modules)
    yield
    os.environ.clear()
    os.environ.update(environ)
    for name in set(sys.modules) - modules:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if "pytest-of-" in origin:
            del sys.modules[name]


def app_on(url: Any = None, **conf: Any) -> Any:
    app = Celery("proj", set_as_current=False)
    app.conf.update(broker_url=url, **conf)
    return app


def test_secrets_are_learnt_from_all_of_the_apps_settings() -> None:
    app = app_on(
        "redis://:broker%2Fsecret@h;redis://:failoversecret@h2",
        result_backend="db+postgresql://u:backendsecret@h/db",
        broker_transport_options={"sentinel_kwargs": {"password": b"sentinelsecret"}},
        redis_password="redispassword",
    )
    connect.broker_url(app)
    for secret in (
        "broker/secret",
        "broker%2Fsecret",
        "failoversecret",
        "backendsecret",
        "sentinelsecret",
        "redispassword",
    ):
        assert secret not in mask(f"AUTH {secret} refused")


@pytest.mark.parametrize(
    ("url", "shown", "transport"),
    [
        (f"redis://:{PASSWORD}@h:1/2", "redis://:**@h:1/2", "redis"),
        (None, "amqp://guest:**@localhost:5672//", "amqp"),
        (["redis://h1", f"redis://:{PASSWORD}@h2"], "redis://h1;redis://:**@h2", "redis"),
        ("pyamqp://redis:redis@redis//", "pyamqp://redis:**@redis//", "amqp"),
        (f"amqp://u:12/{PASSWORD}@h", "amqp://u:**@h", "amqp"),
        ("filesystem://", "filesystem://", "filesystem"),
    ],
)
def test_the_brokers_url_without_its_password(url: Any, shown: str, transport: str) -> None:
    app = app_on(url)
    assert connect.broker_url(app) == shown
    assert connect.transport_name(app) == transport
    assert connect.app_name(app) == "proj"


def test_the_broker_that_is_read_is_the_one_named() -> None:
    app = app_on("redis://write", broker_read_url=f"redis://:{PASSWORD}@read/0")
    assert connect.broker_url(app) == "redis://:**@read/0"
    assert connections.read_connection(app).hostname == "read"
    assert connections.write_connection(app).hostname == "write"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nosuch://h", "broker nosuch://h: No such transport: nosuch"),
        ("redis://h:port", "not a valid URL"),
        ("amqp://u:123456/x@h:y", "not a valid URL"),
        ("rediss://h?ssl_cert_reqs=nonsense", "cannot be used: KeyError: nonsense"),
    ],
)
def test_a_broker_url_that_can_never_work(url: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        connect.check_broker(app_on(url))
    assert message in str(caught.value)
    assert "123456" not in str(caught.value)


def test_a_missing_client_library_is_named_with_what_installs_it() -> None:
    pytest.importorskip("kombu.transport.redis")
    import kombu.transport.redis as transport

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "redis", None)
        with pytest.raises(UsageError, match=r"Missing redis.*pip install 'celery\[redis\]'"):
            connect.check_broker(app_on("rediss://h"))


def module(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("broker", ["memory://", None])
def test_a_loader_that_is_not_there_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, broker: str | None
) -> None:
    for variable in ("CELERY_LOADER", "CELERY_BROKER_URL"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr("celery._state.default_app", None)
    monkeypatch.setattr("celery._state._tls.current_app", None)
    with pytest.raises(AppError, match=r"module nosuch\.Loader the following error") as caught:
        connect.load_app(PreloadOptions(loader="nosuch.Loader", broker=broker))
    assert "No module named 'nosuch'" in str(caught.value)


def test_what_the_options_say_is_in_the_environment_before_the_project_is_imported(
    project: Path,
) -> None:
    module(
        project,
        "early_app",
        "import os\nfrom celery import Celery\n"
        "seen = {k: v for k, v in os.environ.items() if k.startswith('CELERY_')}\n"
        "app = Celery('early', broker='redis://in-code', set_as_current=False)\n",
    )
    for variable in [name for name in os.environ if name.startswith("CELERY_")]:
        del os.environ[variable]
    app = connect.load_app(
        PreloadOptions(
            app="early_app",
            broker=f"redis://:{PASSWORD}@given",
            result_backend="redis://backend",
            loader="default",
            config="json",
            skip_checks=True,
        )
    )
    assert sys.modules["early_app"].seen == {
        "CELERY_BROKER_URL": f"redis://:{PASSWORD}@given",
        "CELERY_RESULT_BACKEND": "redis://backend",
        "CELERY_LOADER": "default",
        "CELERY_CONFIG_MODULE": "json",
        "CELERY_SKIP_CHECKS": "true",
    }
    assert connect.broker_url(app) == "redis://:**@given"


def test_an_error_in_the_project_is_shown_without_passwords(project: Path) -> None:
    module(project, "leaky_app", f"raise ValueError('redis://:{PASSWORD}@h and {PASSWORD}')\n")
    with pytest.raises(AppError) as caught:
        connect.load_app(PreloadOptions(app="leaky_app", broker=f"redis://:{PASSWORD}@h"))
    assert "ValueError: redis://:**@h and **" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_name_that_is_no_app(project: Path) -> None:
    module(project, "number_app", "app = 5\n")
    with pytest.raises(AppError, match="number_app is not a Celery app but of type int"):
        connect.load_app(PreloadOptions(app="number_app"))


def test_a_configuration_that_cannot_be_imported(project: Path) -> None:
    module(
        project,
        "confless_app",
        "from celery import Celery\napp = Celery('c', set_as_current=False)\n"
        "app.config_from_object('no_such_settings')\n",
    )
    with pytest.raises(AppError, match="no_such_settings"):
        connect.load_app(PreloadOptions(app="confless_app"))


def test_task_modules_are_imported_as_a_worker_does(project: Path) -> None:
    module(project, "listed_tasks", "")
    (project / "found_package").mkdir()
    module(project / "found_package", "__init__", "")
    module(project / "found_package", "tasks", "")
    module(
        project,
        "importing_app",
        "from celery import Celery\n"
        "app = Celery('i', include=['listed_tasks'], set_as_current=False)\n"
        "app.autodiscover_tasks(['found_package'])\n",
    )
    sys.path.insert(0, str(project))
    try:
        app = connect.load_app(PreloadOptions(app="importing_app"))
        assert "listed_tasks" not in sys.modules
        connect.import_task_modules(app)
    finally:
        sys.path.remove(str(project))
    assert {"listed_tasks", "found_package.tasks"} <= set(sys.modules)


def test_a_task_module_that_fails_is_named(project: Path) -> None:
    module(
        project,
        "half_app",
        "from celery import Celery\n"
        "app = Celery('half', include=['no_such_tasks'], set_as_current=False)\n",
    )
    app = connect.load_app(PreloadOptions(app="half_app"))
    with pytest.raises(AppError, match="no_such_tasks"):
        connect.import_task_modules(app)


class Dsn:
    """A URL as an object that has a text, as pydantic's are."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def test_a_broker_url_that_is_no_text_is_taken_by_its_text(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    module(
        project,
        "dsn_app",
        "from celery import Celery\n"
        "from tests.unit.test_connect import Dsn\n"
        "app = Celery('dsn', set_as_current=False)\n"
        f"app.conf.broker_url = Dsn('redis://:{PASSWORD}@h:1/2')\n"
        "app.conf.broker_read_url = [Dsn('redis://a'), Dsn('redis://b')]\n",
    )
    app = connect.load_app(PreloadOptions(app="dsn_app"))
    assert app.conf.broker_url == f"redis://:{PASSWORD}@h:1/2"
    assert connect.broker_url(app) == "redis://a;redis://b"
    assert connections.write_connection(app).port == 1


@pytest.mark.parametrize("url", ["redis://h:99999/0", "amqp://u:p@h:70000//"])
def test_a_port_that_is_none_is_named(url: str) -> None:
    with pytest.raises(UsageError, match="is no port: they go up to 65535"):
        connect.check_broker(app_on(url))


@pytest.mark.parametrize("scheme", ["confluentkafka", "kafka", "SLMQ", "pyro"])
def test_a_transport_that_kombu_imports_without_its_client_is_not_tried(scheme: str) -> None:
    module_name = connect.UNCHECKED[scheme.lower()]
    assert importlib.util.find_spec(module_name) is None
    with pytest.raises(UsageError) as caught:
        connect.check_broker(app_on(f"{scheme}://h"))
    assert f"No module named {module_name!r} (pip install '" in str(caught.value)


def test_each_transport_has_a_package_that_exists() -> None:
    from kombu.transport import TRANSPORT_ALIASES

    extras = {
        (package, extra)
        for package in ("celery", "kombu")
        for extra in importlib.metadata.metadata(package).get_all("Provides-Extra") or ()
    }
    ours = {scheme for scheme, path in TRANSPORT_ALIASES.items() if path.startswith("celerytui.")}
    bundled = {"amqp", "amqps", "pyamqp", "memory", "filesystem"}
    for scheme in TRANSPORT_ALIASES.keys() - bundled - ours:
        hint = connect.install_hint(scheme.lower())
        named = re.fullmatch(r"pip install '(celery|kombu)\[(\w+)\]'", hint)
        if named is None:
            assert hint == f"pip install {connect.PACKAGES[scheme]}"
        else:
            assert (named[1], named[2]) in extras
