"""Masking, and from Celery's own options to an app."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from celerytui import connect, masking
from celerytui.connect import PreloadOptions
from celerytui.errors import AppError, UsageError
from celerytui.masking import mask, mask_url
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


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("redis://:pw@host:6379/0", "redis://:**@host:6379/0"),
        ("amqp://user:pw@host//", "amqp://user:**@host//"),
        ("amqp://user@host//", "amqp://user@host//"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("sentinel://:pw@h1;sentinel://:pw2@h2", "sentinel://:**@h1;sentinel://:**@h2"),
        ("amqp://a:b@h1//,amqp://c:d@h2//", "amqp://a:**@h1//,amqp://c:**@h2//"),
        ("mongodb://u:p@h1:1,h2:2/db", "mongodb://u:**@h1:1,h2:2/db"),
        ("sqla+mysql://root:masterkey@localhost/x", "sqla+mysql://root:**@localhost/x"),
        ("rediss://:p%40s%2Fs@h/0?ssl_cert_reqs=none", "rediss://:**@h/0?ssl_cert_reqs=none"),
        ("amqp://u:p@ss@host//", "amqp://u:**@host//"),
        ("amqp://u:pa/ss@host//", "amqp://u:**@host//"),
        ("amqp://u:pa?s#s@host//", "amqp://u:**@host//"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("redis://h/0?password=abc&x=1", "redis://h/0?password=**&x=1"),
        ("https://h:4873/@scope/pkg", "https://h:4873/@scope/pkg"),
        ("Error with 'redis://:pw@h/0': refused", "Error with 'redis://:**@h/0': refused"),
        ('["redis://:pw@h", "amqp://u:p@h"]', '["redis://:**@h", "amqp://u:**@h"]'),
        ("no url in here: a:b@c", "no url in here: a:b@c"),
        ("psql: host=h password=pw user=u", "psql: host=h password=** user=u"),
        ("https://h/x?api_key=pw&y=1", "https://h/x?api_key=**&y=1"),
        ("sent Authorization: Bearer abcd.efgh-ij", "sent Authorization: Bearer **"),
        ("Basic tasks run", "Basic tasks run"),
    ],
)
def test_passwords_in_urls_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("u:PW@host", "u:**@host"),
        ("u:PW@host:5672/vhost", "u:**@host:5672/vhost"),
        ("redis//u:PW@h", "redis//u:**@h"),
        ("redis:/u:PW@h", "redis:**@h"),
        ("amqp://h?api_key=PW", "amqp://h?api_key=**"),
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("h:6379", "h:6379"),
    ],
)
def test_a_mistyped_url_shows_no_password_and_one_is_learnt_from_it(url: str, shown: str) -> None:
    assert mask_url(url) == shown
    learnt = {one for one in masking.secrets_in({"broker_url": url}) if "PW" in one}
    assert bool(learnt) is ("PW" in url)
    assert all("PW" in one for one in learnt)


SETTINGS: dict[str, Any] = {
    "broker_url": "u:PW@host",
    "broker_read_url": ["redis//u:PW@h1", "amqp://u:PW@h2"],
    "result_backend": "db+postgresql://u:PW@h/db?sslpassword=PW",
    "broker_transport_options": {
        "sentinel_kwargs": {"pwd": "PW", "deep": [{"api_key": "PW"}, ("auth", "PW")]},
        "credentials": {"user": "PW", "keys": [1234567, "PW", {"any": ("PW",)}], "on": True},
        "headers": {"Authorization": "Bearer PWPWPWPW"},
        "extra_headers": [["Authorization", "PW"], ("X-Api-Key", "PW")],
    },
    "sentry_dsn": "https://PW@sentry.example/5",
    "reporting": "host=db user=u password='PW' dbname=x",
    "odbc": "DRIVER=x;UID=sa;PWD=PW;",
    "access_token": 1234567,
}


def test_no_secret_of_a_workers_settings_is_shown() -> None:
    shown = repr(masking.masked(SETTINGS))

    assert "PW" not in shown.replace("PWD", "")
    assert "1234567" not in shown
    for kept in ("'broker_url': 'u:**@host'", "dbname=x", "sentinel_kwargs", "'on': True"):
        assert kept in shown


def test_nor_is_one_in_the_report_of_them() -> None:
    report = "\n".join(f"{name}: {value!r}" for name, value in SETTINGS.items())

    shown = str(masking.masked(report))

    assert "PW" not in shown.replace("PWD", "").replace("redis//u:PW@h1", "")
    assert "u:**@host" in shown
    assert "task_queues: ['mail']" in str(masking.masked("task_queues: ['mail']\npassword: 'a'"))


any_settings = st.recursive(
    st.sampled_from(["PW", 1, None, True, "x PW y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(any_settings, st.sampled_from(["pwd", "db_password", "credentials", "Authorization", "dsn"]))
def test_whatever_stands_below_a_secrets_name_is_masked(value: Any, name: str) -> None:
    assert "PW" not in repr(masking.masked({"outer": [{name: value}]}))


def test_what_is_no_secret_below_one_is_not_masked_in_every_text() -> None:
    options = {"credentials": {"type": "service", "user": "shop", "private": "verysecret"}}
    assert list(masking.secrets_in(options)) == ["verysecret"]


secret_text = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="*'\"<>`;,"),
    min_size=6,
)


@settings(deadline=None)
@given(secret_text, st.sampled_from(["amqp://user:{}@broker.example//", "redis://:{}@h:1/0"]))
def test_no_learnt_password_survives_in_any_spelling(password: str, url: str) -> None:
    from urllib.parse import quote

    # Words of every other message, and of this URL, are left alone: see masking.COMMON_WORDS.
    assume(password.lower() not in {*masking.COMMON_WORDS, "broker.example"})
    masking.learn(masking.passwords_in(url.format(quote(password, safe=""))))
    for text in (password, quote(password, safe=""), repr(password)[1:-1], repr({"p": password})):
        said = f"auth failed with {text} today"
        shown = masking.one_line(OSError(said)) if masking.WORD.fullmatch(password) else mask(said)
        assert shown.replace(masking.MASK, "").count(text) == 0


@settings(deadline=None)
@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@settings(deadline=None)
@given(st.text(st.sampled_from("a1:/@;,?#&= .+[]"), max_size=60))
def test_masking_never_fails_and_never_shows_what_is_between_colon_and_at(rest: str) -> None:
    shown = mask(f"redis://:{PASSWORD}@{rest}")
    assert PASSWORD not in shown
    assert PASSWORD not in mask_url(f"redis://:{PASSWORD}@{rest}")


def test_masking_a_long_text_takes_no_time() -> None:
    begin = time.thread_time()
    for hostile in ("a" * 10**6, "://" * 10**5, "a;" * 10**5, "[" * 10**5, "?token" * 10**5):
        mask(hostile)
        mask("x://" + hostile)
    assert time.thread_time() - begin < 10


def test_a_common_word_is_no_secret() -> None:
    masking.learn(["guest", "celery"])
    assert mask("user guest is refused by celery") == "user guest is refused by celery"


def test_a_short_secret_is_masked_as_a_word() -> None:
    masking.learn(["ab1"])
    assert mask("ab1 'ab1' cab1x") == "** '**' cab1x"


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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("azurestoragequeues://Zm9vYmFy@https://x.queue.core.windows.net",
         "azurestoragequeues://**@https://x.queue.core.windows.net"),
        ("azurestoragequeues://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=aB+/c==;E=f",
         "azurestoragequeues://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=**;E=f"),
        ("azureservicebus://policy:aB+/c9=@shop.servicebus.windows.net",
         "azureservicebus://policy:**@shop.servicebus.windows.net"),
        ("azureblockblob://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=aB+/c==",
         "azureblockblob://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=**"),
        ("Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=aB+/c9=",
         "Endpoint=sb://x/;SharedAccessKeyName=**;SharedAccessKey=**"),
        ("https://x.blob.core.windows.net/c?sv=2020&sig=aB%2Fc%3D&se=2027",
         "https://x.blob.core.windows.net/c?sv=2020&sig=**&se=2027"),
        ("AccountKey=aB+/c==", "AccountKey=**"),
        ("https://ghp0123456789abcdefABCDEF@github.com/a", "https://**@github.com/a"),
        ("ssh://git@github.com/a", "ssh://git@github.com/a"),
        ("design=1&config=2", "design=1&config=2"),
    ],
)  # fmt: skip
def test_keys_and_signatures_are_masked_in_every_spelling(url: str, shown: str) -> None:
    assert mask(url) == shown
    assert mask_url(url) == shown
    assert mask(shown) == shown


def test_a_key_without_a_user_is_learnt() -> None:
    url = "azurestoragequeues://Zm9vYmFy@https://x"
    assert list(masking.passwords_in(url)) == ["Zm9vYmFy"]


def test_a_password_that_is_a_word_is_masked_where_errors_quote_it_and_nowhere_else() -> None:
    masking.learn(masking.passwords_in("redis://:billing@h/0"))
    assert mask("billing.charge[...] succeeded in the queue billing") == (
        "billing.charge[...] succeeded in the queue billing"
    )
    assert mask("redis://:billing@h/0") == "redis://:**@h/0"
    assert masking.one_line(ValueError("invalid literal 'billing'")) == "invalid literal '**'"


@pytest.mark.parametrize("short", ["x", "9", "a1", "##"])
def test_a_piece_of_one_or_two_characters_is_not_masked_in_every_text(short: str) -> None:
    masking.learn([short])
    assert mask(f"task {short} of {short}{short}") == f"task {short} of {short}{short}"
