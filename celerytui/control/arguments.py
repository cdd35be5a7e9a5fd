"""The real arguments of a task that was there, which are found and never guessed.

They come from its result where the backend has them (result_extended), from the worker that has
the task, or from the repr in its events if that is whole and made of literals. A message is JSON
mostly, so the arguments are JSON texts here, and what JSON cannot carry is refused.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celerytui.control.pidbox import Pidbox
from celerytui.control.questions import found_by_query
from celerytui.errors import BrokerUnavailable
from celerytui.masking import MASK, one_line
from celerytui.model import Arguments, Refusal, Task, id_value
from celerytui.wire.result_backend import NoBackend, task_meta

LONGEST_REPR = 1024
"""Celery cuts reprs there (`argsrepr_maxsize`)."""
HIDDEN = (
    r"(?i)[*•x]{3,}|[<\[({*]*(?:redacted|hidden|filtered|masked|secret|censored)[>\])}*]*|<[^<>]*>"
)
"""What stands in a repr that the sender made himself, so as not to tell the value."""
MASKED = re.compile(rf"(?<![*\w]){re.escape(MASK)}(?![*\w])")
"""What we wrote in the place of a password: past tasks are kept so."""

Found = Arguments | Refusal


def find_arguments(
    app: Any,
    pidbox: Pidbox,
    ids: Sequence[str],
    tasks: Mapping[str, Task],
    workers: Sequence[str],
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Found]:
    """The arguments of each task as JSON texts, or why they are not known for certain.

    `tasks` is what is held of them, `workers` are asked for those they have. Raises nothing.
    """
    finder = _Finder(app, _asked(pidbox, ids, tasks, workers))
    found: dict[str, Found] = {}
    for id in ids:
        if cancelled():
            break
        found[id] = finder.find(id, tasks.get(id))
    return found


def _asked(
    pidbox: Pidbox, ids: Sequence[str], tasks: Mapping[str, Task], workers: Sequence[str]
) -> dict[str, Any]:
    """Task id -> what the worker that has it says, of those that have not ended."""
    living = [id for id in ids if id not in tasks or not tasks[id].state.finished]
    # A worker cannot reply about an id of another type.
    own = [one for id in living if isinstance(one := id_value(id), (str, int, float))]
    if not own or not workers:
        return {}
    try:
        answers = pidbox.ask("query_task", {"ids": own}, workers)
    except BrokerUnavailable:
        return {}
    return {
        id: info for answer in answers.values() for id, (_, info) in found_by_query(answer).items()
    }


class _Finder:
    """Looks in each place for one task after the other; a backend that failed is left alone."""

    def __init__(self, app: Any, asked: Mapping[str, Any]) -> None:
        self._app = app
        self._asked = asked
        self._no_backend: str | None = None
        # Any other serializer carries what JSON makes something else of, such as tuples.
        self._plain = app.conf.task_serializer != "json"

    def find(self, id: str, task: Task | None) -> Found:
        name = None if task is None else task.name
        queue = None if task is None else task.queue
        reasons = []
        for source, facts in (
            ("its result", self._meta(id)),
            ("the worker that has it", self._asked.get(id)),
        ):
            name = name or (facts or {}).get("name")
            if facts and name and _is_args(facts.get("args"), facts.get("kwargs")):
                try:
                    return self._made(name, facts["args"], facts["kwargs"], source, facts, queue)
                except ValueError as error:
                    reasons.append(f"{source}: {error}")
        if task is not None and name:
            try:
                args, kwargs = literal(task.args, (tuple, list)), literal(task.kwargs, (dict,))
                return self._made(name, args, kwargs, "its events", {}, queue)
            except ValueError as error:
                reasons.append(f"its events: {error}")
        elif not name:
            reasons.append("its name is not known")
        if self._no_backend is not None:
            reasons.append(self._no_backend)
        known = (None, None) if task is None else (task.args, task.kwargs)
        return Refusal("; ".join(reasons), name, *known, queue)

    def _meta(self, id: str) -> dict[str, Any] | None:
        if self._no_backend is not None:
            return None
        try:
            return task_meta(self._app, id)
        except NoBackend as error:
            self._no_backend = str(error)
        except Exception as error:
            self._no_backend = f"the result backend: {one_line(error)}"
        return None

    def _made(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        source: str,
        facts: Mapping[str, Any],
        queue: str | None,
    ) -> Arguments:
        delivery = facts.get("delivery_info") or {}
        if not delivery.get("exchange"):
            # The default exchange: the key is the queue.
            queue = queue or delivery.get("routing_key")
        priority = delivery.get("priority")
        return Arguments(
            name,
            as_json(list(args), plain=self._plain),
            as_json(kwargs, plain=self._plain),
            source,
            queue if isinstance(queue, str) else None,
            priority if isinstance(priority, int) else None,
        )


def literal(text: str | None, kinds: tuple[type, ...]) -> Any:
    """The value whose whole repr `text` is; ValueError says why it cannot be known from it."""
    if text is None:
        raise ValueError("no arguments in them")
    if "..." in text or "…" in text or len(text) >= LONGEST_REPR:
        raise ValueError("the arguments are cut short")
    if "\\" in text:
        # Celery's repr puts one before a quote and leaves those of the text as they are.
        raise ValueError("a backslash in the arguments, which may be of the text or not")
    try:
        made = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("the arguments are not all literals") from None
    if not isinstance(made, kinds):
        raise ValueError("the arguments are not all literals")
    if any(re.fullmatch(HIDDEN, one) for one in _strings(made)):
        raise ValueError("the sender seems to have hidden an argument")
    if any(MASKED.search(one) for one in _strings(made)):
        raise ValueError("a password in the arguments is masked")
    return made


def as_json(value: Any, *, plain: bool = False) -> str:
    """`value` as JSON that comes back from a message as it went in; ValueError where it cannot.

    `plain` allows only what JSON has by itself; else Celery's own marks for dates and the like.
    """
    try:
        if plain:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            if not _same(json.loads(text), value):
                raise ValueError("not the same afterwards")
            return text
        if any(isinstance(one, (set, frozenset, bytes, complex)) for one in _walk(value)):
            raise ValueError("not JSON")
        from kombu.utils import json as kombu_json

        as_json: Any = kombu_json.dumps
        return str(as_json(value, allow_nan=False, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        raise ValueError("the arguments are not JSON") from None


def _is_args(args: Any, kwargs: Any) -> bool:
    return isinstance(args, (list, tuple)) and isinstance(kwargs, dict)


def _same(one: Any, other: Any) -> bool:
    """Whether they are equal and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _walk(value: Any) -> list[Any]:
    pending, found = [value], []
    while pending:
        one = pending.pop()
        found.append(one)
        if isinstance(one, dict):
            pending += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple, set, frozenset)):
            pending += list(one)
    return found


def _strings(value: Any) -> list[str]:
    return [one for one in _walk(value) if isinstance(one, str)]
