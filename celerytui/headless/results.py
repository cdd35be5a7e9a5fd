"""The `results` command: what a result backend keeps, line by line or as a table."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import TextIO

from msgspec.structs import replace

from celerytui.counts import counted
from celerytui.document import result_document
from celerytui.errors import BackendUnavailable
from celerytui.headless.output import print_json, print_task_table, standard_output, table_width
from celerytui.model import StoredResult
from celerytui.results import Source, Wanted, as_task, group_by_member

PAGE = 2_000
"""Results that are read, decoded and written at a time."""
FIRST_PAGE = 200


class Listing:
    """Reads the wanted results of a source, at most `limit` of them (None: all), and counts.

    `flawed` are those of which a part could not be decoded, `flaw` says of the first which it was
    and why; `more` is whether there were more than the limit, `ungrouped` why the groups of tasks
    are not known, where results do not name theirs.
    """

    def __init__(self, source: Source, wanted: Wanted, limit: int | None) -> None:
        self._source = source
        self._wanted = wanted
        self._limit = limit
        self.flawed = 0
        self.flaw: str | None = None
        self.more = False
        self.ungrouped: str | None = None

    def results(self) -> Iterator[StoredResult]:
        """The results, newest first where the source has them so; raises BackendUnavailable."""
        given, group_of = 0, self._groups()
        size = PAGE if self._limit is None else min(PAGE, max(FIRST_PAGE, self._limit))
        for page in self._source.pages(self._wanted, size):
            for result in page.results:
                if not self._wanted.admits(result):
                    continue
                if given == self._limit:
                    self.more = True
                    return
                given += 1
                if result.flaw is not None:
                    self.flawed += 1
                    self.flaw = self.flaw or f"{result.id}: {result.flaw}"
                group_id = result.group_id or group_of.get(result.id)
                yield result if group_id == result.group_id else replace(result, group_id=group_id)

    def _groups(self) -> Mapping[str, str]:
        try:
            return group_by_member(self._source.groups())
        except BackendUnavailable as error:
            # Their table may be one that this user must not read.
            self.ungrouped = str(error)
            return {}

    def newest(self) -> list[StoredResult]:
        """The newest results, as many as the limit says, the newest first."""
        if self._source.ordered or self._limit is None:
            return list(self.results())
        limit, self._limit = self._limit, None
        kept: list[tuple[float, int, StoredResult]] = []
        for number, result in enumerate(self.results()):
            entry = (result.finished or result.created or 0.0, number, result)
            if len(kept) < limit:
                heapq.heappush(kept, entry)
            else:
                self.more = True
                heapq.heappushpop(kept, entry)
        return [result for _, _, result in sorted(kept, reverse=True)]

    def remarks(self) -> Iterator[str]:
        """What to say besides the results."""
        if self.flawed:
            parts = f"{counted(self.flawed, 'result')} could not be decoded whole"
            yield f"{parts}; the first is {self.flaw}"
        if self.ungrouped is not None:
            yield f"groups are not shown: {self.ungrouped}"


def print_lines(listing: Listing, stream: TextIO | None) -> None:
    """Write a line of JSON for each result as it is read; raises OutputError."""
    with standard_output(stream) as out:
        for result in listing.results():
            print_json(result_document(result), out)


def print_table(listing: Listing, source: Source, stream: TextIO | None, now: float) -> None:
    """Write the newest results as a table; raises OutputError."""
    rows = [as_task(result) for result in listing.newest()]
    newest = f", the newest {len(rows):,}," if listing.more else ""
    title = f"RESULTS{newest} in {source.name}"
    with standard_output(stream) as out:
        print_task_table(title, rows, "No results match.", out, table_width(), now)
