"""What a worker reports, section by section, with the secrets masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celerytui.control.pidbox import Pidbox
from celerytui.control.questions import Answers, Silences, put, unsent
from celerytui.control.survey import BROKER_FACTS
from celerytui.errors import BrokerUnavailable
from celerytui.masking import mask, masked
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


def inspect(
    pidbox: Pidbox,
    hostnames: Sequence[str],
    sections: Sequence[str],
    now: float,
    silences: Silences,
) -> dict[str, dict[str, Section]]:
    """Ask some workers for some sections; what went wrong stands in them."""
    if not hostnames:
        return {}
    answers: Answers = {}
    try:
        answers = put(pidbox, hostnames, sections, silences)
        silence = pidbox.silence
    except BrokerUnavailable as gone:
        silence = str(gone)
    later = unsent(answers, silences)
    return {
        host: {
            name: _section(host, name, answers[name][host], now)
            if host in answers.get(name, {})
            else Section(host, name, now, error=_why(later.get(host, {}).get(name), silence))
            for name in sections
        }
        for host in hostnames
    }


def _why(pause: float | None, silence: str) -> str:
    """Why there is no answer; `pause` is when it is asked again, of a worker that answers others.

    The usual cause is a task whose arguments JSON cannot carry.
    """
    if pause is None:
        return silence
    return f"not known: the worker could not reply; asked again in {round(pause):,} s at the latest"


def _section(hostname: str, name: str, answer: Any, now: float) -> Section:
    if isinstance(answer, dict) and set(answer) == {"error"}:
        return Section(hostname, name, now, error=mask(str(answer["error"])))
    if isinstance(answer, dict) and set(answer) == {"ok"}:
        answer = answer["ok"]
    if name == "stats" and isinstance(answer, dict) and isinstance(answer.get("broker"), dict):
        broker = {key: answer["broker"].get(key) for key in BROKER_FACTS}
        answer = {**answer, "broker": broker}
    return Section(hostname, name, now, data=masked(answer))
