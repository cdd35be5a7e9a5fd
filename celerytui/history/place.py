"""Where a history is: what `--history` names."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from celerytui.errors import HistoryError
from celerytui.masking import mask
from celerytui.settings import HISTORY_DEFAULT
from celerytui.state_folder import state_path

FOLDERS = "history"
SCHEME = "sqlite:///"
_ODD = re.compile(r"[^\w.-]+")


def folder_of(url: str, app: str, broker: str, environ: Mapping[str, str]) -> Path:
    """The folder that a URL names; the default is one for each app and broker.

    Raises HistoryError where there is no home directory for it.
    """
    if url != HISTORY_DEFAULT:
        return Path(url.removeprefix(SCHEME))
    found = state_path(environ, f"{FOLDERS}/{_name(app, broker)}")
    if found is None:
        raise HistoryError("no home directory for a history; name a folder: --history URL")
    return found


def only_folder(environ: Mapping[str, str]) -> Path:
    """The default folder where there is one of a single app; raises HistoryError else."""
    base = state_path(environ, FOLDERS)
    try:
        found = [] if base is None else sorted(one for one in base.iterdir() if one.is_dir())
    except FileNotFoundError:
        found = []
    except OSError as error:
        raise HistoryError(f"{base}: {error.strerror}") from error
    if not found:
        raise HistoryError(
            "nothing was recorded yet: run `celerytui -A proj record`, or name a history with"
            " --history sqlite:///FOLDER"
        )
    if len(found) > 1:
        names = " ".join(f"{SCHEME}{one}" for one in found)
        raise HistoryError(f"there are {len(found)} histories: name one with --history: {names}")
    return found[0]


def shown(path: Path) -> str:
    """A folder as it is shown to the user, who owns it."""
    home = os.path.expanduser("~")
    text = str(path)
    return f"~{text[len(home) :]}" if home != "/" and text.startswith(f"{home}/") else text


def _name(app: str, broker: str) -> str:
    plain = _ODD.sub("-", app).strip("-.")[:60] or "app"
    digest = hashlib.blake2b(mask(broker).encode(), digest_size=4).hexdigest()
    return f"{plain}-{digest}"
