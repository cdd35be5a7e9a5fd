"""Beat's own answer to a ping, where its remote control is on (Celery 5.7 and newer)."""

from __future__ import annotations

from typing import Any

from celerytui.control.pidbox import Pidbox

PREFIX = "celerybeat@"
"""What the names of beats begin with."""


def ping_beats(pidbox: Pidbox, conf: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The beats that answered a ping, and those that are bound and did not."""
    bound = pidbox.bound()
    if bound is None:
        if not conf.get("beat_enable_remote_control"):
            return (), ()
        ask = pidbox.send("ping", {})
        pidbox.collect([ask])
        return _beats(ask.answers), ()
    names = _beats(bound)
    if not names:
        return (), ()
    answered = _beats(pidbox.ask("ping", {}, names))
    return answered, tuple(name for name in names if name not in answered)


def _beats(names: Any) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name.startswith(PREFIX)))
