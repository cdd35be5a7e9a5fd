"""Filters that a command is given as an option, and in the config file."""

from __future__ import annotations

from collections.abc import Mapping

from celerytui.errors import FilterError, SettingsError, UsageError
from celerytui.query.parse import Filter, parse_filter


def parse_query(text: str) -> Filter:
    """The filter of --filter; raises UsageError with the position of a mistake."""
    try:
        return parse_filter(text)
    except FilterError as error:
        place = f"--filter {text!r}, character {error.start + 1}"
        raise UsageError(f"{place}: {error} {error.expected}".rstrip()) from error


def check_filters(filters: Mapping[str, str]) -> None:
    """Raise SettingsError for a named filter that does not parse, with its name and position."""
    for name, text in filters.items():
        try:
            parse_filter(text)
        except FilterError as error:
            place = f"[filters] of the config file: {name}: {text!r}, character {error.start + 1}"
            raise SettingsError(f"{place}: {error} {error.expected}".rstrip()) from error
