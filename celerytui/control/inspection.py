"""What a worker tells of itself, section by section, with the secrets masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celerytui.control.pidbox import Pidbox
from celerytui.control.survey import BROKER_FACTS
from celerytui.errors import BrokerUnavailable
from celerytui.masking import mask
from celerytui.model import Section

SECTIONS = (
    "stats",
    "active",
    "reserved",
    "scheduled",
    "revoked",
    "registered",
    "active_queues",
    "conf",
    "report",
    "clock",
    "ping",
    "memsample",
    "memdump",
)
"""The sections, which are inspect commands; "query_task ID" is one too."""

TASK_FACTS = ("rate_limit", "soft_time_limit", "time_limit")
"""What is asked of each registered task besides its name."""


def inspect(
    pidbox: Pidbox, hostnames: Sequence[str], sections: Sequence[str], now: float
) -> dict[str, dict[str, Section]]:
    """Ask some workers for some sections at once; what went wrong stands in them."""
    if not hostnames:
        return {}
    try:
        asks = {name: pidbox.send(*_question(name), destination=hostnames) for name in sections}
        pidbox.collect(list(asks.values()))
    except BrokerUnavailable as gone:
        answers: dict[str, dict[str, Any]] = {}
        silence = str(gone)
    else:
        answers = {name: ask.answers for name, ask in asks.items()}
        silence = f"no answer within {pidbox.timeout:g}s"
    return {
        host: {
            name: _section(host, name, answers[name][host], now)
            if host in answers.get(name, {})
            else Section(host, name, now, error=silence)
            for name in sections
        }
        for host in hostnames
    }


def _question(section: str) -> tuple[str, dict[str, Any]]:
    """The inspect command and its arguments; after "query_task" stand ids, by spaces."""
    name, *ids = section.split()
    return name, {"ids": ids} if ids else ARGUMENTS.get(name, {})


ARGUMENTS: dict[str, dict[str, Any]] = {
    "registered": {"taskinfoitems": list(TASK_FACTS)},
    "conf": {"with_defaults": False},
}


def _section(hostname: str, name: str, answer: Any, now: float) -> Section:
    if isinstance(answer, dict) and set(answer) == {"error"}:
        return Section(hostname, name, now, error=mask(str(answer["error"])))
    if isinstance(answer, dict) and set(answer) == {"ok"}:
        answer = answer["ok"]
    if name == "stats" and isinstance(answer, dict) and isinstance(answer.get("broker"), dict):
        broker = {key: answer["broker"].get(key) for key in BROKER_FACTS}
        answer = {**answer, "broker": broker}
    return Section(hostname, name, now, data=masked(answer))


def masked(answer: Any) -> Any:
    """The same answer, every text in it masked."""
    if isinstance(answer, str):
        return mask(answer)
    if isinstance(answer, dict):
        return {masked(key): masked(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [masked(one) for one in answer]
    return answer
