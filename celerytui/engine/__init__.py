"""Every thread of the program, and what flows between them."""

from celerytui.engine.engine import Engine
from celerytui.engine.job import Job
from celerytui.engine.mailbox import Mailbox

__all__ = ["Engine", "Job", "Mailbox"]
