"""Marks: an event of our own that names a moment for every monitor of the cluster."""

from __future__ import annotations

from typing import Any

from celerytui.control.action import Action, Call, Param, Reach, Result, Scope
from celerytui.control.user import user_name
from celerytui.errors import BrokerUnavailable, UsageError
from celerytui.model import MARK_EVENT, MARK_LENGTH, Item


def _mark(call: Call) -> Result:
    text = call.params["text"].strip()
    if len(text) > MARK_LENGTH:
        raise UsageError(f"the text of a mark has at most {MARK_LENGTH} characters")
    pidbox = call.pidbox
    channel = pidbox.channel()
    reason = pidbox.broker.no_events(channel.connection.client)
    if reason is not None:
        raise BrokerUnavailable(f"{reason}: a mark cannot be sent")
    # Whoever reads events in the app's serializer, on the app's exchange, receives it.
    dispatcher = call.app.events.Dispatcher(channel=channel)
    with pidbox.guarded(pidbox.broker_errors):
        dispatcher.send(MARK_EVENT, blind=True, Event=_without_clock, text=text, user=user_name())
    return Result((), items=(Item(text, True, "sent to every monitor"),))


def _without_clock(type: str, **fields: Any) -> dict[str, Any]:
    """An event as Celery makes them, but for the logical clock: ours counts nothing.

    Receivers give their own to one that has none, and fail at one that is None.
    """
    from celery.events.event import Event

    event: dict[str, Any] = Event(type, **fields)
    del event["clock"]
    return event


ACTIONS = (
    Action(
        id="cluster.mark",
        key="M",
        label="Set a mark",
        words=("deploy", "release", "version", "annotate"),
        scope=Scope.CLUSTER,
        params=(Param("text", "Text", required=True, help=f"at most {MARK_LENGTH} characters"),),
        run=_mark,
        reach=Reach("Will be sent as an event to every monitor"),
        button="Set",
        help="a line in the charts, and what failures are new since, in every monitor",
    ),
)
