"""What workers and the broker answer: replies, outcomes, findings, surveys."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Reply(Struct, frozen=True):
    """One worker's answer to a command: `ok` None means that it did not answer."""

    worker: str
    ok: bool | None
    text: str


class Item(Struct, frozen=True):
    """What came of an action for one target: `ok` None means that it was not tried.

    `new_id` is the task that was sent for it.
    """

    target: str
    ok: bool | None
    text: str
    new_id: str | None = None


class Outcome(Struct, frozen=True):
    """What came of one action on its targets, with each worker's reply.

    `items` has one entry for each target where the action can tell them apart, else it is empty.
    `params` are the texts that were given, without those left empty. `expected` is what a worker
    should be like afterwards or was like before, by hostname, for the look back.
    """

    action: str
    targets: tuple[str, ...]
    replies: tuple[Reply, ...]
    started_at: float
    ended_at: float
    error: str | None = None
    items: tuple[Item, ...] = ()
    params: dict[str, str] = {}
    expected: dict[str, Any] = {}


class Finding(Struct, frozen=True):
    """What was seen of an action's effect some seconds later: `ok` None where nothing tells.

    `started_at` is that of the outcome it belongs to.
    """

    action: str
    started_at: float
    at: float
    ok: bool | None
    text: str


class Section(Struct, frozen=True):
    """One part of what a worker reports, in Celery's own shape, secrets masked.

    Either `data` or, in one line, the `error` that stands in its place.
    """

    hostname: str
    name: str
    taken_at: float
    data: Any = None
    error: str | None = None


class Arguments(Struct, frozen=True):
    """A task's real arguments as JSON texts, and where they came from."""

    name: str
    args: str
    kwargs: str
    source: str
    queue: str | None = None
    priority: int | None = None


class Refusal(Struct, frozen=True):
    """Why a task's arguments are not known for certain, and the reprs that are known of them."""

    reason: str
    name: str | None = None
    known_args: str | None = None
    known_kwargs: str | None = None
    queue: str | None = None


class Survey(Struct, frozen=True):
    """What the workers answered when asked what they do.

    Each mapping is hostname -> that inspect command's answer, in Celery's own shape; `active` has
    its arguments as reprs, `reserved` and `scheduled` have them as they are. A worker in `missing`
    was expected to answer and did not. `unsent` is hostname -> section -> seconds until it is
    asked again, of workers that answered, but not to this.
    """

    taken_at: float
    active: dict[str, list[dict[str, Any]]]
    reserved: dict[str, list[dict[str, Any]]]
    scheduled: dict[str, list[dict[str, Any]]]
    stats: dict[str, dict[str, Any]]
    active_queues: dict[str, list[dict[str, Any]]]
    missing: tuple[str, ...] = ()
    unsent: dict[str, dict[str, float]] = {}
