"""All sources: a new one is one object in a file of its own, and one line here."""

from __future__ import annotations

from celerytui.schedule import beatx, config, django_project, redbeat, shelf, sql
from celerytui.schedule.source import Source

SOURCES: tuple[Source, ...] = (
    config.SOURCE,
    shelf.SOURCE,
    django_project.SOURCE,
    sql.SOURCE,
    redbeat.SOURCE,
    beatx.SOURCE,
)
"""In the order of their weight: what a later one says of an entry is what beat goes by."""
