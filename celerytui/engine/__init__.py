"""Every thread of the program, and what flows between them."""

from celerytui.engine.engine import AS_IT_IS, AsItIs, Engine
from celerytui.engine.exporter import Export, Exported
from celerytui.engine.job import Job, Work
from celerytui.engine.mailbox import Mailbox
from celerytui.engine.schedule_poller import read_schedule

__all__ = [
    "AS_IT_IS",
    "AsItIs",
    "Engine",
    "Export",
    "Exported",
    "Job",
    "Mailbox",
    "Work",
    "read_schedule",
]
