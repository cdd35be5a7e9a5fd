"""Loads the app from Celery's options, and describes it without connecting.

Celery is imported inside the functions: the first frame does not wait for it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from celerytui.errors import AppError, UsageError
from celerytui.lazy_app import LazyApp
from celerytui.masking import learn, mask, mask_url, secrets_in

__all__ = [
    "PreloadOptions",
    "app_name",
    "broker_url",
    "check_broker",
    "import_task_modules",
    "lazy_app",
    "learn_secrets",
    "load_app",
    "loaded",
    "names_no_queue",
    "ready",
    "restore_local_time",
    "transport_name",
]

BUNDLES = {
    "rediss": "redis",
    "sentinel": "redis",
    "sqla": "sqlalchemy",
    "kafka": "confluentkafka",
}
"""The extras that install a transport's client, if they have another name."""
PACKAGES = {"etcd": "python-etcd"}
"""The packages of clients for which there is no extra."""
UNCHECKED = {
    "confluentkafka": "confluent_kafka",
    "kafka": "confluent_kafka",
    "slmq": "softlayer_messaging",
    "pyro": "Pyro4",
}
"""Transports that kombu imports without their client, and the module of that."""
KEEP_NOTHING = ("disabled", "rpc")
"""The result backends of which nothing can be read: one is none, one sends results to callers."""
URL_SETTINGS = ("broker_url", "broker_read_url", "broker_write_url", "result_backend")

SURE_URL = (
    r"(?P<scheme>redis|amqp)://([^@/?#;,]*@)?[A-Za-z0-9.-]+"
    r"(:([1-5]?[0-9]{1,4}|6[0-4][0-9]{3}))?(/[A-Za-z0-9_]*)?"
)
"""URLs that are valid for certain, without a check by the broker's client."""
CONFIGURING = (
    "CELERY_LOADER",
    "CELERY_CONFIG_MODULE",
    "CELERY_BROKER_READ_URL",
    "CELERY_BROKER_WRITE_URL",
)
CONFIG_MODULE = "celeryconfig"


class PreloadOptions(NamedTuple):
    """The given values of Celery's preload options, by parameter name."""

    app: str | None = None
    broker: str | None = None
    result_backend: str | None = None
    loader: str | None = None
    config: str | None = None
    workdir: str | None = None
    no_color: bool = False
    quiet: bool = False
    skip_checks: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> PreloadOptions:
        """Those among click's `params`."""
        return cls(**{name: params[name] for name in cls._fields if name in params})


def load_app(preload: PreloadOptions) -> Any:
    """The Celery app of the options, else Celery's default app.

    Sets the environment variables that Celery's own command sets, before anything of the project
    is imported, so that -b wins over what the app says. Raises AppError with Celery's text.
    """
    _set_environment(preload)
    named = preload.app or preload.loader or preload.config or "celeryconfig"
    with _without_exit(named), _same_local_time():
        return _loaded_app(preload, named)


def _loaded_app(preload: PreloadOptions, named: str) -> Any:
    if preload.app is None:
        from celery._state import get_current_app

        app = get_current_app()
    else:
        app = _find_app(preload.app)
    try:
        # Reads the configuration, which is lazy and may fail to import, as may the loader.
        _take_texts(app.conf)
        learn_secrets(app)
    except Exception as error:
        raise _failed_to_load(named) from error
    return app


def lazy_app(preload: PreloadOptions) -> LazyApp | None:
    """Celery's default app on a broker, loaded on first use; None if loading it can fail.

    That is where a project, a configuration or a loader is imported, or the URL is an unusual one.
    """
    sure = re.fullmatch(SURE_URL, preload.broker or "")
    if sure is None or preload.app or preload.loader or preload.config:
        return None
    if any(name in os.environ for name in CONFIGURING) or _has_config():
        return None
    if importlib.util.find_spec(sure["scheme"]) is None:
        return None
    _set_environment(preload)

    def load() -> Any:
        app = load_app(preload)
        import_task_modules(app)
        return app

    return LazyApp(preload.broker or "", load)


def loaded(app: Any) -> Any:
    """The app itself, loaded now if it was not yet."""
    return app.loaded() if isinstance(app, LazyApp) else app


