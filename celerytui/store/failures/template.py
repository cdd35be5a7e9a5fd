"""What stays the same of a message from one failure to the next."""

from __future__ import annotations

import re

READ = 500
"""Characters of a message that are looked at."""
KEPT = 200
"""Characters that a template has at the most."""

# One pass; what stands first is tried first. No part repeats within a repetition, so that no
# message takes more than a time that grows with its length. Compiled when it is first used.
_VARIES = (
    r"(?i)\bdatetime\.datetime\([^)]{0,120}\)()"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b()"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}()"
    r"|\b[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>)]+()"
    r"|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?()"
    r"|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b(?::\d+)?()"
    r"|(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\")()"
    r"|(?<![\w/.])(?:~|\b[a-z]:)?(?:[/\\]{1,2}[\w.@+-]+){2,}[/\\]?()"
    r"|\b0x[0-9a-f]+\b()"
    r"|\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,128}\b()"
    r"|(?<!\w)[-+]?\d+(?:\.\d+)?()|\d+(?:\.\d+)?()"
)
_NAMES = (
    *("<time>", "<id>", "<email>", "<url>", "<time>", "<ip>", "<str>", "<path>"),
    *("<n>", "<n>", "<n>", "<n>"),
)
# What a task was called with is written in no pattern.
_CALLED_WITH = " args:("


def template(message: str) -> str:
    """The message with what varies in its place: `order <n> of <email> not found`."""
    text = " ".join(message[:READ].partition(_CALLED_WITH)[0].split())
    return re.sub(_VARIES, _name, text)[:KEPT]


def _name(match: re.Match[str]) -> str:
    return _NAMES[(match.lastindex or 1) - 1]
