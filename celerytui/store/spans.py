"""Spans of time: pairs of Unix seconds, the first not after the second."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[float, float]


def joined(spans: Iterable[Span]) -> list[Span]:
    """The spans by their times, those that touch as one, and none without length."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(until, found[-1][1])
        elif since < until:
            found.append((since, until))
    return found


def within(spans: Iterable[Span], since: float, until: float) -> list[Span]:
    """The parts of the spans that are from `since` to `until`."""
    parts = ((max(begin, since), min(end, until)) for begin, end in spans)
    return [(begin, end) for begin, end in parts if begin < end]


def without(spans: Iterable[Span], gaps: Iterable[tuple[float, float | None]]) -> list[Span]:
    """The parts of the spans that are in no gap; one without an end lasts."""
    left = list(spans)
    for lost, back in gaps:
        parts = ((begin, min(end, lost)) for begin, end in left)
        rest = [] if back is None else [(max(begin, back), end) for begin, end in left]
        left = [(begin, end) for begin, end in (*parts, *rest) if begin < end]
    return sorted(left)
