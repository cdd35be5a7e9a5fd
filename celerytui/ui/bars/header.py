"""Who and where, whether it is live, and the four numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from textual import events

from celerytui.columns import (
    clean,
    cut,
    format_age,
    format_clock,
    format_count,
    format_span,
    format_until,
    sparkline,
)
from celerytui.health import Alerts
from celerytui.health.link import BEHIND, QUIET
from celerytui.model import Link, LinkState, Outage
from celerytui.store import Summary
from celerytui.ui.bars.bar import Bar
from celerytui.ui.bars.replay_signs import replay_signs
from celerytui.ui.draw.spans import Line, Span, Spans, cells, span_width
from celerytui.ui.figures import FAILED, LATE_WORKERS, LOST_WORKERS, Figure
from celerytui.ui.messages import FigureOpened
from celerytui.ui.session import numbers_of

WIDE = 100


_FIGURES = (
    (r"fail(ed)? \S+", (FAILED,)),
    (r"workers \d+/\d+", (LOST_WORKERS, LATE_WORKERS)),
)
"""Which of its numbers lead to which rows."""

SPARED = 7
"""How often something more can be left out of the four numbers."""


LEAST_HOST = 7
"""Of a host's end so many cells are shown before other things are left out for it."""
MOST_DATABASE = 24

PORTS = {"redis": "6379", "rediss": "6379", "amqp": "5672", "pyamqp": "5672", "amqps": "5671"}
VHOSTS = ("amqp", "amqps", "pyamqp")

GAP = 3


TREND = 14


