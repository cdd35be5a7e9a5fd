"""The facts of one worker, and the queues it consumes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from celerytui.columns import (
    clean,
    cut,
    format_age,
    format_clock,
    format_count,
    format_duration,
    format_span,
    lost_counts,
    lost_text,
    meter,
    status_role,
)
from celerytui.columns.workers import busy_part, software, stopping_words
from celerytui.control import ENABLE_EVENTS
from celerytui.health.queues import GROWING
from celerytui.health.workers import LATE, LOST, SHARED, is_skewed
from celerytui.model import Queue, TaskState, Worker
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.spans import Line, Span, Spans, span_width
from celerytui.ui.draw.titles import fit_parts
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.views.worker.pane import WorkerPane

LABEL = 12


METER = 14


class WorkerFacts(WorkerPane, ScrolledPane):
    """Identity, load and health of the worker, and the queues it consumes."""

    NAME = "Worker"
    SECTIONS = ("stats", "active_queues")

    def titles(self) -> tuple[Spans, Spans]:
        worker = self.worker
        name = clean(self.hostname, limit=200) or self.NAME
        if worker is None:
            return [(name, self.title_role)], [("unknown", "muted")]
        glyphs, now = self.session.glyphs, self.session.now()
        alive, role = worker.alive, status_role(worker)
        right: list[Span] = [
            (f"{glyphs.alive if alive else glyphs.lost} ", role),
            (worker.status, f"{role} bold" if not alive else role),
        ]
        room = max(LABEL, self.inside.width - span_width(right) - 4)
        left: Spans = [(cut(name, room, where="third", ellipsis=glyphs.ellipsis), self.title_role)]
        beat = worker.last_heartbeat
        if beat is not None:
            word = "heartbeat" if alive else "last heartbeat"
            right.append((f"  {word} {format_age(max(0.0, now - beat))}", "muted"))
        return left, right

    def lines(self, width: int) -> list[Line | Spans]:
        worker = self.worker
        if worker is None:
            return [[("No heartbeat and no reply from this worker yet.", "muted")]]
        stats = self.data("stats", dict)
        lines: list[Line | Spans] = []
        for note, role in self._notes(worker):
            lines += [[(part, role)] for part in wrap(note, max(20, width))]
        lines += self._lost(worker, width)
        for label, spans in self._facts(worker, stats, width):
            lines.append([(label.ljust(LABEL), "muted"), *fit_parts(spans, width - LABEL)])
        lines += [
            [],
            section(width, "Consumes", self.age("active_queues"), glyphs=self.session.glyphs),
        ]
        return [*lines, *self._queues(worker, width)]

    def _notes(self, worker: Worker) -> list[Span]:
        """What is out of the ordinary with its processes, in a line each."""
        ids = (LATE.id, LOST.id, SHARED.id)
        notes: list[Span] = [
            (alert.text, "failure" if alert.severity == "critical" else "warning")
            for alert in worker.alerts
            if alert.id in ids
        ]
        if worker.stopping and worker.stopping_until is not None:
            before = "An earlier process is stopping" if worker.alive else "Stopping"
            end = format_clock(worker.stopping_until, self.session.utc, now=self.session.now())
            notes.append((f"{before}: {stopping_words(worker)}, deadline {end}", "text"))
        return notes

    def _facts(
        self, worker: Worker, stats: Mapping[str, Any], width: int
    ) -> list[tuple[str, Spans]]:
        unknown = self.session.glyphs.unknown
        named = software(worker) or unknown
        system: Spans = [(f"   {clean(worker.sw_sys, limit=20)}", "muted")] if worker.sw_sys else []
        pool = f"{worker.pool or unknown}, {format_count(worker.concurrency)}"
        pid = ", ".join(map(str, worker.pids)) or str(worker.pid or unknown)
        return [
            ("uptime", self._up(worker)),
            ("version", [(clean(named, limit=40), "text"), *system]),
            ("pid", [(pid, "text"), ("   pool ", "muted"), (clean(pool, limit=40), "text")]),
            ("busy", self._busy(worker)),
            ("prefetched", self._prefetched(worker)),
            ("load", self._load(worker)),
            ("events", self._events(worker)),
            ("clock", self._clock(worker)),
            ("processed", self._processed(worker)),
            ("results", self._seen(worker)),
            ("memory", self._memory(stats)),
            ("broker", self._broker(stats)),
            ("inspected", self.age("stats")),
        ]

    def _up(self, worker: Worker) -> Spans:
        if worker.uptime is None or worker.inspected is None:
            return [(self.session.glyphs.unknown, "muted")]
        now = self.session.now()
        started = worker.inspected - worker.uptime
        when = format_clock(started, self.session.utc, now=now)
        return [(format_span(max(0.0, now - started)), "text"), (f"   since {when}", "muted")]

    def _busy(self, worker: Worker) -> Spans:
        active, slots = format_count(worker.running), worker.concurrency
        bar = meter(busy_part(worker), METER, ascii=self.session.ascii)
        full = len(bar.rstrip("-─"))
        return [
            (active, "text"),
            (f"/{format_count(slots)}" if slots else "", "muted"),
            ("   ", "text"),
            (bar[:full], "started"),
            (bar[full:], "faint"),
        ]

    def _prefetched(self, worker: Worker) -> Spans:
        waiting = sum(task.state is TaskState.RECEIVED for task in self.session.glance.tasks)
        spans: list[Span] = [(format_count(waiting), "text")]
        if worker.prefetch:
            times = self.session.glyphs.times
            per = worker.prefetch // worker.concurrency if worker.concurrency else 0
            exact = per and per * (worker.concurrency or 0) == worker.prefetch
            how = f" ({per} {times} {worker.concurrency})" if exact else ""
            spans += [(f" of {worker.prefetch:,}", "muted"), (how, "faint")]
        return spans

    def _load(self, worker: Worker) -> Spans:
        if not worker.loadavg:
            return [(self.session.glyphs.unknown, "muted")]
        first, *rest = [f"{load:.2f}" for load in worker.loadavg[:3]]
        return [(first, "text"), ("  " + "  ".join(rest), "muted")]

    def _events(self, worker: Worker) -> Spans:
        glyphs = self.session.glyphs
        if worker.task_events is None:
            return [(glyphs.unknown, "muted")]
        if not worker.task_events:
            key = "" if self.session.read_only else self.session.key_of(ENABLE_EVENTS.id)
            help_ = f"   {key} enables them" if key else ""
            return [(f"{glyphs.lost} off", "warning"), (help_, "muted")]
        ours = ", enabled from here" if worker.events_enabled_by_us else ""
        return [(f"{glyphs.alive} ", "success"), ("on", "text"), (ours, "muted")]

    def _clock(self, worker: Worker) -> Spans:
        skew = worker.clock_skew
        if skew is None:
            return [(self.session.glyphs.unknown, "muted")]
        side = "behind" if skew < 0 else "ahead of"
        role = "warning" if is_skewed(worker) else "text"
        return [(f"{format_duration(abs(skew))} {side}", role), (" ours", "muted")]

    def _processed(self, worker: Worker) -> Spans:
        count = format_count(worker.processed, ascii=self.session.ascii)
        return [(count, "text"), (" since its start", "muted")]

    def _seen(self, worker: Worker) -> Spans:
        """How its tasks ended since the monitor watches: these need not add up to the processed."""
        session, since = self.session, worker.seen_since
        if since is None:
            return [(session.glyphs.unknown, "muted"), ("   no task events yet", "muted")]
        glyphs = session.glyphs
        figures = (
            (glyphs.success, worker.succeeded, "text"),
            (glyphs.failure, worker.failed, "failure"),
            (glyphs.retry, worker.retried, "warning"),
        )
        spans: list[Span] = [
            (f"{sign} {format_count(count)}  ", role if count else "muted")
            for sign, count, role in figures
        ]
        return [*spans, (f"since {format_clock(since, session.utc, now=session.now())}", "muted")]

    def _lost(self, worker: Worker, width: int) -> list[Line | Spans]:
        """The tasks lost with it, and whether they are redelivered."""
        lost = worker.lost_tasks
        if lost is None:
            return []
        session = self.session
        text = f"{lost_counts(lost)}: {lost_text(lost, session.now(), session.utc)}"
        found = textwrap.wrap(text, max(16, width - LABEL))
        return [
            [(("" if at else "lost").ljust(LABEL), "muted"), (line, "warning")]
            for at, line in enumerate(found)
        ]

    def _memory(self, stats: Mapping[str, Any]) -> Spans:
        usage = stats.get("rusage")
        peak = usage.get("maxrss") if isinstance(usage, Mapping) else None
        if not isinstance(peak, (int, float)) or peak <= 0:
            return [(self.session.glyphs.unknown, "muted")]
        return [(format_memory(peak), "text"), ("   peak of the main process", "muted")]

    def _broker(self, stats: Mapping[str, Any]) -> Spans:
        broker = stats.get("broker")
        if not isinstance(broker, Mapping):
            return [(self.session.glyphs.unknown, "muted")]
        user = broker.get("userid")
        where = f"{broker.get('transport')}://{f'{user}@' if user else ''}{broker.get('hostname')}"
        port, path = broker.get("port"), broker.get("virtual_host")
        text = f"{where}{f':{port}' if port else ''}/{str(path or '').lstrip('/')}"
        return [(clean(text, limit=120), "text")]

    def _queues(self, worker: Worker, width: int) -> list[Line | Spans]:
        names = [
            str(one.get("name")) for one in self.data("active_queues", list)
            if isinstance(one, Mapping)
        ] or list(worker.queues or ())  # fmt: skip
        known = {queue.name: queue for queue in self.session.engine.health.queues()}
        if not names:
            return [[("no queues reported", "muted")]]
        return [self._queue(name, known.get(name), width) for name in names]

    def _queue(self, name: str, queue: Queue | None, width: int) -> Spans:
        ready = None if queue is None else queue.ready
        label = clean(name, limit=40).ljust(LABEL)
        growing = queue is not None and GROWING.on(queue)
        role = "warning" if growing else "text"
        spans: list[Span] = [
            (label, "muted"),
            (format_count(ready, ascii=self.session.ascii), role),
            (" waiting", role),
        ]
        if growing and queue is not None:
            sign = self.session.glyphs.growing
            spans.append((f"  {sign} +{queue.growth:.1f}/s", "warning"))
        return spans


def format_memory(kilobytes: float) -> str:
    """`141 MB`, `1.9 GB`, from rusage's figure, which is kilobytes on Linux."""
    size = kilobytes * 1024
    for unit, limit in (("kB", 1e6), ("MB", 1e9), ("GB", 1e12)):
        if size < limit:
            part = size / (limit / 1000)
            return f"{part:.1f} {unit}" if part < 10 else f"{part:.0f} {unit}"
    return f"{size / 1e12:.1f} TB"
