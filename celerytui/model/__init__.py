"""Events, tasks, workers and queues: plain structs, no I/O, no formatting.

Times are Unix seconds, those of tasks by the clock of their sender, all others by ours; durations
are seconds.
`None` is "not known", never zero.
"""

from __future__ import annotations

from celerytui.model.broker import Blockage, LostTasks, Redelivery
from celerytui.model.cluster import (
    Alert,
    Link,
    LinkState,
    Outage,
    Queue,
    QueueDepth,
    Severity,
    Worker,
    WorkerStatus,
)
from celerytui.model.course import Course, Series
from celerytui.model.events import Batch, Event
from celerytui.model.ids import id_text, id_value
from celerytui.model.marks import MARK_EVENT, MARK_LENGTH, Mark
from celerytui.model.recording import Bucket, Entry, Moment, Moments, Recording
from celerytui.model.replies import (
    Arguments,
    Finding,
    Item,
    Outcome,
    Refusal,
    Reply,
    Section,
    Survey,
)
from celerytui.model.results import ResultMeta, Results, StoredGroup, StoredResult, TaskGroups
from celerytui.model.schedule import (
    BeatState,
    BeatStatus,
    Clocked,
    Crontab,
    EntryRun,
    Interval,
    OtherTiming,
    PlannedEntry,
    ScheduleEntry,
    ScheduleReading,
    Solar,
    SourceReading,
    Standing,
    Timing,
)
from celerytui.model.statistics import Quantiles, TypeDetail, TypeFigures, TypePlace
from celerytui.model.tasks import (
    BY_CONSTANT,
    CLOCKS_AGREE,
    ENDED_STATES,
    LABELS,
    OWN_ROOT,
    Attempt,
    CustomEvent,
    Lineage,
    Message,
    Progress,
    Revocation,
    Task,
    TaskExtra,
    TaskState,
)

__all__ = [
    "BY_CONSTANT",
    "CLOCKS_AGREE",
    "ENDED_STATES",
    "LABELS",
    "MARK_EVENT",
    "MARK_LENGTH",
    "OWN_ROOT",
    "Alert",
    "Arguments",
    "Attempt",
    "Batch",
    "BeatState",
    "BeatStatus",
    "Blockage",
    "Bucket",
    "Clocked",
    "Course",
    "Crontab",
    "CustomEvent",
    "Entry",
    "EntryRun",
    "Event",
    "Finding",
    "Interval",
    "Item",
    "Lineage",
    "Link",
    "LinkState",
    "LostTasks",
    "Mark",
    "Message",
    "Moment",
    "Moments",
    "OtherTiming",
    "Outage",
    "Outcome",
    "PlannedEntry",
    "Progress",
    "Quantiles",
    "Queue",
    "QueueDepth",
    "Recording",
    "Redelivery",
    "Refusal",
    "Reply",
    "ResultMeta",
    "Results",
    "Revocation",
    "ScheduleEntry",
    "ScheduleReading",
    "Section",
    "Series",
    "Severity",
    "Solar",
    "SourceReading",
    "Standing",
    "StoredGroup",
    "StoredResult",
    "Survey",
    "Task",
    "TaskExtra",
    "TaskGroups",
    "TaskState",
    "Timing",
    "TypeDetail",
    "TypeFigures",
    "TypePlace",
    "Worker",
    "WorkerStatus",
    "id_text",
    "id_value",
]