def ready(app: Any) -> Any:
    """The app itself, after Celery's lazy imports: threads can then share it.

    Opens no connection. What cannot be imported fails again where it is used, with its reason.
    """
    app = loaded(app)
    with contextlib.suppress(Exception):
        app.amqp, app.control, app.events  # noqa: B018  each imports when read
        app.connection_for_read().transport.Channel  # noqa: B018  likewise
    with contextlib.suppress(Exception):
        app.tasks  # noqa: B018  completes the app, with tasks that import the result backends
    return app


def import_task_modules(app: Any) -> None:
    """Import what a worker would import (`imports`, `include`, autodiscovery).

    To be called on the main thread: projects install signal handlers and patch modules. Raises
    AppError.
    """
    try:
        with _without_exit(app_name(app)), _same_local_time():
            app.loader.import_default_modules()
    except AppError:
        raise
    except Exception as error:
        raise _failed_to_load(app_name(app)) from error
    learn_secrets(app)


def check_broker(app: Any) -> None:
    """Raise UsageError if the broker's URL is invalid or its client is missing.

    Opens no connection.
    """
    url = broker_url(app)
    scheme = url.partition("://")[0].partition("+")[0].lower()
    client = UNCHECKED.get(scheme)
    if client is not None and importlib.util.find_spec(client) is None:
        raise UsageError(f"broker {url}: No module named {client!r} ({install_hint(scheme)})")
    try:
        app.connection_for_read().transport  # noqa: B018  reading it imports it
    except ImportError as error:
        raise UsageError(f"broker {url}: {mask(str(error))} ({install_hint(scheme)})") from error
    except ValueError as error:
        if port := _no_port(url):
            raise UsageError(f"broker {url}: {port} is no port: they go up to 65535") from error
        # Its text quotes a piece of the password where that has an unquoted "/".
        raise UsageError(
            f"broker {url}: not a valid URL; percent-encode the special characters of its password"
        ) from error
    except Exception as error:
        # Celery's own words for a transport that it does not know; the client's are terse.
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else ""
        if not text.startswith("No such transport"):
            text = f"cannot be used: {type(error).__name__}: {text or error}"
        raise UsageError(f"broker {url}: {mask(text)}") from error


def install_hint(scheme: str) -> str:
    """The command that installs a transport's client, as the installed Celery and kombu name it."""
    from importlib.metadata import metadata  # the first frame needs none

    extra = BUNDLES.get(scheme, scheme)
    for package in ("celery", "kombu"):
        if extra in (metadata(package).get_all("Provides-Extra") or ()):
            return f"pip install '{package}[{extra}]'"
    return f"pip install {PACKAGES.get(scheme, scheme)}"


def app_name(app: Any) -> str:
    """The app's own name, "celery" if it has none."""
    return str(app.main or "celery")


def broker_url(app: Any) -> str:
    """The URL of the broker for reading, or the ";" list of them, without passwords."""
    if isinstance(app, LazyApp):
        return mask_url(app.broker)
    learn_secrets(app)
    url = app.conf.broker_read_url
    if not url:
        return mask(str(app.connection_for_read().as_uri()))
    return mask_url(url if isinstance(url, str) else ";".join(map(str, url)))


def names_no_queue(app: Any) -> bool:
    """Whether the default queue is Celery's own default: no app and no setting is given."""
    return app_name(app) == "default" and not (
        {"task_default_queue", "CELERY_DEFAULT_QUEUE"} & set(app.conf.table(with_defaults=False))
    )


def transport_name(app: Any) -> str:
    """The broker's transport in one word: redis, amqp, filesystem, sqs ..."""
    connection = app.connection_for_read()
    alias = connection.transport_cls
    if isinstance(alias, str) and alias.isidentifier():
        return "amqp" if alias == "pyamqp" else alias
    # A class, or the dotted name of one.
    return str(connection.transport.driver_type)


def keeps_results(app: Any) -> bool:
    """Whether an app's settings name a backend that keeps results; makes none."""
    named = app.backend_cls or app.conf.result_backend
    if not isinstance(named, str):
        return named is not None
    return named.partition(":")[0] not in ("", *KEEP_NOTHING)


