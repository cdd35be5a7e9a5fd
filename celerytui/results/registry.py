"""The kinds of result backends that can be read, and which one an app or a URL has."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from celerytui.errors import BackendUnavailable, UsageError
from celerytui.masking import learn, mask_url, one_line, secrets_in
from celerytui.results.by_id import ByIdKind
from celerytui.results.django import DjangoKind
from celerytui.results.filesystem import FilesystemKind
from celerytui.results.mongodb import MongoKind
from celerytui.results.redis import RedisKind
from celerytui.results.source import Kind, Source
from celerytui.results.sqlalchemy import SqlKind, SqlSource

KINDS: tuple[Kind, ...] = (
    RedisKind(),
    SqlKind(),
    DjangoKind(),
    FilesystemKind(),
    MongoKind(),
    ByIdKind(),
)
"""The first that fits is taken; the last one fits all."""

SQL_SCHEMES = frozenset(
    (
        *("postgresql", "postgres", "mysql", "mariadb", "sqlite", "oracle", "mssql"),
        *("cockroachdb", "redshift"),
    )
)
"""Schemes of databases, which Celery wants to have `db+` before them."""


def open_source(app: Any) -> Source:
    """The result backend of an app, opened; connects no earlier than it is asked something.

    Raises BackendUnavailable where there is none, or its client is not installed.
    """
    from celery.app.backends import by_url

    named = app.backend_cls or app.conf.result_backend
    if (database := _celerys_database(named, app.loader)) is not None:
        return SqlKind().open(app, None, database)
    try:
        backend, url = by_url(named, app.loader)
    except Exception as error:
        raise BackendUnavailable(f"result backend {_said(named)}: {one_line(error)}") from error
    kind = next(one for one in KINDS if one.fits(backend, url))
    try:
        return kind.open(app, backend, url)
    except BackendUnavailable:
        raise
    except Exception as error:
        # Its client is not installed, or its URL is wrong.
        raise BackendUnavailable(f"result backend {_said(named)}: {one_line(error)}") from error


def _celerys_database(named: Any, loader: Any) -> str | None:
    """The URL of a database that Celery's own backend would read, None for all else.

    Its class is not needed, and brings SQLAlchemy's ORM, which takes as long as all the rest of it.
    """
    from celery.utils.imports import load_extension_class_names

    scheme, separator, url = named.partition("+") if isinstance(named, str) else ("", "", "")
    if not separator or scheme not in ("db", "database") or scheme in loader.override_backends:
        return None
    of_others = dict(load_extension_class_names("celery.result_backends"))
    return None if scheme in of_others else url


def prepare(app: Any) -> None:
    """Import what the first question to an app's result backend needs; connects to nothing.

    Raises BackendUnavailable where there is none, or its client is not installed.
    """
    with closing(open_source(app)) as source:
        source.prepare()


def open_url(url: str) -> Source:
    """The result backend at a URL, without an app: Celery's, or a database's of either package.

    Raises UsageError where it is no URL, and what `open_source` raises.
    """
    learn(secrets_in([url]))
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise UsageError(
            f"--backend {mask_url(url)}: not a URL; for example redis://HOST/0,"
            " db+postgresql://USER@HOST/DB or file:///FOLDER"
        )
    named = scheme.removeprefix("db+").removeprefix("database+").partition("+")[0]
    if named in SQL_SCHEMES:
        address = url.removeprefix("db+").removeprefix("database+")
        if named == "postgres":
            address = "postgresql" + address.removeprefix("postgres")
        return SqlSource(address)
    from celery import Celery

    app = Celery("celerytui-results", backend=url, set_as_current=False)
    app.conf.result_serializer = "json"
    return open_source(app)


def _said(named: Any) -> str:
    if isinstance(named, str):
        return mask_url(named)
    return getattr(named, "__name__", type(named).__name__)
