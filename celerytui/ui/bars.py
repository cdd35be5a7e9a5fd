"""The rows that are always there: the header, the views and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events, on
from textual.strip import Strip
from textual.widget import Widget

from celerytui.columns import (
    clean,
    format_age,
    format_count,
    format_span,
    format_until,
    sparkline,
)
from celerytui.model import Link, LinkState
from celerytui.store import Summary
from celerytui.ui.keys import key_name
from celerytui.ui.lines import Line, Span, Spans, cells, span_width, to_strip
from celerytui.ui.messages import StoreChanged
from celerytui.ui.session import Session

WIDE = 100
HOST_FROM = 72
SILENT_SECONDS = 6.0
"""A worker's heart beats every 2 s unless configured otherwise."""

BEHIND_SECONDS = 2.0
"""Lag from which on what is shown is no longer called live."""


class Bar(Widget):
    """One row across the screen, drawn by hand on its ground."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 100%; }
    """
    GROUND = "surface"

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.session = session
        self._strip: Strip | None = None

    @property
    def ground(self) -> str:
        """What the row stands on."""
        return self.GROUND

    def draw(self, line: Line) -> None:
        """Fill the row."""
        raise NotImplementedError

    @on(StoreChanged)
    def _on_news(self) -> None:
        self.paint()

    def paint(self) -> None:
        """Draw again, and repaint if it differs."""
        if not self.is_attached or not self.outer_size.width:
            return
        line = Line(self.outer_size.width, self.session.glyphs.ellipsis)
        self.draw(line)
        strip = to_strip(line, self.session.palette, self.ground)
        if strip != self._strip:
            self._strip = strip
            self.refresh()

    def on_resize(self) -> None:
        self.paint()

    def render_line(self, y: int) -> Strip:
        """The row as it was last drawn; the first frame comes before any drawing."""
        if self._strip is None or self._strip.cell_length != self.outer_size.width:
            self.paint()
        if self._strip is None:
            style = self.session.palette.style("text", self.ground)
            return Strip.blank(self.outer_size.width, style)
        return self._strip


class Header(Bar):
    """Who and where, whether it is live or why not, and the four numbers."""

    _last_waiting = "?"

    @property
    def ground(self) -> str:
        """A production cluster is known by it at a glance."""
        return "failure" if self.session.settings.production else self.GROUND

    def draw(self, line: Line) -> None:
        session = self.session
        engine, wide = session.engine, self.outer_size.width >= WIDE
        summary = engine.store.summary(session.now())
        name = clean(engine.app_name, limit=40)
        url = clean(engine.broker_url, limit=200)
        numbers = self._numbers(summary, wide)
        if wide:
            line.left((" celerytui", "key"), ("  ", "text"), (name, "strong"), (" @ ", "faint"))
            # What is live must be read whole; of the broker's address the host will do.
            room = self.outer_size.width - span_width(numbers) - cells(name) - 16
            rest = span_width(self._link(engine.link, summary, wide)) + 4
            line.left((url if cells(url) + rest <= room else _host(url), "text"), ("   ", "text"))
        else:
            line.left(
                (" " + name, "strong"), (" @ ", "faint"), (_host(url), "text"), ("  ", "text")
            )
        line.left(*self._link(engine.link, summary, wide))
        line.right(*numbers)

    def _link(self, link: Link, summary: Summary, wide: bool) -> Spans:
        glyphs, now = self.session.glyphs, self.session.engine.clock()
        if link.state is LinkState.CONNECTING and not link.error:
            return [(f"{glyphs.lost} connecting", "warning")]
        if link.state in (LinkState.CONNECTING, LinkState.RECONNECTING):
            word = "broker gone" if link.lost_at else "no broker"
            if link.next_try and link.next_try > now:
                when = format_until(link.next_try - now)
                word = f"{word}, again {when}" if wide else f"again {when}"
            tries: list[Span] = [(f"   try {link.attempt}", "muted")] if link.attempt else []
            return [(f"{glyphs.lost} {word}", "warning bold"), *(tries if wide else [])]
        if link.state is LinkState.NO_EVENTS:
            return [(f"{glyphs.states[0]} connected, no events", "warning bold")]
        if link.state is LinkState.STOPPED:
            return [(f"{glyphs.lost} stopped", "muted")]
        return self._live(summary, wide)

    def _live(self, summary: Summary, wide: bool) -> Spans:
        glyphs, engine = self.session.glyphs, self.session.engine
        quiet = self._quiet_for(summary)
        if quiet is not None:
            return [
                (
                    f"{glyphs.growing} silent for {format_age(quiet).removesuffix(' ago')}",
                    "warning bold",
                )
            ]
        live: list[Span] = [(f"{glyphs.alive} ", "success"), ("live", "success bold")]
        if summary.lag is not None and summary.lag > BEHIND_SECONDS:
            behind = format_span(summary.lag)
            live = [(f"{glyphs.growing} {behind} behind", "warning bold")]
        rate = format_count(round(summary.events_per_second or 0))
        if not wide:
            return [*live, (f" {rate}", "strong"), ("/s", "muted")]
        live += [(f"   {rate}", "strong"), (" ev/s ", "muted")]
        if self.outer_size.width >= 120:
            now = self.session.now()
            series = engine.store.series("events", 14 * 5, now)
            buckets = [_mean(series[i : i + 5]) for i in range(0, len(series), 5)]
            live.append((sparkline(buckets, 14, ascii=self.session.ascii), "muted"))
        return live

    def _running_tasks(self, started: int | None) -> str:
        """How many tasks run: as the workers' heartbeats say, else as the events do."""
        active = [
            worker.active
            for worker in self.session.engine.store.workers()
            if worker.status in ("online", "late")
        ]
        known = [count for count in active if count is not None]
        if known and len(known) == len(active):
            return format_count(sum(known))
        return "?" if started is None else format_count(started)

    def _waiting_messages(self) -> str:
        """What waits in the queues that could be read; the last figure while the broker is gone."""
        depths = [queue.ready for queue in self.session.engine.store.queues()]
        read = [depth for depth in depths if depth is not None]
        if read or self.session.stale_since is None:
            self._last_waiting = format_count(sum(read)) if read else "?"
        return self._last_waiting

    def _quiet_for(self, summary: Summary) -> float | None:
        """Seconds without any event though workers send heartbeats; None while all is well."""
        beating = summary.workers_online + summary.workers_late + summary.workers_lost
        if not beating or summary.last_event_at is None:
            return None
        quiet = self.session.engine.clock() - summary.last_event_at
        return quiet if quiet > SILENT_SECONDS else None

    def _numbers(self, summary: Summary, wide: bool) -> Spans:
        workers = summary.workers_online + summary.workers_late
        all_there = workers == summary.workers_total and not summary.workers_late
        known = summary.first_event_at is not None
        unknown = "?"
        running = self._running_tasks(summary.running if known else None)
        waiting = self._waiting_messages()
        failed = format_count(summary.failed_5m) if known else unknown
        labels = ("workers", "run", "wait", "fail")
        if wide:
            labels = ("workers", "running", "waiting", "failed")
        gap = "   " if wide else "  "
        old = self.session.stale_since is not None
        plain, late, bad = ("muted",) * 3 if old else ("strong", "warning", "failure")
        return [
            (f"{labels[0]} ", "muted"),
            (f"{workers}/{summary.workers_total}", plain if all_there else f"{late} bold"),
            (f"{gap}{labels[1]} ", "muted"),
            (running, plain),
            (f"{gap}{labels[2]} ", "muted"),
            (waiting, plain),
            (f"{gap}{labels[3]} ", "muted"),
            (failed, f"{bad} bold" if summary.failed_5m else plain),
            (" in 5m " if wide else "/5m ", "muted"),
        ]


