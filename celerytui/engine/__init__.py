"""Every thread of the program, and what flows between them."""

from celerytui.engine.engine import Engine
from celerytui.engine.mailbox import Mailbox
from celerytui.engine.running import Running

__all__ = ["Engine", "Mailbox", "Running"]