def learn_secrets(app: Any) -> None:
    """Mask every password in the app's configuration from now on."""
    conf = app.conf
    learn(
        secrets_in(
            {
                "urls": [
                    conf.broker_url,
                    conf.broker_read_url,
                    conf.broker_write_url,
                    conf.result_backend,
                ],
                "changed": conf.table(with_defaults=False, censored=False),
            }
        )
    )


def _take_texts(conf: Any) -> None:
    """Have the URLs be texts: a project may set them to objects that have one (pydantic's DSNs)."""
    for name in URL_SETTINGS:
        url = conf.get(name)
        if isinstance(url, (list, tuple)):
            conf[name] = [str(one) for one in url]
        elif url is not None and not isinstance(url, (str, bool)) and not callable(url):
            conf[name] = str(url)


def _no_port(url: str) -> str | None:
    """What stands for a port in a URL and is too large for one."""
    ports = re.findall(r":(\d{1,9})(?=[/?;,]|$)", url)
    return next((port for port in ports if int(port) > 65535), None)


def _has_config() -> bool:
    # Celery looks for it in the folder that it runs in as well.
    return (
        os.path.exists(f"{CONFIG_MODULE}.py")
        or os.path.isdir(CONFIG_MODULE)
        or importlib.util.find_spec(CONFIG_MODULE) is not None
    )


def _set_environment(preload: PreloadOptions) -> None:
    for variable, value in (
        ("CELERY_LOADER", preload.loader),
        ("CELERY_BROKER_URL", preload.broker),
        ("CELERY_RESULT_BACKEND", preload.result_backend),
        ("CELERY_CONFIG_MODULE", preload.config),
        ("CELERY_SKIP_CHECKS", "true" if preload.skip_checks else None),
    ):
        if value:
            os.environ[variable] = value
    learn(secrets_in([preload.broker, preload.result_backend]))


def _find_app(name: str) -> Any:
    from celery.app.utils import find_app

    try:
        app = find_app(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise _failed_to_load(name) from error
        raise AppError(
            f"Unable to load celery application.\nThe module {error.name} was not found."
        ) from error
    except AttributeError as error:
        text = str(error.args[0]).capitalize() if error.args else ""
        raise AppError(f"Unable to load celery application.\n{text}") from error
    except Exception as error:
        raise _failed_to_load(name) from error
    if not hasattr(app, "user_options"):
        raise AppError(
            f"Unable to load celery application.\n{name} is not a Celery app but"
            f" of type {type(app).__name__}"
        )
    return app


@contextlib.contextmanager
def _without_exit(name: str) -> Iterator[None]:
    """A project that calls sys.exit while it is imported fails to load, in its own words."""
    try:
        yield
    except SystemExit as error:
        words = f": {error.code}" if isinstance(error.code, str) else f" (status {error.code})"
        raise AppError(
            f"Unable to load celery application.\nThe module {name} exits when imported{words}"
        ) from error


def restore_local_time() -> None:
    """Have local times be those that the process began with, where the system tells."""
    try:
        with open("/proc/self/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return
    _set_local_time(
        next((os.fsdecode(one[3:]) for one in variables if one.startswith(b"TZ=")), None)
    )


def _set_local_time(zone: str | None) -> None:
    """Have local times be those of a zone; None for the system's."""
    os.environ.pop("TZ", None)
    if zone is not None:
        os.environ["TZ"] = zone
    time.tzset()


@contextlib.contextmanager
def _same_local_time() -> Iterator[None]:
    """Django makes its TIME_ZONE that of the process: the user's clock would show it."""
    before = os.environ.get("TZ")
    try:
        yield
    finally:
        if os.environ.get("TZ") != before:
            _set_local_time(before)


def _failed_to_load(name: str) -> AppError:
    """The error for the exception being handled, with its traceback, as Celery words it."""
    import traceback

    return AppError(
        "Unable to load celery application.\n"
        f"While trying to load the module {name} the following error occurred:\n"
        f"{mask(traceback.format_exc())}"
    )
