"""Who uses the program."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """The user's login name, else the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
