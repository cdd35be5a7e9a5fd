"""Events as they come off the wire, and their batches."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from celerytui.model.ids import ID_LIMIT

# What a field may hold; the decoder checks it, a constructor does not. A sender outside these
# bounds is broken or hostile: no host, task or queue has such a name, no counter such a value.
Short = Annotated[str, Meta(max_length=255)]


Long = Annotated[str, Meta(max_length=1024)]


Id = Annotated[str, Meta(max_length=ID_LIMIT)]


Count = Annotated[int, Meta(ge=0, le=2**53)]


Seconds = Annotated[float, Meta(ge=0, le=4e10)]


Loads = Annotated[tuple[Seconds, ...], Meta(max_length=8)]


class Event(Struct, gc=False, omit_defaults=True):
    """One event as it came off the wire, its known fields checked by type and bounds.

    `timestamp` is the sender's clock, `extra` the fields of a custom event. Fields of other kinds
    of event than this one stay None. Ids are texts, those of other types as `ids` writes them.
    Source: celery/events, docs "Monitoring: Event Reference".
    """

    type: Annotated[str, Meta(min_length=1, max_length=255)]
    hostname: Short = ""
    timestamp: Seconds = 0.0
    clock: Count | None = None
    pid: Count | None = None
    uuid: Id | None = None
    name: Long | None = None
    args: str | None = None
    kwargs: str | None = None
    root_id: Id | None = None
    parent_id: Id | None = None
    retries: Count | None = None
    eta: Short | None = None
    expires: Short | None = None
    queue: Long | None = None
    exchange: Long | None = None
    routing_key: Long | None = None
    result: str | None = None
    runtime: Seconds | None = None
    exception: str | None = None
    traceback: str | None = None
    requeue: bool | None = None
    terminated: bool | None = None
    signum: Count | Short | None = None
    expired: bool | None = None
    freq: Seconds | None = None
    active: Count | None = None
    processed: Count | None = None
    loadavg: Loads | None = None
    sw_ident: Short | None = None
    sw_ver: Short | None = None
    sw_sys: Short | None = None
    extra: dict[str, Any] | None = None


class Batch(Struct, omit_defaults=True):
    """What one read of the broker brought: good events, and how many were dropped as invalid.

    `lag` is by how many seconds the events came later than they do when nothing holds them up.
    """

    events: list[Event]
    received_at: float
    invalid: int = 0
    lag: float | None = None
