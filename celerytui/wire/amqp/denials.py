"""How RabbitMQ says no, and the command that grants what was asked for."""

from __future__ import annotations

import re
import shlex
from typing import Any

from celerytui.masking import one_line
from celerytui.wire.broker import Denial

OURS = "^celeryev|pidbox$"
"""What the monitor declares, writes to and reads from: events, and the workers' mailboxes."""

NO_ACCESS = re.compile(r"access to vhost '(?P<vhost>[^']*)' refused for user '(?P<user>[^']*)'")
NO_RIGHT = re.compile(
    r"access to (?:exchange|queue|topic) '[^']*'.* in vhost '(?P<vhost>[^']*)'"
    r" refused for user '(?P<user>[^']*)'"
)
NO_VHOST = re.compile(r"vhost (?P<vhost>\S+) not found")
USER_LIMIT = re.compile(r"refused for user '(?P<user>[^']*)': user connection limit")
VHOST_LIMIT = re.compile(
    r"access to vhost '(?P<vhost>[^']*)' refused.*: (?:vhost )?connection limit"
)
LOGIN = re.compile(r"ACCESS_REFUSED - Login was refused")
NO = re.compile(r"ACCESS_REFUSED|NOT_ALLOWED")
CODE = re.compile(r"^(?:[\w.]+|\(0, 0\)): \(\d{3}\) ")
"""The method and the number before RabbitMQ's own words."""


def denial_of(error: BaseException, connection: Any) -> Denial | None:
    """What RabbitMQ refuses in this error, None where it is none of its denials."""
    text = one_line(error)
    if NO.search(text) is None:
        return None
    return Denial(CODE.sub("", text), _remedy(text, connection))


def _remedy(text: str, connection: Any) -> str | None:
    if LOGIN.search(text):
        user = shlex.quote(str(connection.userid or "guest"))
        return f"rabbitmqctl authenticate_user {user}"
    if found := NO_VHOST.search(text):
        return f"rabbitmqctl add_vhost {shlex.quote(found['vhost'])}"
    if found := USER_LIMIT.search(text):
        user = shlex.quote(found["user"])
        return f"""rabbitmqctl set_user_limits {user} '{{"max-connections": -1}}'"""
    if found := VHOST_LIMIT.search(text):
        vhost = shlex.quote(found["vhost"])
        return f"""rabbitmqctl set_vhost_limits -p {vhost} '{{"max-connections": -1}}'"""
    if found := NO_ACCESS.search(text) or NO_RIGHT.search(text):
        where, user = shlex.quote(found["vhost"]), shlex.quote(found["user"])
        rights = " ".join([f"'{OURS}'"] * 3)
        return f"rabbitmqctl set_permissions -p {where} {user} {rights}"
    return None
