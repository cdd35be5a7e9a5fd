"""Filters and times that a command is given as options, and filters in the config file."""

from __future__ import annotations

from collections.abc import Mapping

from celerytui.errors import FilterError, SettingsError, UsageError
from celerytui.query import literals
from celerytui.query.parse import Filter, parse_filter


def parse_query(text: str) -> Filter:
    """The filter of --filter; raises UsageError with the position of a mistake."""
    try:
        return parse_filter(text)
    except FilterError as error:
        place = f"--filter {text!r}, character {error.start + 1}"
        raise UsageError(f"{place}: {error} {error.expected}".rstrip()) from error


def read_since(text: str, now: float) -> float:
    """The moment of --since: that long ago, or a time; raises UsageError."""
    try:
        return now - literals.duration(text)
    except literals.LiteralError:
        pass
    try:
        return literals.moment(text)(now)
    except literals.LiteralError as error:
        raise UsageError(
            f"--since {text!r}: not how long ago, as 2d or 90m, nor a time, as 2026-11-23T10:00"
        ) from error


def check_filters(filters: Mapping[str, str]) -> None:
    """Raise SettingsError for a named filter that does not parse, with its name and position."""
    for name, text in filters.items():
        try:
            parse_filter(text)
        except FilterError as error:
            place = f"[filters] of the config file: {name}: {text!r}, character {error.start + 1}"
            raise SettingsError(f"{place}: {error} {error.expected}".rstrip()) from error
