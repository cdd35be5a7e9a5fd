"""Actions without a screen: through the same gate, and into the same log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celerytui import connect
from celerytui.control.actionlog import ActionLog, log_path
from celerytui.control.client import Control
from celerytui.control.marks import MARK
from celerytui.control.user import user_name
from celerytui.model import Outcome
from celerytui.settings import Settings


def set_mark(
    app: Any, settings: Settings, text: str, environ: Mapping[str, str]
) -> tuple[Outcome, str | None]:
    """Send a mark to every monitor, and log it; gives what is wrong with the log, if anything.

    What went wrong with the mark stands in the outcome. Raises ReadOnly and UsageError.
    """
    name = connect.app_name(app)
    settings = settings.for_app(name)
    control = Control(app, read_only=settings.read_only, timeout=settings.reply_timeout)
    outcome = control.perform(MARK.id, (), {"text": text}, ())
    log = ActionLog(log_path(environ), user=user_name(), app=name, broker=connect.broker_url(app))
    log.record(outcome)
    return outcome, log.trouble
