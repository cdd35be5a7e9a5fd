"""What goes wrong with a database on a server, in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from celerytui.errors import HistoryError
from celerytui.masking import one_line

_SAID = {
    "53100": "cannot grow: the server's disk is full",
    "53200": "the server is out of memory",
    "53300": "the server accepts no more connections",
    "25006": "is read-only: the server is a standby, or the database was set to read-only",
    "42501": "the role lacks a permission",
    "3F000": "has no such schema",
    "3D000": "there is no such database; create it first",
    "28P01": "the server refused the password",
    "28000": "the server refused the role",
    "55P03": "is locked by another program",
    "40P01": "is locked by another program",
    "57014": "is too slow: a statement took longer than it may",
    "57P01": "the server ended the connection",
    "57P02": "the server ended the connection",
    "57P03": "the server is starting or shutting down",
}
"""By SQLSTATE."""
_WITH_DETAILS = frozenset(("42501", "28000"))


def explain(error: Exception, where: str) -> str:
    """What is wrong, and where, as one line without passwords."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    text = one_line(error)
    if state in _SAID:
        said = _SAID[state]
        verb = said.partition(" ")[0] in ("cannot", "is", "has")
        details = f" ({text})" if state in _WITH_DETAILS else ""
        return f"history in {where}{' ' if verb else ': '}{said}{details}"
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return f"history in {where}: the server does not reply"
    if isinstance(error, psycopg.OperationalError) and state is None:
        return f"history in {where}: no connection ({text.removeprefix('connection failed: ')})"
    return f"history in {where}: {text}"


@contextlib.contextmanager
def explained(where: str) -> Iterator[None]:
    """Raises HistoryError for what the database says."""
    try:
        yield
    except psycopg.Error as error:
        raise HistoryError(explain(error, where)) from error
