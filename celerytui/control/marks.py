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
    broker = pidbox.broker
    reason = broker.no_events(channel.connection.client)
    if broker.in_process:
        reason = f"{broker.title} stays inside one process"
    if reason is not None:
        raise BrokerUnavailable(f"{reason}: no monitor would receive the mark")
    # On the app's own exchange and in its serializer: every monitor reads these.
    dispatcher = call.app.events.Dispatcher(channel=channel)
    with pidbox.guarded(pidbox.broker_errors):
        dispatcher.send(MARK_EVENT, blind=True, Event=_without_clock, text=text, user=user_name())
    return Result((), items=(Item(text, True, f"{text}: sent to every monitor"),))


def _without_clock(type: str, **fields: Any) -> dict[str, Any]:
    """An event as Celery makes it, but for the logical clock: ours counts nothing.

    Receivers give their own to one that has none, and fail at one that is None.
    """
    from celery.events.event import Event

    event: dict[str, Any] = Event(type, **fields)
    del event["clock"]
    return event


MARK = Action(
    id="cluster.mark",
    key="M",
    label="Set a mark",
    words=("deploy", "release", "version", "annotate"),
    scope=Scope.CLUSTER,
    params=(
        Param("text", "Text", required=True, help=f"such as v1.2; up to {MARK_LENGTH} characters"),
    ),
    run=_mark,
    reach=Reach("Will be sent as an event to every monitor"),
    button="Set",
    help="a line in the charts of every monitor, and what failures are new since",
)
ACTIONS = (MARK,)
