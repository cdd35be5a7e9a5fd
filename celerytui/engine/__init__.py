"""Every thread of the program, and what flows between them."""

from celerytui.engine.as_it_is import AS_IT_IS, AsItIs
from celerytui.engine.engine import Engine
from celerytui.engine.exporter import Export, Exported
from celerytui.engine.job import Job, Work
from celerytui.engine.mailbox import Mailbox
from celerytui.engine.past_search import PastReading, PastSearch
from celerytui.engine.past_tasks import Recorded
from celerytui.engine.schedule_poller import read_schedule

__all__ = [
    "AS_IT_IS",
    "AsItIs",
    "Engine",
    "Export",
    "Exported",
    "Job",
    "Mailbox",
    "PastReading",
    "PastSearch",
    "Recorded",
    "Work",
    "read_schedule",
]
