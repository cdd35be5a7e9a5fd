"""Names of client libraries that are taken away from our own modules, and left to all others."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

NAMES: dict[str, dict[str, str]] = {
    "redis": {
        "Channel": "kombu.transport.redis:Transport",
        "Message": "kombu.transport.redis:Channel",
        "_get_publish_topic": "kombu.transport.redis:Channel",
        "_q_for_pri": "kombu.transport.redis:Channel",
        "_sock": "redis.connection:Connection",
        "ack_emulation": "kombu.transport.redis:Channel",
        "client": "kombu.transport.redis:Channel",
        "connection_class": "kombu.transport.redis:Channel",
        "connection_class_ssl": "kombu.transport.redis:Channel",
        "global_keyprefix": "kombu.transport.redis:Channel",
        "handlers": "kombu.transport.redis:Channel",
        "keyprefix_queue": "kombu.transport.redis:Channel",
        "make_connection": "redis.connection:ConnectionPool",
        "pool": "kombu.transport.redis:Channel",
        "priority_steps": "kombu.transport.redis:Channel",
        "sep": "kombu.transport.redis:Channel",
        "subclient": "kombu.transport.redis:Channel",
        "unacked_index_key": "kombu.transport.redis:Channel",
        "unacked_key": "kombu.transport.redis:Channel",
        "visibility_timeout": "kombu.transport.redis:Channel",
    },
    "amqp": {
        "Connection": "kombu.transport.pyamqp:Transport",
        "_METHODS": "amqp.connection:Connection",
        "_callbacks": "amqp.connection:Connection",
        "_read_buffer": "amqp.transport:TCPTransport",
        "_transport": "amqp.connection:Connection",
        "bytes_recv": "amqp.connection:Connection",
        "connected": "amqp.connection:Connection",
        "having_timeout": "amqp.transport:TCPTransport",
        "on_inbound_frame": "amqp.connection:Connection",
        "send_method": "amqp.channel:Channel",
        "sock": "amqp.transport:TCPTransport",
        "transport": "amqp.connection:Connection",
        "wait": "amqp.channel:Channel",
    },
    "generic": {"_size": "kombu.transport.virtual.base:AbstractChannel"},
}
"""Broker -> each name that its `private.py` uses -> the class that it is taken away from."""

PLAIN = {
    *("SHUT_RDWR", "append", "close", "connection", "decode", "ping", "shutdown", "split"),
    *("Blocked", "Declare", "DeclareOk", "Queue", "Unblocked", "can_read", "method"),
}
"""Names in those files that are public, Python's or our own."""

REDIS_EVENTS = (
    *("Channel", "_get_publish_topic", "_sock", "connection_class", "connection_class_ssl"),
    *("global_keyprefix", "make_connection", "pool"),
)
REDIS_DEPTHS = ("_q_for_pri", "global_keyprefix", "keyprefix_queue", "pool", "priority_steps")
REDIS_UNACKED = ("ack_emulation", "sep", "unacked_key")
REDIS_REDELIVERY = ("unacked_index_key", "visibility_timeout")
REDIS_PING = ("client",)
REDIS_RESUME = ("handlers", "subclient")
REDIS_REPLIES = ("Message", "_q_for_pri", "global_keyprefix", "pool", "priority_steps")
AMQP_EVENTS = ("Connection", "_read_buffer", "bytes_recv", "on_inbound_frame", "sock", "transport")
AMQP_BLOCKED = ("_METHODS", "_callbacks")
AMQP_DEPTHS = ("send_method", "wait")
AMQP_END = ("_transport", "connected", "having_timeout")

ABSENT = object()
"""An attribute that only instances have."""


class Hidden:
    """Stands for a class's attribute that our own modules do not find and all others do."""

    def __init__(self, owner: type, name: str) -> None:
        self.owner = owner
        self.name = name
        self.missed = 0
        self._real: Any = inspect.getattr_static(owner, name, ABSENT)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if sys._getframe(1).f_globals["__name__"].startswith("celerytui."):
            self.missed += 1
            raise AttributeError(f"{self.owner.__name__!r} object has no attribute {self.name!r}")
        if not hasattr(type(self._real), "__set__"):
            own = getattr(instance, "__dict__", {})
            if self.name in own:
                return own[self.name]
        if self._real is ABSENT:
            raise AttributeError(self.name)
        bind = getattr(type(self._real), "__get__", None)
        return self._real if bind is None else bind(self._real, instance, owner)

    def __set__(self, instance: Any, value: Any) -> None:
        if hasattr(type(self._real), "__set__"):
            self._real.__set__(instance, value)
        else:
            instance.__dict__[self.name] = value


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Hidden]:
    """`hide(broker, name)`: what the library itself still finds, and we no more."""

    def hide_one(broker: str, name: str) -> Hidden:
        module, _, class_name = NAMES[broker][name].partition(":")
        owner = getattr(import_module(module), class_name)
        hidden = Hidden(owner, name)
        monkeypatch.setattr(owner, name, hidden, raising=False)
        return hidden

    return hide_one