class Header(Bar):
    """Who and where, whether it is live or why not, and the four numbers."""

    _last_queued: int | None = None

    @property
    def ground(self) -> str:
        """A production cluster is known by it at a glance."""
        return "failure" if self.session.settings.production else self.GROUND

    def draw(self, line: Line) -> None:
        session, engine = self.session, self.session.engine
        summary = engine.store.summary(session.now())
        wide = self.outer_size.width >= WIDE
        spare = self._spare(summary, wide)
        if wide and spare > max(1, self._spare(summary, False)):
            # Long words would take the room of numbers.
            wide, spare = False, self._spare(summary, False)
        link = self._link(engine.link, summary, wide)
        numbers = self._numbers(summary, wide, spare)
        room = self._room(link, numbers, wide)
        # Whether it is live must be read whole.
        who = self._who(wide, max(1, room - 2))
        line.left(*who, (" " * (GAP if wide else GAP - 1), "text"), *link)
        line.left(*self._more(engine.link, summary, room - span_width(who) - 1))
        line.right(*numbers)

    def _spare(self, summary: Summary, wide: bool) -> int:
        """How much of the four numbers has to be left out; see `_numbers`."""
        link = self._link(self.session.engine.link, summary, wide)
        who, least = self._who(wide, 0, LEAST_HOST), self._who(wide, 1)
        for spare in range(SPARED):
            room = self._room(link, self._numbers(summary, wide, spare), wide)
            # Before the failed go the host and the app are cut.
            if (span_width(who) if spare < SPARED - 1 else span_width(least)) < room - 1:
                return spare
        return SPARED

    def _room(self, link: Spans, numbers: Spans, wide: bool) -> int:
        """The cells beside both."""
        used = span_width(link) + span_width(numbers) + (GAP if wide else GAP - 1)
        return self.outer_size.width - used

    def _who(self, wide: bool, room: int, least_host: int = 0) -> Spans:
        """The app and where its broker is, in so many cells if that can be.

        The host's beginning is cut first, to `least_host` cells, then the app's end; two databases
        of one host never look the same.
        """
        engine, ellipsis = self.session.engine, self.session.glyphs.ellipsis
        app, (host, end) = clean(engine.app_name, limit=40), _place(engine.broker_url)
        before: list[Span] = [(" celerytui", "key"), ("  ", "text")] if wide else [(" ", "text")]
        if self.session.replaying:
            left = max(1, room - span_width(before)) if room else cells(app)
            return [*before, (cut(app, left, ellipsis=ellipsis), "strong")]
        left = room - span_width(before) - cells(f"{app} @ {end}")
        host = cut(host, max(least_host, left), where="left", ellipsis=ellipsis)
        if (over := max(0, cells(host) - max(0, left))) and room:
            app = cut(app, max(0, cells(app) - over), ellipsis=ellipsis)
        return [*before, (app, "strong"), (" @ " if app else "@ ", "faint"), (host + end, "text")]

    def _link(self, link: Link, summary: Summary, wide: bool) -> Spans:
        """The state of the connection, or of the replay; never cut."""
        if (replayer := self.session.engine.replayer) is not None:
            return replay_signs(self.session, replayer.state, wide=wide)
        glyphs, now = self.session.glyphs, self.session.engine.clock()
        if link.state is LinkState.CONNECTING and not link.error:
            return [(f"{glyphs.lost} connecting", "warning")]
        if link.state in (LinkState.CONNECTING, LinkState.RECONNECTING):
            word = "disconnected" if link.lost_at else Outage.ABSENT.value
            if link.outage is not None and link.outage is not Outage.ABSENT:
                word = link.outage.value
            if link.next_try and link.next_try > now:
                when = format_until(link.next_try - now)
                short = f"refused, {when[3:]}" if link.outage is Outage.REFUSED else f"retry {when}"
                word = f"{word}, retry {when}" if wide else short
            return [(f"{glyphs.lost} {word}", "warning bold")]
        if link.state is LinkState.NO_EVENTS:
            word = "connected, no events" if wide else "no events"
            return [(f"{glyphs.states[0]} {word}", "warning bold")]
        if link.state is LinkState.OFFLINE:
            until = link.lost_at
            if until is None:
                return [(f"{glyphs.lost} OFFLINE", "warning bold")]
            words = " data up to " if wide else " to "
            when = format_clock(until, self.session.utc, now=now)
            return [(f"{glyphs.lost} OFFLINE", "warning bold"), (words, "muted"), (when, "strong")]
        if link.state is LinkState.STOPPED:
            return [(f"{glyphs.lost} stopped", "muted")]
        return self._live(summary, wide)

    def _more(self, link: Link, summary: Summary, room: int) -> Spans:
        """What else of the connection fits in so many cells: attempts, or the event rate."""
        if self.session.replaying:
            return []
        tries = f"   attempt {link.attempt}"
        if link.state is LinkState.RECONNECTING:
            return [(tries, "muted")] if link.attempt and cells(tries) <= room else []
        shown = min(room - 1, TREND)
        if link.state is not LinkState.CONNECTED or shown < TREND // 2:
            return []
        if self._alerts.get(QUIET) is not None:
            return []
        series = self.session.engine.store.series("events", TREND * 5, self.session.now())
        buckets = [_mean(series[i : i + 5]) for i in range(0, len(series), 5)]
        return [(" " + sparkline(buckets, shown, ascii=self.session.ascii), "muted")]

    def _live(self, summary: Summary, wide: bool) -> Spans:
        glyphs = self.session.glyphs
        if (quiet := self._alerts.get(QUIET)) is not None:
            silence = format_age(self.session.engine.clock() - quiet.since).removesuffix(" ago")
            return [(f"{glyphs.growing} silent for {silence}", "warning bold")]
        live: list[Span] = [(f"{glyphs.alive} ", "success"), ("live", "success bold")]
        if (late := self._alerts.get(BEHIND)) is not None:
            behind = format_span(late.evidence["lag"])
            live = [(f"{glyphs.growing} {behind} behind", "warning bold")]
        if summary.events_per_second is None:  # nobody has watched for a whole second yet
            return live
        events = round(summary.events_per_second)
        if wide:
            return [*live, (f"   {format_count(events)}", "strong"), (" ev/s", "muted")]
        return [*live, (f" {format_count(events, 4)}", "strong"), ("/s", "muted")]

    def _queued_messages(self) -> int | None:
        """What the queues hold that could be read; the last figure while the broker is gone.

        What workers have received and not started is in no queue any more.
        """
        depths = [queue.ready for queue in self.session.engine.store.queues()]
        read = [depth for depth in depths if depth is not None]
        if read or self.session.stale_since is None:
            self._last_queued = sum(read) if read else None
        return self._last_queued

    def on_click(self, event: events.Click) -> None:
        """Open the rows that a number which says that something is wrong counts."""
        text = self.render_line(0).text
        for pattern, figure in _FIGURES:
            for found in re.finditer(pattern, text):
                start = cells(text[: found.start()])
                there = start <= event.x < start + cells(found[0])
                if there and (opens := self._cause(figure)) is not None:
                    self.post_message(FigureOpened(opens))
                    return

    def _cause(self, figures: Sequence[Figure]) -> Figure | None:
        """The first of these figures that counts anything now."""
        numbers = numbers_of(self.session)
        return next((figure for figure in figures if numbers.get(figure)), None)

    @property
    def _alerts(self) -> Alerts:
        return self.session.engine.health.alerts

    def _numbers(self, summary: Summary, wide: bool, spare: int) -> Spans:
        """The four numbers; `spare` is how much of them is left out for want of room.

        First go letters and digits, then since when the failures are counted, the total of workers
        that are all there, the running, the queued, and last the failed.
        """
        wide = wide and not spare
        workers = summary.workers_online + summary.workers_late
        all_there = workers == summary.workers_total and not summary.workers_late
        session = self.session
        offline = session.settings.offline and not session.replaying
        known = summary.first_event_at is not None or offline
        old = self.session.stale_since is not None
        plain, late, bad = ("muted",) * 3 if old else ("strong", "warning", "failure")
        count = f"{workers}" if all_there and spare >= 4 else f"{workers}/{summary.workers_total}"
        failed = summary.failed_5m if known else None
        figures = [
            (("workers", "workers"), count, plain if all_there else f"{late} bold"),
            (("running", "run"), self.session.glance.running, plain),
            (("queued", "queued"), self._queued_messages(), plain),
            (("failed", "fail"), failed, f"{bad} bold" if summary.failed_5m else plain),
        ]
        if spare >= 5:
            del figures[1 : spare - 3]
        spans: list[Span] = []
        for labels, figure, role in figures:
            if spans:
                spans.append(("   " if wide else "  ", "muted"))
            if not isinstance(figure, str):
                figure = "?" if figure is None else format_count(figure, 4 if spare >= 2 else None)
            spans += [(f"{labels[not wide]} ", "muted"), (figure, role)]
        since = " " if spare >= 3 else " in 5m " if wide else "/5m "
        return [*spans, (since, "muted")]


@lru_cache(maxsize=16)
def _place(url: str) -> tuple[str, str]:
    """Of a broker's first URL the host, or its scheme where it has none, and port and database."""
    scheme, _, rest = clean(url).partition(";")[0].partition("://")
    rest = rest.partition("?")[0]
    authority, slash, database = rest.rpartition("@")[2].partition("/")
    host, colon, port = authority.rpartition(":") if authority[-1:] != "]" else (authority, "", "")
    if not colon:
        host, port = authority, PORTS.get(scheme, "")
    end = f":{port}" if port else ""
    if slash and (database or scheme in VHOSTS):
        end += f"/{cut(database or '/', MOST_DATABASE, where='middle')}"
    return host or scheme, end


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
