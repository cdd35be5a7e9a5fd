"""What an empty panel says: what is missing, why, and the key that helps."""

from __future__ import annotations

import textwrap

from msgspec import Struct

from celerytui.columns import clean
from celerytui.control import ENABLE_EVENTS
from celerytui.counts import counted
from celerytui.health.workers import SILENT
from celerytui.model import LinkState, Outage, Worker
from celerytui.query import hint
from celerytui.store.statistics import WINDOWS
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.spans import Line, Span, Spans, cells
from celerytui.ui.panes.pane import Row
from celerytui.ui.session import Session

WIDTH = 72

_OUTAGES = {
    Outage.ABSENT: "No answer from",
    Outage.REFUSED: "Refused by",
    Outage.UNUSABLE: "Cannot connect to",
}


class EmptyState(Struct):
    """A heading, sentences, and keys with what they do; `warns` gives the heading its mark.

    `keys` are those of `Session.key_of`; what has none is left out.
    """

    heading: str
    text: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    code: tuple[tuple[str, str], ...] = ()
    warns: bool = False

    def rows(self, width: int, height: int, glyphs: Glyphs) -> list[Row]:
        """The notice in the middle of a body, or from its top where there is little room."""
        room = min(WIDTH, width - 4)
        if room < 8:
            return []
        lines = self._lines(room, glyphs, spaced=height >= 12)
        block = max((sum(cells(text) for text, _ in line) for line in lines), default=0)
        left = max(1, (width - block) // 2) if height >= 12 else 3
        top = max(0, (height - len(lines)) // 3) if height >= 12 else min(1, height - 1)
        rows: list[Row] = [(Line(width), "bg")] * top
        for line in lines[: height - top]:
            rows.append((Line(width, glyphs.ellipsis).left((" " * left, "text"), *line), "bg"))
        return rows

    def _lines(self, width: int, glyphs: Glyphs, *, spaced: bool) -> list[Spans]:
        mark: Span = (f"{glyphs.warning} ", "warning bold") if self.warns else ("", "text")
        heads = textwrap.wrap(self.heading, width - 2) or [""]
        lines: list[Spans] = [[mark, (heads[0], "strong")]]
        lines += [[("  " if self.warns else "", "text"), (more, "strong")] for more in heads[1:]]
        gap: list[Spans] = [[]] if spaced else []
        if self.text:
            lines += gap + [[(part, "muted")] for part in textwrap.wrap(self.text, width)]
        keys = [one for one in self.keys if one[0]]
        if keys:
            lines += gap
            for key, meaning in keys:
                lines.append([(f" {key} ", "accent.filled"), ("  " + meaning, "text")])
        if self.code:
            lines += [*gap, [("Permanently, in the configuration:", "muted")]]
            longest = max(len(name) for name, _ in self.code)
            for name, meaning in self.code:
                lines.append(
                    [
                        ("  " + name.ljust(longest), "code.name"),
                        (" = ", "muted"),
                        ("True", "code.keyword"),
                        ("   " + meaning, "muted"),
                    ]
                )
        return lines


def no_workers(session: Session) -> EmptyState:
    """Why there is no worker in the list."""
    engine = session.engine
    if engine.link.state is LinkState.CONNECTING:
        return EmptyState("Connecting", "Workers appear once the broker answers.")
    if engine.link.state is LinkState.RECONNECTING:
        outage = _OUTAGES[engine.link.outage or Outage.ABSENT]
        text = "Workers appear once it can be reached."
        return EmptyState(f"{outage} the broker", text, warns=True)
    if engine.link.state is LinkState.OFFLINE:
        return EmptyState("No workers offline", "Only the history is read; nobody is asked.")
    if session.replaying:
        return EmptyState("No workers at this moment", "None had sent a heartbeat yet.")
    if engine.surveys.asking_since is not None:
        return EmptyState("Asking the workers")
    if engine.surveys.error is not None:
        return EmptyState("Asking the workers failed", clean(engine.surveys.error), warns=True)
    return EmptyState(
        "No workers",
        "No heartbeat and no reply. Are workers running on this broker?",
        keys=((session.key_of("workers.ask"), "ask again"),),
        warns=True,
    )


def no_matches(session: Session, word: str, count: int, noun: str) -> EmptyState:
    """Why no row is left of a list that was narrowed to those which contain a text."""
    return EmptyState(
        f'No {noun} matches "{clean(word, limit=40)}"',
        f"{counted(count, noun)} in all.",
        keys=_change_or_clear(session),
    )


def no_queues(session: Session) -> EmptyState:
    """Why there is no queue in the list."""
    if session.replaying:
        return EmptyState("No queues at this moment", "None had been read yet.")
    return EmptyState("No queues yet", "Those of the app and its workers appear once read.")


def no_schedule(session: Session) -> EmptyState:
    """Why there is nothing of the schedule."""
    if session.replaying:
        text = "Nothing of periodic tasks and beat was recorded up to here."
        return EmptyState("No schedule at this moment", text)
    if session.settings.offline:
        text = "Periodic tasks and beat are not in a history."
        return EmptyState("No schedule offline", text)
    return EmptyState("Reading the schedule")


def no_actions(session: Session) -> EmptyState:
    """Why there is nothing in the log."""
    if session.replaying:
        return EmptyState("No actions up to this moment", "None had been recorded.")
    return EmptyState(
        "No actions yet",
        "Each action is logged here with its targets, the workers' replies and its outcome.",
    )


def no_types(session: Session, seconds: float) -> EmptyState:
    """Why there is no type in the list."""
    if session.engine.store.summary(session.now()).held:
        spans = {300: "5 minutes", 3600: "hour", 86_400: "24 hours"}
        span = spans.get(int(seconds)) or f"{seconds / 86_400:.0f} days"
        key, longest = session.key_of("window.longer"), session.engine.past_windows.offered[-1]
        keys = ((key, "a longer window"),) if seconds < WINDOWS[longest] else ()
        return EmptyState("No runs yet", f"No task ended in the last {span}.", keys=keys)
    return no_tasks(session)


def _change_or_clear(session: Session) -> tuple[tuple[str, str], ...]:
    key_of = session.key_of
    return (key_of("filter.edit"), "change the filter"), (key_of("back"), "clear the filter")


def _meant(session: Session) -> str:
    return clean(hint(session.filter_text) or "", limit=200)


def no_tasks(session: Session) -> EmptyState:
    """Why there is no task in the table."""
    engine, link = session.engine, session.engine.link
    if session.filter_text and len_held(session):
        return _none_found(session)
    if link.state is LinkState.OFFLINE:
        return no_history(session)
    if link.state in (LinkState.CONNECTING, LinkState.RECONNECTING):
        return _no_connection(session)
    if link.state is LinkState.NO_EVENTS:
        return EmptyState(
            "No events on this transport",
            f"{clean(link.error or '')} Tasks cannot be shown live; "
            "workers' replies and queue lengths can.",
            warns=True,
        )
    workers = [worker for worker in engine.health.workers() if worker.alive]
    if any(SILENT.on(worker) for worker in workers):
        return no_task_events(session, workers)
    if not workers:
        return no_workers(session)
    if session.replaying:
        online = counted(len(workers), "worker is", "workers are")
        return EmptyState("No tasks at this moment", f"{online} online.")
    return EmptyState(
        "No tasks yet",
        f"{counted(len(workers), 'worker is', 'workers are')} online; "
        "no task events since the monitor started.",
    )


def _none_found(session: Session) -> EmptyState:
    """None of the tasks that are held passes the filter, as far as they were tested."""
    view = session.engine.view
    if view.stale:
        tested = min(view.tested, len_held(session))
        return EmptyState("Searching", f"{tested:,} of {counted(len_held(session), 'task')}")
    return EmptyState(
        "No matches",
        f"None of {counted(len_held(session), 'task')} matches the filter. "
        f"{_meant(session)}".strip(),
        keys=_change_or_clear(session),
    )


def _no_connection(session: Session) -> EmptyState:
    """There is no connection to the broker: why, where that is known."""
    link, where = session.engine.link, clean(session.engine.broker_url)
    if not link.error:
        return EmptyState(f"Connecting to {where}")
    remedy = "" if link.remedy is None else f" This grants it: {link.remedy}"
    return EmptyState(
        f"{_OUTAGES[link.outage or Outage.ABSENT]} {where}",
        clean(f"{link.error.rstrip('.')}.{remedy}"),
        keys=((session.key_of("task.result"), "reconnect"),),
        warns=True,
    )


def no_history(session: Session) -> EmptyState:
    """Offline there is nothing to show."""
    link = session.engine.link
    if link.error is not None:
        return EmptyState("The history cannot be read", clean(link.error, limit=300), warns=True)
    if link.lost_at is None:
        return EmptyState("Reading the history")
    return EmptyState("No tasks recorded", "Those that are recorded from now on appear here.")


def no_task_events(session: Session, live: list[Worker]) -> EmptyState:
    """Workers are online and send no task events."""
    silent = [worker.hostname for worker in live if SILENT.on(worker)]
    names = ", ".join(clean(name, limit=60) for name in silent[:3])
    more = f" and {len(silent) - 3} more" if len(silent) > 3 else ""
    if session.read_only:
        keys: tuple[tuple[str, str], ...] = ()
        why = "" if session.replaying else "The monitor is read-only and cannot enable them."
    else:
        key = session.key_of(ENABLE_EVENTS.id)
        keys = ((key, f"enable task events on {names}{more}"),)
        why = "They can be enabled until the workers restart."
    return EmptyState(
        f"Task events are off on {len(silent):,} of {counted(len(live), 'worker')}",
        "Without them tasks cannot be shown: the workers were started without -E. " + why,
        keys=keys,
        code=(
            ("worker_send_task_events", "started, succeeded, failed, retried"),
            ("task_send_sent_event", "sent, with the queue"),
        ),
        warns=True,
    )


def len_held(session: Session) -> int:
    """How many tasks are in memory."""
    return session.engine.view.total
