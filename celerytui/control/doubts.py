"""Asking workers, each alone, for tasks that are in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from celerytui.control.lookback import registered
from celerytui.control.pidbox import Ask, Pidbox
from celerytui.control.questions import ARGUMENTS
from celerytui.control.survey import CHECKS
from celerytui.model import id_text, id_value


class Question(Struct, frozen=True):
    """What one worker is asked: where these ids are, all that it runs, or its rate limits.

    `running` says no more of `ids` than whether they run; its answer has arguments as text, so
    that no argument can spoil it.
    """

    kind: Literal["ids", "running", "limits"]
    ids: tuple[str, ...] = ()


class Answer(Struct, frozen=True):
    """What it answered: id -> (where it is there, info), or the types that have a rate limit."""

    found: dict[str, tuple[str, dict[str, Any]]] = {}
    limited: frozenset[str] = frozenset()


def ask_for_tasks(pidbox: Pidbox, questions: Mapping[str, Question]) -> dict[str, Answer]:
    """Ask each worker its question, all of them at once; who is silent has no answer.

    Raises BrokerUnavailable.
    """
    asks = {host: _send(pidbox, host, question) for host, question in questions.items()}
    pidbox.collect(list(asks.values()))
    answers = {}
    for host, ask in asks.items():
        read = _READERS[questions[host].kind](ask.answers.get(host))
        if read is not None:
            answers[host] = read
    return answers


def _send(pidbox: Pidbox, hostname: str, question: Question) -> Ask:
    arguments: dict[str, Any]
    command, arguments = _COMMANDS[question.kind]
    if question.kind == "ids":
        arguments = {"ids": [id_value(task_id) for task_id in question.ids]}
    return pidbox.send(command, arguments, destination=[hostname])


def _by_id(answer: Any) -> Answer | None:
    if not isinstance(answer, dict) or set(answer) == {"error"}:
        return None
    found = {}
    for entry in answer.values():
        if isinstance(entry, (list, tuple)) and len(entry) == 2:
            place, info = entry
            checked = CHECKS["active"]([info])
            if isinstance(place, str) and checked and (task_id := id_text(checked[0]["id"])):
                found[task_id] = (place, checked[0])
    return Answer(found)


def _running(answer: Any) -> Answer | None:
    infos = CHECKS["active"](answer)
    if infos is None:
        return None
    ids = [(id_text(info["id"]), info) for info in infos]
    return Answer({task_id: ("active", info) for task_id, info in ids if task_id})


def _limits(answer: Any) -> Answer | None:
    if not isinstance(answer, list):
        return None
    types = registered(answer)
    return Answer(limited=frozenset(name for name, facts in types.items() if "rate_limit" in facts))


_COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "ids": ("query_task", {}),
    "running": ("active", {"safe": True}),
    "limits": ("registered", ARGUMENTS["registered"]),
}
_READERS = {"ids": _by_id, "running": _running, "limits": _limits}
