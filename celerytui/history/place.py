"""Where a history is: what `--history` names. The only place that looks at the kind of a URL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from celerytui.errors import HistoryError
from celerytui.history.folder_place import FolderPlace
from celerytui.history.history import Place
from celerytui.masking import mask
from celerytui.settings import HISTORY_DEFAULT
from celerytui.state_folder import state_path

FOLDERS = "history"
SCHEME = "sqlite:///"
_ODD = re.compile(r"[^\w.-]+")


def place_of(url: str, app: str, broker: str, environ: Mapping[str, str]) -> Place:
    """The place that a URL names, of an app and broker where it may hold several.

    Raises HistoryError where it names none, or where what reads it is not installed.
    """
    if _is_folder(url):
        return FolderPlace(folder_of(url, app, broker, environ))
    from celerytui.history.postgres.place import PostgresPlace

    return PostgresPlace(url, _name(app, broker))


def only_place(url: str, environ: Mapping[str, str]) -> Place:
    """The place that a URL names whatever the app is, with the only history that there is."""
    if url == HISTORY_DEFAULT:
        return FolderPlace(only_folder(environ))
    if _is_folder(url):
        return place_of(url, "", "", environ)
    from celerytui.history.postgres.place import PostgresPlace

    return PostgresPlace(url, None)


def only_url(url: str, environ: Mapping[str, str]) -> str:
    """The URL of that place, which is the same whatever the app is."""
    if url == HISTORY_DEFAULT:
        return f"{SCHEME}{only_folder(environ)}"
    if _is_folder(url):
        return url
    from celerytui.history.postgres.place import PostgresPlace

    return PostgresPlace(url, None).url()


def is_of_app(url: str) -> bool:
    """Whether it depends on the app which history a URL names."""
    return url == HISTORY_DEFAULT or not _is_folder(url)


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


def _is_folder(url: str) -> bool:
    return url == HISTORY_DEFAULT or url.startswith(SCHEME)


def _name(app: str, broker: str) -> str:
    plain = _ODD.sub("-", app).strip("-.")[:60] or "app"
    digest = hashlib.blake2b(mask(broker).encode(), digest_size=4).hexdigest()
    return f"{plain}-{digest}"
