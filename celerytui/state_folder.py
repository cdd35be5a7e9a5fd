"""The files that the program keeps for itself, in the user's state directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def state_path(environ: Mapping[str, str], name: str) -> Path | None:
    """A file of ours in $XDG_STATE_HOME, else in ~/.local/state; None without a home."""
    base = environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "celerytui" / name
    home = environ.get("HOME")
    return Path(home) / ".local" / "state" / "celerytui" / name if home else None
