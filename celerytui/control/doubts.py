"""Asking workers, each alone, for tasks that are in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from celerytui.control.lookback import registered
from celerytui.control.pidbox import Pidbox
from celerytui.control.questions import ARGUMENTS, Silences, found_by_query
from celerytui.control.survey import CHECKS
from celerytui.model import id_text, id_value

PLACES = "query_task"
RUNS = "active"
LIMITS = "registered"


class Question(Struct, frozen=True):
    """What one worker is asked: where its tasks of these ids are, or its rate limits.

    Without ids it is asked what it runs, and with them as well where it cannot reply with their
    arguments: it may not, after it was `silent` to the last question.
    """

    kind: Literal["tasks", "limits"]
    ids: tuple[str, ...] = ()
    silent: bool = False


class Answer(Struct, frozen=True):
    """What it answered: id -> (where it is there, info), or the types that have a rate limit.

    Where `only_running`, it said no more of the ids than whether they run.
    """

    found: dict[str, tuple[str, dict[str, Any]]] = {}
    limited: frozenset[str] = frozenset()
    only_running: bool = False


def ask_for_tasks(
    pidbox: Pidbox, questions: Mapping[str, Question], silences: Silences
) -> dict[str, Answer]:
    """Ask each worker its question, all of them at once; who is silent has no answer.

    Raises BrokerUnavailable.
    """
    asks = {}
    for host, question in questions.items():
        command = _command(host, question, silences)
        arguments = ARGUMENTS.get(command, {})
        if command == PLACES:
            arguments = {"ids": [id_value(task_id) for task_id in question.ids]}
        asks[host] = command, pidbox.send(command, arguments, destination=[host])
    pidbox.collect([ask for _, ask in asks.values()])
    answers = {}
    for host, (command, ask) in asks.items():
        answer = _READERS[command](ask.answers.get(host))
        if answer is not None:
            answers[host] = answer
            _note(host, questions[host], command, silences)
    return answers


def _command(hostname: str, question: Question, silences: Silences) -> str:
    if question.kind == "limits":
        return LIMITS
    cannot = question.silent or silences.pause(hostname, PLACES) > 0
    return RUNS if cannot or not _may_be_keys(question.ids) else PLACES


def _may_be_keys(ids: Sequence[str]) -> bool:
    """Whether a reply in JSON can have all of these for its keys: texts and numbers, each once."""
    values = [id_value(task_id) for task_id in ids]
    plain = all(isinstance(value, (str, int, float)) for value in values)
    return plain and len(set(map(str, values))) == len(ids) > 0


def _note(hostname: str, question: Question, command: str, silences: Silences) -> None:
    """Note from an answer whether this worker can reply with its tasks' arguments."""
    if command == PLACES:
        silences.note([hostname], PLACES, [hostname])
    elif question.ids and question.silent and not silences.pause(hostname, PLACES):
        silences.note([hostname], PLACES, [])


def _by_id(answer: Any) -> Answer | None:
    if not isinstance(answer, dict) or set(answer) == {"error"}:
        return None
    found = found_by_query(answer)
    return Answer({id: placed for id, placed in found.items() if CHECKS["active"]([placed[1]])})


def _running(answer: Any) -> Answer | None:
    infos = CHECKS["active"](answer)
    if infos is None:
        return None
    ids = [(id_text(info["id"]), info) for info in infos]
    return Answer({task_id: (RUNS, info) for task_id, info in ids if task_id}, only_running=True)


def _limits(answer: Any) -> Answer | None:
    if not isinstance(answer, list):
        return None
    types = registered(answer)
    return Answer(limited=frozenset(name for name, facts in types.items() if "rate_limit" in facts))


_READERS = {PLACES: _by_id, RUNS: _running, LIMITS: _limits}
