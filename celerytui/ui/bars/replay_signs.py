"""What the header says of a replay: which moment is shown, and how time goes."""

from __future__ import annotations

from celerytui.engine.replayer import ReplayState
from celerytui.replay_time import full_time
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.session import Session


def replay_signs(session: Session, state: ReplayState, *, wide: bool) -> Spans:
    """That it is a replay, its moment, and whether and how fast it goes on.

    The date is left out where it is not `wide`.
    """
    glyphs = session.glyphs
    date, _, clock = full_time(state.position, utc=session.utc).partition(" ")
    spans: list[Span] = [(" REPLAY ", "badge.replay"), (" ", "text")]
    if wide:
        spans.append((f"{date} ", "strong"))
    spans.append((clock, "strong"))
    if session.utc:
        spans.append((" UTC", "muted"))
    sign = glyphs.playing if state.playing else glyphs.halted * 2
    spans += [("   " if wide else " ", "text"), (sign, "warning")]
    spans.append((f" {state.speed}{glyphs.times}", "strong"))
    if wide and state.skipping:
        spans.append(("  skipping silence", "muted"))
    return spans