def _host(url: str) -> str:
    """The first host of a broker's URL, or its scheme where it has none."""
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition(";")[0]
    return authority.rpartition("@")[2].partition(":")[0] or scheme


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


class ViewTabs(Bar):
    """The views with their digits, and at the right the badges or where one is."""

    GROUND = "bg"

    def __init__(self, session: Session, views: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(session, id="views")
        self.views = views
        self.crumbs: tuple[str, ...] = ()

    def draw(self, line: Line) -> None:
        for key, name, label in self.views:
            if name == self.session.view:
                line.left((f" {key} {label} ", "accent.filled"))
            else:
                line.left((f" {key} ", "accent"), (f"{label} ", "muted"))
        crumbs = self.crumbs if self.outer_size.width >= WIDE else ()
        if self.crumbs and not crumbs:
            line.right((clean(self.crumbs[-1], limit=24), "strong"))
        for index, crumb in enumerate(crumbs):
            if index:
                line.right((f" {self.session.glyphs.crumb} ", "faint"))
            line.right((clean(crumb, limit=60), "strong" if index else "muted"))
        if self.crumbs:
            line.right(("  ", "text"))
        for badge in self._badges():
            role = "badge.production" if badge == "PRODUCTION" else "badge"
            line.right((f" {badge} ", role), (" ", "text"))

    def _badges(self) -> list[str]:
        session = self.session
        badges = ["PRODUCTION"] if session.settings.production else []
        if session.paused_at is not None:
            badges.append("PAUSED")
        if session.utc:
            badges.append("UTC")
        if session.settings.read_only:
            badges.append("READ-ONLY")
        return badges

    def on_click(self, event: events.Click) -> None:
        x = 0
        for key, name, label in self.views:
            x += cells(f" {key} {label} ")
            if event.x < x:
                self.app.call_later(self.app.run_action, f"show_view('{name}')")
                return


KeyHint = tuple[str, str, int]
"""A key's name for Textual, its label, and its rank: the highest is the first to go."""


class Footer(Bar):
    """The keys that work here; from the right they go first, but `?` and `q` stay."""

    def __init__(self, session: Session, hints: Callable[[], Sequence[KeyHint]]) -> None:
        super().__init__(session, id="footer")
        self.hints = hints
        self._places: list[tuple[int, str]] = []

    def draw(self, line: Line) -> None:
        note = self._note()
        hints = self._fitting(list(self.hints()), self.outer_size.width - cells(note) - 1)
        self._places = []
        x = 1
        line.left((" ", "text"))
        for key, label, _ in hints:
            if x > 1:
                line.left(("   ", "muted"))
            line.left((key_name(key), "key"), (f" {label}", "muted"))
            x += cells(key_name(key)) + cells(label) + 4
            self._places.append((x, key))
        if note:
            line.right((note + " ", "muted"))

    def _note(self) -> str:
        if self.session.settings.read_only and self.outer_size.width >= 120:
            return "read-only: actions are off"
        if self.session.stale_since is not None and self.outer_size.width >= 120:
            return "actions wait for the broker"
        return ""

    @staticmethod
    def _fitting(hints: list[KeyHint], room: int) -> list[KeyHint]:
        """As many as fit, in their order: the lowest ranks first, and rank 0 always."""
        kept: set[int] = set()
        for index in sorted(range(len(hints)), key=lambda index: hints[index][2]):
            key, label, rank = hints[index]
            width = cells(key_name(key)) + cells(label) + 4
            if rank == 0 or width <= room:
                kept.add(index)
                room -= width
        return [hint for index, hint in enumerate(hints) if index in kept]

    def on_click(self, event: events.Click) -> None:
        for end, key in self._places:
            if event.x < end:
                self.app.call_later(self.app.simulate_key, key)
                return
