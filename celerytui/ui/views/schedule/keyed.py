"""What keys do to an entry of the schedule, in the list and in the panes below it."""

from __future__ import annotations

import json
from typing import ClassVar

from celerytui.columns import clean, format_age, format_span
from celerytui.control import Scope
from celerytui.document import entry_row
from celerytui.model import ScheduleEntry, ScheduleReading
from celerytui.query import quoted
from celerytui.ui.draw.spans import Span
from celerytui.ui.messages import FilterAsked
from celerytui.ui.panes.pane import Pane

_BEAT_WORDS = {
    "alive": "beat alive",
    "silent": "beat silent",
    "two": "two beats",
    "unknown": "beat unknown",
}
_BEAT_ROLES = {"alive": "success", "silent": "failure bold", "two": "failure bold"}


class SchedulePane(Pane):
    """A pane that is about entries of the schedule, of which one is chosen."""

    KEYS: ClassVar[tuple[str, ...]] = ("schedule",)
    ACTS = Scope.ENTRY

    @property
    def reading(self) -> ScheduleReading:
        """The schedule as it was last read, or when the display was paused."""
        return self.session.schedule

    @property
    def entry(self) -> ScheduleEntry | None:
        """The entry that keys are about."""
        name = self.session.entry
        return next((one for one in self.reading.entries if one.name == name), None)

    def targets(self, scope: Scope) -> list[str]:
        """The entry, or the name of its task."""
        entry = self.entry
        if entry is None:
            return []
        found = {Scope.ENTRY: entry.name, Scope.TYPE: entry.plan.task}.get(scope)
        return [found] if found else []

    def action_entry_tasks(self) -> None:
        """Show the tasks of the entry's task name."""
        for name in self.targets(Scope.TYPE):
            self.post_message(FilterAsked(f"name:={quoted(name)}"))

    def action_copy_entry(self) -> None:
        """Copy the entry as the command prints it."""
        if self.entry is not None:
            text = json.dumps(entry_row(self.entry), indent=2, ensure_ascii=True)
            self.app.copy_to_clipboard(text)
            self.app.notify("copied as JSON", markup=False, timeout=2)


def beat_spans(pane: SchedulePane) -> list[Span]:
    """The state of beat, and the newest sign of life or what would give one."""
    if pane.reading.read_at is None:
        return []
    beat, glyphs = pane.reading.beat, pane.session.glyphs
    role = _BEAT_ROLES.get(beat.state, "muted")
    sign = {"alive": glyphs.alive, "silent": glyphs.lost, "two": glyphs.warning}
    ago = None if beat.since is None else max(0.0, pane.session.now() - beat.since)
    words = _BEAT_WORDS[beat.state]
    why = f", {clean(beat.why, limit=200)}"
    if beat.state == "silent" and ago is not None:
        words, why = f"{words} for {format_span(ago)}", ""
    elif beat.state == "alive" and ago is not None:
        why += f" {format_age(ago)}"
    return [(f"{sign.get(beat.state, glyphs.unknown)} ", role), (words, role), (why, "muted")]
