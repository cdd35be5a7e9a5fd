"""The windows of time that panes are about: which there are, and how far back each is known."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.store.statistics import WINDOWS
from celerytui.ui.draw.spans import Span
from celerytui.ui.session import Session


def stepped(session: Session, window: str, by: int) -> str:
    """The next shorter or longer window, the same where there is none; it is filled if need be."""
    windows = session.engine.past_windows
    at = windows.offered.index(window) + by
    found = windows.offered[max(0, min(at, len(windows.offered) - 1))]
    windows.want(found)
    return found


def listed(session: Session, chosen: str) -> list[Span]:
    """All windows after the keys that step through them, the chosen one filled."""
    keys = " ".join(map(session.key_of, ("window.shorter", "window.longer")))
    spans: list[Span] = [(keys, "key")]
    for window in session.engine.past_windows.offered:
        spans += [(" ", "text"), (window, "accent.filled" if window == chosen else "muted")]
    return spans


def reached(session: Session, window: str) -> list[Span]:
    """What is not known of a window that a history fills, nothing where all is."""
    reach = session.engine.past_windows.reach(window)
    if reach is None:
        return []
    now, found = session.now(), reach.back_to
    at = "" if found is None else format_clock(found, session.utc, now=now)
    if reach.trouble is not None and reach.done:
        return [(f"not all was read: {clean(reach.trouble, limit=200)}", "warning")]
    if reach.trouble is not None:
        till = f" beyond {at}" if at else ""
        return [(f"history not read{till}: {clean(reach.trouble, limit=200)}", "warning")]
    if not reach.done:
        till = f", back to {at}" if at else ""
        return [(f"reading the history{till}", "accent")]
    if found is None:
        return [("nothing was recorded before the start", "muted")]
    return [(f"recorded since {at}", "muted")] if found > now - WINDOWS[window] else []
