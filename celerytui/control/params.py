"""Texts of parameters and what they mean, checked before anything is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from celerytui.control.action import Action, Param
from celerytui.errors import UsageError
from celerytui.settings import parse_duration

LARGEST = 2**31 - 1
LONGEST_NAME = 255
LONGEST_DURATION = 10 * 365 * 86_400.0


def value(param: Param, text: str) -> Any:
    """What `text` means for `param`, None for ""; ValueError says in one line what is wrong.

    choice, text, name: the text itself; number: an int; duration: seconds; time: a datetime with a
    zone (ISO 8601, local time where it has none); json: what json.loads makes of it.
    """
    if param.kind not in ("text", "json") or not text.strip():
        text = text.strip()
    if not text:
        if param.required:
            raise ValueError("is required")
        return None
    return READ[param.kind](param, text)


def problem(param: Param, text: str) -> str | None:
    """What is wrong with `text` for `param`, in a few words; None where nothing is."""
    try:
        value(param, text)
    except ValueError as error:
        return str(error)
    return None


def texts_and_values(
    chosen: Action, params: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Any]]:
    """The parameters with the defaults filled in, as texts and as what they mean.

    UsageError names the one that is wrong or does not exist.
    """
    unknown = sorted(set(params).difference(param.name for param in chosen.params))
    if unknown:
        raise UsageError(f"{chosen.id} has no parameter {unknown[0]!r}")
    texts = {param.name: params.get(param.name, param.default) for param in chosen.params}
    values = {}
    for param in chosen.params:
        try:
            values[param.name] = value(param, texts[param.name])
        except ValueError as error:
            raise UsageError(f"{chosen.id}: {param.name} {error}") from None
    return texts, values


def _choice(param: Param, text: str) -> str:
    if text not in param.choices:
        raise ValueError(f"is {text!r}, not one of {', '.join(param.choices)}")
    return text


def _text(param: Param, text: str) -> str:
    return text


def _name(param: Param, text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("cannot be sent as text") from None
    if size > LONGEST_NAME:
        raise ValueError(f"is longer than {LONGEST_NAME} bytes")
    return text


def _number(param: Param, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"is {text!r}, not a whole number") from None
    if param.minimum is not None and number < param.minimum:
        raise ValueError(f"is {number}, the minimum is {param.minimum}")
    if number > LARGEST:
        raise ValueError("is too large")
    return number


def _duration(param: Param, text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise ValueError(f"is {text!r}, not a duration such as 30, 250ms, 5m or 2h") from None
    if not seconds <= LONGEST_DURATION:
        raise ValueError("is too long")
    return seconds


def _time(param: Param, text: str) -> datetime:
    try:
        # Python 3.10 does not read the Z.
        at = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1] in "zZ" else text)
        return at.astimezone() if at.tzinfo is None else at.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise ValueError(f"is {text!r}, not a time such as 2030-01-31 18:00") from None


def _json(param: Param, text: str) -> Any:
    try:
        made = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("is too deeply nested") from None
    if param.shape == "list" and not isinstance(made, list):
        raise ValueError("is not a JSON list such as [1, 2]")
    if param.shape == "object" and not isinstance(made, dict):
        raise ValueError('is not a JSON object such as {"a": 1}')
    if not _finite(made):
        raise ValueError("holds a number that is not JSON (NaN or Infinity)")
    return made


def _finite(made: Any) -> bool:
    pending = [made]
    while pending:
        one = pending.pop()
        if isinstance(one, float) and not math.isfinite(one):
            return False
        if isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
    return True


READ: dict[str, Callable[[Param, str], Any]] = {
    "choice": _choice,
    "text": _text,
    "name": _name,
    "number": _number,
    "duration": _duration,
    "time": _time,
    "json": _json,
}
