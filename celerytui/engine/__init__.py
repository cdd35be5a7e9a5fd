"""Every thread of the program, and what flows between them."""

from celerytui.engine.engine import AS_IT_IS, AsItIs, Engine
from celerytui.engine.job import Job
from celerytui.engine.mailbox import Mailbox
from celerytui.engine.schedule_poller import read_schedule

__all__ = ["AS_IT_IS", "AsItIs", "Engine", "Job", "Mailbox", "read_schedule"]
