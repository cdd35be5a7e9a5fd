"""Titles in too little room: whole words are dropped, and none is cut."""

from __future__ import annotations

import re

from celerytui.ui.draw.spans import Span, Spans, characters, cut_spans, span_width

FOREIGN = 16
"""Cells after the name that are kept before anything at the right is dropped."""
LONG = 40
"""Cells from which a part at the right is a sentence, which is cut where a count is not."""
LEAST = 14
"""Cells of a sentence that are worth showing, with the space before it."""

_BETWEEN = re.compile(r" {2,}| [·-] |, ")


def fit_title(left: Spans, right: Spans, room: int, ellipsis: str) -> tuple[Spans, Spans]:
    """As much of both as fits in `room` cells with one between them.

    Parts are what stands between two spaces, a dot or a comma, and go from the right: first those
    at the left behind the second, then those at the right but the first one. The second at the left
    may be foreign, a name or a filter, and is cut. The first span at the left is the name.
    """
    name = left[:1]
    lefts = [part for part in _shorter(left) if span_width(part) > span_width(name)]
    rights = _shorter(right)
    for end, shorter in zip(rights, [*rights[1:], []], strict=True):
        beside = room - (span_width(end) + 1 if end else 0)
        for begin in lefts or [list(name)]:
            if span_width(begin) <= beside:
                return begin, end
        if lefts and beside >= min(span_width(name) + FOREIGN, span_width(lefts[-1])):
            return cut_spans(lefts[-1], beside, ellipsis), end
        begin, kept = (lefts or [list(name)])[-1], span_width(shorter)
        if span_width(end) - kept > LONG and room - span_width(begin) - kept - 1 >= LEAST:
            return begin, cut_spans(end, room - span_width(begin) - 1, ellipsis)
    for end in rights:
        if span_width(name) + span_width(end) + 1 <= room:
            return name, end
    return name, []


def fit_parts(spans: Spans, room: int) -> Spans:
    """As many parts as fit in `room` cells; the first whatever its width."""
    parts = _shorter(spans)
    return next((part for part in parts if span_width(part) <= room), parts[-1])


def _shorter(spans: Spans) -> list[list[Span]]:
    """The spans whole, then with one part less each time, down to the first part."""
    flat = "".join(text for text, _ in spans)
    ends = [match.start() for match in _BETWEEN.finditer(flat) if match.start()]
    return [characters(spans, 0, end) for end in (len(flat), *reversed(ends))]
