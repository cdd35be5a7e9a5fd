"""Workers' answers to control commands, turned into replies, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from celerytui.counts import counted
from celerytui.model import Reply


def reply(worker: str, answer: Any) -> Reply:
    """One worker's `{'ok': ...}` or `{'error': ...}` as a Reply; anything else counts as ok."""
    ok, text = True, answer
    if isinstance(answer, Mapping):
        if "error" in answer:
            ok, text = False, answer["error"]
        elif "ok" in answer:
            text = answer["ok"]
    return Reply(worker, ok, text if isinstance(text, str) else repr(text))


def explained(text: str, errors: Mapping[str, str]) -> str:
    """An answer in Celery's words, with what it means where that is known: see `Action.errors`."""
    for part, meaning in errors.items():
        if part in text:
            return f"{text} ({meaning})"
    return text


def without_aside(found: Sequence[Reply], aside: tuple[str, str] | None) -> tuple[list[Reply], str]:
    """The replies of the workers that are concerned, and a line on the others, "" for none.

    `aside` is that of the action.
    """
    part, said = aside or ("", "")
    concerned = [one for one in found if not part or part not in one.text]
    others = len(found) - len(concerned)
    noun = "other worker" if concerned else "worker"
    return concerned, f"{counted(others, noun)} {said}" if others else ""


def no_answer(worker: str, timeout: float) -> Reply:
    """The Reply of a worker that said nothing for `timeout` seconds."""
    return Reply(worker, None, f"no reply within {timeout:g} s")


def replies(
    answers: Mapping[str, Any], expected: Iterable[str], timeout: float
) -> tuple[Reply, ...]:
    """A Reply for each answer and for each expected worker without one, by hostname."""
    silent = set(expected).difference(answers)
    found = [reply(worker, answer) for worker, answer in answers.items()]
    found += [no_answer(worker, timeout) for worker in silent]
    return tuple(sorted(found, key=lambda one: one.worker))
