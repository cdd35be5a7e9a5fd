"""Reads of a traceback what tells one failure from another: classes and frames, no lines."""

from __future__ import annotations

import re

from msgspec import Struct

from celerytui.store.failures.paths import is_around, is_own, module_of

TAIL = 32_768
"""Characters that are read of a traceback: its end has the class and the innermost frames."""
MOST_FRAMES = 200
KEY_FRAMES = 8
"""Frames that a group goes by."""

# Compiled when they are first used.
_FRAME = r'(?m)^[ \t]*File "([^"\n]*)", line (\d+), in (.*)$'
_CHAIN = (
    r"\n\n(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):\n\n"
)
_CLASS = r"((?:[\w<>]+\.)*[\w<>]+)(?::(?: |$)(.*))?"
_MARGIN = r"(?m)^[ \t]*(?:\| ?|\+ (?=Exception Group))"
_LEAF = r"(?m)^[ \t|]*\+(-\+)?-[-+]*.*$"
GROUP = "+-+-"

Frame = tuple[str, str]
"""Module and function."""


class Stack(Struct, frozen=True):
    """Where an exception came from: `frames` from the outermost of the innermost few on.

    `causes` are the classes of the exceptions that it followed, `place` is file and line of the
    innermost frame in the user's own code, `""` where there is none.
    """

    frames: tuple[Frame, ...] = ()
    causes: tuple[str, ...] = ()
    place: str = ""


def split(traceback: str) -> tuple[str, str]:
    """The stack of a traceback, and the class with its message after it."""
    text = traceback[-TAIL:].rstrip()
    if GROUP in text:
        text = _first_leaf(text)
    at = text.rfind('  File "')
    if at < 0:
        return "", text.rpartition("\n")[2]
    end = text.find("\n", at) + 1
    while end and text[end : end + 1] in (" ", "\t", "\n"):
        end = text.find("\n", end) + 1
    return (text[:end], text[end:]) if end else (text, "")


def read_stack(head: str, grouped: bool = False) -> Stack:
    """What the stack of a traceback says; `grouped` if it is that of a part of a group."""
    *before, last = re.split(_CHAIN, head)
    causes = [_class_of(block) for block in before]
    if grouped:
        causes.append("group")
    found = re.findall(_FRAME, last)[-MOST_FRAMES:]
    own = [one for one in found if is_own(one[0])]
    chosen = (
        own
        or [one for one in found if not (is_around(one[0]) or one[0].startswith("<frozen"))]
        or found[-1:]
    )
    frames: list[Frame] = []
    for path, _, function in chosen:
        frame = module_of(path), function
        if not frames or frames[-1] != frame:
            frames.append(frame)
    place = ""
    if own:
        path, line, _ = own[-1]
        place = f"{path.replace(chr(92), '/').rpartition('/')[2]}:{line}"
    return Stack(tuple(frames[-KEY_FRAMES:]), tuple(causes), place)


def read_error(tail: str) -> tuple[str, str]:
    """Class with its module, and message, of what stands after a stack; "" for what it is not."""
    match = re.fullmatch(_CLASS, tail, re.DOTALL)
    return (match[1], match[2] or "") if match else ("", "")


def before_last(head: str) -> str | None:
    """The exceptions that the last one of a stack followed; None where there is no other."""
    found = list(re.finditer(_CHAIN, head))
    return head[: found[-1].start()] if found else None


def _class_of(block: str) -> str:
    return read_error(split(block)[1])[0]


def _first_leaf(text: str) -> str:
    """Of a group of exceptions its first part, and of that the first, without the margin."""
    opened, start, end = 0, 0, len(text)
    for match in re.finditer(_LEAF, text):
        if match[1]:
            opened, start = opened + 1, match.end() + 1
        elif opened:
            end = match.start()
            break
    return re.sub(_MARGIN, "", text[start:end]).strip("\n")
