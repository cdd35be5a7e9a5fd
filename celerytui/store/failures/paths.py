"""Whose file a frame of a traceback is in, told from its path."""

from __future__ import annotations

import re

# Strings, which are compiled when they are first used.
PACKAGES = r"(?:^|/)(?:site|dist)-packages/"
STDLIB = r"(?i)(?:^|/)lib(?:64)?/python\d[\d.]*t?/|/python[\d.]*/lib/"
# A directory called celery may well be the user's own; only what is in the package counts.
_CELERY = (
    r"(?:^|/)(?:(?:kombu|billiard|amqp|vine)/|celery/(?:(?:app|apps|backends|bin|concurrency"
    r"|contrib|events|fixups|loaders|security|utils|worker)/|(?:beat|canvas|local|result"
    r"|schedules|states|exceptions|platforms|signals|_state|__init__|__main__)\.py))"
)
_AROUND = (
    r"^(?:celery|kombu|billiard|amqp|vine|sentry_sdk|ddtrace|newrelic|opentelemetry|wrapt)(?:/|$)"
)
# Directories that a deploy makes anew: dates, versions, numbers, commits.
_RELEASE = r"(?i)(?:[a-z]+[-_.])?v?\d[\d._+-]*|(?=[a-f]*\d)[\da-f]{7,40}"


def is_own(path: str) -> bool:
    """Whether a file is the user's own, and not Python's, an installed package's or Celery's."""
    path = path.replace("\\", "/")
    if path.startswith("<"):
        return False
    return not (re.search(PACKAGES, path) or re.search(STDLIB, path) or re.search(_CELERY, path))


def is_around(path: str) -> bool:
    """Whether a file is Celery's, or of one of those packages that wrap every task."""
    path = path.replace("\\", "/")
    rest = within_package(path)
    return bool(re.match(_AROUND, rest) or (rest == path and re.search(_CELERY, path)))


def within_package(path: str) -> str:
    """The part of a path after `site-packages/` or the standard library; the path if neither."""
    for root in (PACKAGES, STDLIB):
        *_, rest = re.split(root, path)
        if rest and rest != path:
            return rest
    return path


def module_of(path: str) -> str:
    """What stays of a path wherever the file is installed: `shop/billing`, `requests/sessions`.

    Of an own file the last two parts, without a directory that is named for a release.
    """
    path = path.replace("\\", "/").removesuffix(".py")
    rest = within_package(path)
    if rest != path:
        return rest
    *folders, name = path.split("/")[-2:]
    if folders and not re.fullmatch(_RELEASE, folders[0]):
        return f"{folders[0]}/{name}"
    return name
