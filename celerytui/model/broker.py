"""What the broker itself has to say: that it refuses messages, and which it delivers again."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Blockage(Struct, frozen=True):
    """Why the broker takes no messages now: `text` is one sentence, `evidence` its figures.

    `silences` is whether the workers' events wait with all else, so that silence says nothing of
    the workers.
    """

    text: str
    evidence: dict[str, Any] = {}
    silences: bool = False


class Redelivery(Struct, frozen=True):
    """Whether the broker delivers a task again whose worker went away.

    `again` is None where nothing tells. `at` is when it comes at the earliest, None for at once or
    where that is not known; `why` says in a few words what that rests on.
    """

    again: bool | None
    at: float | None = None
    why: str = ""


class LostTasks(Struct, frozen=True):
    """The tasks that went down with a worker, by where they were: started, or waiting in it.

    `again` of them the broker delivers again and `never` of them not; of the others that is not
    known. They come at `at` at the earliest, and `last` at the latest, where these are known; `how`
    says when in words.
    """

    started: int
    waiting: int
    again: int = 0
    never: int = 0
    at: float | None = None
    last: float | None = None
    how: str = ""
