"""The schedule and the settings of a project without what names anything of it."""

from __future__ import annotations

from msgspec.structs import replace

from celerytui.history.eventlog.names import Names
from celerytui.model import (
    OtherTiming,
    PlannedEntry,
    ScheduleChange,
    ScheduleEntry,
    SourceReading,
)

SETTINGS = frozenset(
    ("broker_connection_max_retries", "broker_connection_retry_on_startup", "broker_heartbeat",
     "broker_pool_limit", "enable_utc", "event_queue_expires", "event_queue_ttl",
     "result_expires", "result_extended", "task_acks_late", "task_acks_on_failure_or_timeout",
     "task_always_eager", "task_default_priority", "task_default_rate_limit", "task_ignore_result",
     "task_queue_max_priority", "task_reject_on_worker_lost", "task_send_sent_event",
     "task_soft_time_limit", "task_store_errors_even_if_ignored", "task_time_limit",
     "task_track_started", "worker_cancel_long_running_tasks_on_connection_loss",
     "worker_concurrency", "worker_disable_rate_limits", "worker_enable_remote_control",
     "worker_lost_wait", "worker_max_memory_per_child", "worker_max_tasks_per_child",
     "worker_pool_restarts", "worker_prefetch_multiplier", "worker_proc_alive_timeout",
     "worker_send_task_events")
)  # fmt: skip
"""Celery's own settings whose numbers and truth values say nothing of what a project does."""


def anonymous_schedule(change: ScheduleChange, names: Names) -> ScheduleChange:
    """The same entries and times, of other names, without arguments, options and texts."""
    reading = change.reading
    sources = tuple(
        SourceReading(
            names.name("source", one.name), None if one.error is None else "error", one.cut
        )
        for one in reading.sources
    )
    said = replace(reading, sources=sources, beat=replace(reading.beat, why=""))
    entries = tuple((place, _entry(entry, names)) for place, entry in change.entries)
    return replace(change, reading=said, entries=entries)


def _entry(entry: ScheduleEntry, names: Names) -> ScheduleEntry:
    recent = tuple(
        replace(
            run,
            task_id=names.id(run.task_id),
            exception=None if run.exception is None else names.exception(run.exception),
        )
        for run in entry.recent
    )
    return replace(
        entry,
        plan=_plan(entry.plan, names),
        words="" if isinstance(entry.plan.timing, OtherTiming) else entry.words,
        args=None,
        kwargs=None,
        recent=recent,
        notes=(),
        differs=(),
        why_unknown="",
    )


def _plan(plan: PlannedEntry, names: Names) -> PlannedEntry:
    """When it runs, and no more."""
    other = isinstance(plan.timing, OtherTiming)
    return replace(
        plan,
        name=names.name("entry", plan.name),
        task=names.task(plan.task),
        source=names.name("source", plan.source),
        timing=OtherTiming("another schedule") if other else plan.timing,
        args=(),
        kwargs={},
        options={},
        description="",
        record="",
        trouble="its schedule cannot be read" if plan.trouble else "",
        unread="its arguments cannot be read" if plan.unread else "",
    )
