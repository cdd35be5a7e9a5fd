"""The schedule of periodic tasks: read from wherever beat keeps it, and joined with what was seen.

A source is one file and one line in `registry`. Nothing here builds a scheduler, which would write,
and no pickle is loaded.
"""

from __future__ import annotations

from celerytui.schedule.beat import Pinged
from celerytui.schedule.reading import Schedules, open_url
from celerytui.schedule.source import SourceReader

__all__ = ["Pinged", "Schedules", "SourceReader", "open_url"]
