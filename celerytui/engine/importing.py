"""One thread at a time imports what others may be importing too."""

from __future__ import annotations

import threading

importing = threading.RLock()
"""Held meanwhile: two that enter a circle of imports at different places find modules half made.

Modules are the process's own, and so is this.
"""
