"""Why a broker cannot be had, in one line of words: is nothing there, or does it say no?"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from celerytui.masking import one_line
from celerytui.model import Outage
from celerytui.wire.broker import Broker, Silence

MAX_CHAIN = 8
NOTHING_THERE = (ConnectionError, TimeoutError, socket.gaierror, Silence)
THEIR_NAMES = ("TimeoutError", "ConnectionForced")
"""Redis-py's, and what py-amqp raises where RabbitMQ, or its operator, ends a connection."""
AMQP_CODE = re.compile(r"^\(0, 0\): \(\d{3}\) ")
"""What py-amqp puts before RabbitMQ's own words."""
OBJECT_REPR = re.compile(r"<[\w.]+(?:\(| object at )")


class Reason(Struct, frozen=True):
    """Of what kind an outage is, its words with passwords masked, and the command that mends it."""

    outage: Outage
    text: str
    remedy: str | None = None


def reason_of(error: BaseException, broker: Broker, connection: Any) -> Reason:
    """Why `connection`, kombu's, could not be had or was lost; may ask a sentinel for a second."""
    denial = None if broker.denial is None else broker.denial(error, connection)
    if denial is not None:
        return Reason(Outage.REFUSED, denial.text, denial.remedy)
    outage = Outage.ABSENT if _nothing_is_there(error) else Outage.UNUSABLE
    return Reason(outage, without_reprs(AMQP_CODE.sub("", one_line(error))))


def without_reprs(text: str) -> str:
    """A text of a client's without the reprs of its objects."""
    parts, at = [], 0
    for match in OBJECT_REPR.finditer(text):
        if match.start() >= at:
            parts.append(text[at : match.start()].rstrip(" :"))
            at = _end_of_repr(text, match.start())
    return "".join([*parts, text[at:]])


def _nothing_is_there(error: BaseException) -> bool:
    """Whether nothing answered at all; the clients' own errors for it say so in their cause."""
    chain = list(_chain(error))
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return False
    return any(
        isinstance(one, (*NOTHING_THERE, OSError)) or type(one).__name__ in THEIR_NAMES
        for one in chain
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(MAX_CHAIN):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__


def _end_of_repr(text: str, begin: int) -> int:
    depth = 0
    for at in range(begin, len(text)):
        depth += (text[at] == "<") - (text[at] == ">")
        if depth == 0:
            return at + 1
    return len(text)
