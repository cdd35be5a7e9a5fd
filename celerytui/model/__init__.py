"""Events, tasks, workers and queues: plain structs, no I/O, no formatting.

Times are Unix seconds on this machine's clock unless a field says otherwise, durations seconds.
`None` is "not known", never zero.
"""

from __future__ import annotations

from celerytui.model.cluster import (
    Alert,
    Link,
    LinkState,
    Queue,
    QueueDepth,
    Severity,
    Worker,
    WorkerStatus,
)
from celerytui.model.events import Batch, Event
from celerytui.model.ids import id_text, id_value
from celerytui.model.replies import (
    Arguments,
    Finding,
    Item,
    Outcome,
    Refusal,
    Reply,
    ResultMeta,
    Section,
    Survey,
)
from celerytui.model.tasks import (
    BY_CONSTANT,
    LABELS,
    OWN_ROOT,
    Attempt,
    Lineage,
    Message,
    Revocation,
    Task,
    TaskExtra,
    TaskState,
)

__all__ = [
    "BY_CONSTANT",
    "LABELS",
    "OWN_ROOT",
    "Alert",
    "Arguments",
    "Attempt",
    "Batch",
    "Event",
    "Finding",
    "Item",
    "Lineage",
    "Link",
    "LinkState",
    "Message",
    "Outcome",
    "Queue",
    "QueueDepth",
    "Refusal",
    "Reply",
    "ResultMeta",
    "Revocation",
    "Section",
    "Severity",
    "Survey",
    "Task",
    "TaskExtra",
    "TaskState",
    "Worker",
    "WorkerStatus",
    "id_text",
    "id_value",
]
