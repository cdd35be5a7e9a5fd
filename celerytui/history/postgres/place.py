"""A history on PostgreSQL, as a place: what its URL says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from celerytui.errors import HistoryError
from celerytui.history.history import History, Importer, NothingRecorded, Report, Writer
from celerytui.masking import learn, mask_url, passwords_in
from celerytui.model import Recording
from celerytui.settings import Keeping

if TYPE_CHECKING:
    from celerytui.history.postgres.link import Link

SCHEMA = "schema"
"""The parameter of a URL that names the schema; all others are libpq's."""
PREFIX = "celerytui_"
_SCHEMA = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_LONGEST_NAME = 40


class PostgresPlace:
    """See `Place`. Without a schema in the URL it is `owner`'s, or the only one without an owner.

    Raises HistoryError where the URL is wrong or the driver is missing.
    """

    def __init__(self, url: str, owner: str | None) -> None:
        learn(passwords_in(url))
        address, _, query = url.partition("?")
        scheme, _, rest = address.partition("://")
        parameters = parse_qsl(query, keep_blank_values=True)
        chosen = [value for name, value in parameters if name == SCHEMA]
        others = [one for one in parameters if one[0] != SCHEMA]
        self.name = mask_url(url)
        self.schema = chosen[-1] if chosen else None if owner is None else schema_of(owner)
        if self.schema is not None and not _SCHEMA.fullmatch(self.schema):
            raise HistoryError(
                f"{self.name}: {self.schema!r} is not the name of a schema: lower-case letters,"
                " digits and _"
            )
        tail = f"?{urlencode(others, quote_via=quote)}" if others else ""
        self._conninfo = f"{scheme.partition('+')[0]}://{rest}{tail}"
        self._check()

    def url(self) -> str:
        """The URL that names its schema as well."""
        found = self.schema or self._only_schema()
        return f"{self._conninfo}{'&' if '?' in self._conninfo else '?'}{SCHEMA}={found}"

    def connect(self, settings: Mapping[str, str], seconds: float) -> Link:
        """A connection in the schema, whether it is there or not; raises HistoryError."""
        from celerytui.history.postgres.link import connect

        if self.schema is None:
            self.schema = self._only_schema()
        found = {"search_path": f'"{self.schema}"', **settings}
        return connect(self._conninfo, self.name, found, seconds)

    def writer(self, app: str, broker: str, keeping: Keeping, started: float) -> Writer:
        """See `Place.writer`."""
        from celerytui.history.postgres.writer import PostgresWriter

        return PostgresWriter(self, app, broker, keeping, started)

    def importer(self, keeping: Keeping, now: float) -> Importer:
        """See `Place.importer`."""
        from celerytui.history.postgres.importing import PostgresImporter

        return PostgresImporter(self, keeping, now)

    def reader(self) -> History:
        """See `Place.reader`."""
        from celerytui.history.postgres.reading import PostgresHistory

        return PostgresHistory(self)

    def recording(self) -> Recording:
        """See `Place.recording`."""
        from celerytui.history.postgres.recording import recording

        return recording(self)

    def report(self) -> Report:
        """See `Place.report`."""
        from celerytui.history.postgres.report import report

        return report(self)

    def verify(self) -> Iterator[tuple[str, list[str]]]:
        """See `Place.verify`."""
        from celerytui.history.postgres.report import verify

        return verify(self)

    def rebuild(self) -> Iterator[str]:
        """See `Place.rebuild`: nothing is kept that could be wrong."""
        return iter(())

    def _check(self) -> None:
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ImportError as error:
            raise HistoryError(
                f"a history in {self.name} needs psycopg: pip install 'celerytui[postgres]'"
                f" ({error})"
            ) from None
        try:
            conninfo_to_dict(self._conninfo)
        except (ProgrammingError, ValueError) as error:
            from celerytui.history.postgres.trouble import explain

            raise HistoryError(explain(error, self.name)) from None

    def _only_schema(self) -> str:
        """The schema of the only history of the database."""
        from celerytui.history.postgres.link import connect
        from celerytui.history.postgres.trouble import explained

        with explained(self.name), connect(self._conninfo, self.name, {}, 5.0) as link:
            found = [
                name
                for (name,) in link.execute(
                    "SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid"
                    " WHERE c.relname = 'tracebacks' AND c.relkind = 'r' AND EXISTS (SELECT 1 FROM"
                    " pg_class t WHERE t.relnamespace = n.oid AND t.relname IN ('alembic_version',"
                    " 'version'))"
                    " ORDER BY 1"
                )
            ]
        if not found:
            raise NothingRecorded(f"no history in {self.name}: nothing was recorded there")
        if len(found) > 1:
            raise HistoryError(
                f"there are {len(found)} histories in {self.name}: name one with -A or with"
                f" ?schema=NAME: {' '.join(found)}"
            )
        return str(found[0])


def schema_of(owner: str) -> str:
    """The schema of an app and broker, whose folder would have this name."""
    plain = owner.lower().rpartition("-")[0]
    digest = hashlib.blake2b(owner.encode(), digest_size=4).hexdigest()
    return f"{PREFIX}{re.sub('[^a-z0-9]+', '_', plain)[:_LONGEST_NAME].strip('_')}_{digest}"
