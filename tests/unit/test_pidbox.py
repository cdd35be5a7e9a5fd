"""Replies to a command are bounded; an app without remote control says why it has none."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.app.control import Control
from celery.exceptions import ImproperlyConfigured

from celerytui.control import pidbox
from celerytui.control.pidbox import Ask, Pidbox
from celerytui.errors import BrokerUnavailable


class Replies:
    """A reader of replies that has these bodies, all for one command."""

    def __init__(self, ticket: str, bodies: list[Any]) -> None:
        self._left = [
            SimpleNamespace(
                headers={"ticket": ticket},
                body=json.dumps(body),
                content_type="application/json",
                content_encoding="utf-8",
            )
            for body in bodies
        ]

    def take(self) -> list[Any]:
        return [self._left.pop(0)] if self._left else []


def test_so_many_workers_are_taken_for_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pidbox, "MAX_HOSTS", 3)
    app = Celery("tester", broker="memory://", set_as_current=False)
    ask = Ask("ticket", None, {})
    box = Pidbox(app, 1.0, threading.Event())
    box._asks["ticket"] = ask
    box._replies = Replies("ticket", [{f"w{n}@h": n} for n in range(5)] + [{"w0@h": 9}])
    while box._take_replies():
        pass
    assert ask.answers == {"w0@h": 0, "w1@h": 1, "w2@h": 2}
    app.close()


class Unusable(Control):  # type: ignore[misc]  # Celery has no types
    """As Celery's own with settings that contradict each other."""

    def __init__(self, app: Any) -> None:
        raise ImproperlyConfigured("the one and the other cannot both be True")


def test_settings_without_remote_control_are_a_reason() -> None:
    app = Celery("tester", broker="memory://", control=Unusable, set_as_current=False)
    box = Pidbox(app, 1.0, threading.Event())
    with pytest.raises(BrokerUnavailable, match=r"^the one and the other "):
        box.send("ping", {})
    box.close()
    app.close()
