"""What result backends keep of tasks, read and never written."""

from __future__ import annotations

from celerytui.results.lookup import ResultLookup
from celerytui.results.registry import open_source, open_url, prepare
from celerytui.results.rows import as_task
from celerytui.results.source import NotListed, Page, Source, group_by_member
from celerytui.results.wanted import Wanted, wanted

__all__ = [
    "NotListed",
    "Page",
    "ResultLookup",
    "Source",
    "Wanted",
    "as_task",
    "group_by_member",
    "open_source",
    "open_url",
    "prepare",
    "wanted",
]
