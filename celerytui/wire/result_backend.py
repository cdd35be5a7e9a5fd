"""The app's result backend, as Celery itself reads it: bounded waits, and no pickles."""

from __future__ import annotations

import sys
from typing import Any

from celerytui.model import id_value
from celerytui.wire import pickles

SOCKET_SECONDS = 5.0
"""Redis' own limit is two minutes, in which a frozen server would hold up the reader."""


class NoBackend(Exception):
    """The app has no result backend that somebody else's results can be read from."""


def open_backend(app: Any) -> Any:
    """The app's result backend, its waits bounded where it has a limit; raises NoBackend."""
    return limited(app.backend)


def limited(backend: Any) -> Any:
    """The same backend, ready to be read by somebody who trusts nobody; raises NoBackend."""
    from celery.backends.base import DisabledBackend

    if isinstance(backend, DisabledBackend):
        raise NoBackend("the app has no result backend")
    if type(backend).__module__ == "celery.backends.rpc":
        raise NoBackend(
            "the rpc backend sends a result to the process that asked for it: no other can read it"
        )
    if pickles.is_refused(getattr(backend, "content_type", None)):
        raise NoBackend(f"a result is {pickles.REFUSED}")
    if getattr(backend, "accept", None):
        backend.accept = pickles.readable(backend.accept)
    return bound_waits(backend)


def bound_waits(backend: Any) -> Any:
    """The same backend, its waits bounded where it has a limit."""
    limits = getattr(backend, "connparams", None)
    if isinstance(limits, dict):
        # Its client is made on first use, from these.
        for name in ("socket_timeout", "socket_connect_timeout"):
            limits[name] = min(limits.get(name) or SOCKET_SECONDS, SOCKET_SECONDS)
    return backend


def task_meta(app: Any, task_id: str) -> dict[str, Any]:
    """What the backend holds of a task, as Celery decodes it; raises whatever it raises."""
    backend = open_backend(app)
    own = id_value(task_id)
    try:
        with pickles.foreign():
            meta = backend.get_task_meta(own)
    except Exception as error:
        if pickles.was_refused(error):
            raise ValueError(f"the result is {pickles.REFUSED}") from error
        raise
    finally:
        close_django()
    # A success is cached: the dictionary would hold every result that was looked at.
    getattr(backend, "_cache", {}).pop(own, None)
    return dict(meta)


def close_django() -> None:
    """Close what this thread has open to a Django project's databases: nobody else would."""
    django = sys.modules.get("django.db")
    if django is not None:
        django.connections.close_all()
