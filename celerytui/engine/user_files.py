"""What is kept for the user in files: what was done, what was resolved, and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping

from celerytui.control import (
    ActionLog,
    Choices,
    Resolutions,
    choices_path,
    log_path,
    user_name,
)
from celerytui.state_folder import state_path


def open_user_files(
    environ: Mapping[str, str], app: str, broker: str
) -> tuple[ActionLog, Resolutions, Choices]:
    """Those of an app; without an environment there is no place for files, and nothing is kept."""
    return (
        ActionLog(log_path(environ), user=user_name(), app=app, broker=broker),
        Resolutions(state_path(environ, "resolved.jsonl"), app),
        Choices(choices_path(environ, app), app),
    )
