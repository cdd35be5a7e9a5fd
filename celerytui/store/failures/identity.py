"""Which failures are one and the same: the rule by which they are put into groups.

Task, class, classes of the causes, and the frames in the user's own code, without paths, lines
and source. The message is no part of it, since free text would split without end: it makes the
variants of a group.
"""

from __future__ import annotations

import re

from msgspec import Struct

from celerytui.store.failures.template import READ, template
from celerytui.store.failures.traceback import (
    GROUP,
    Frame,
    Stack,
    before_last,
    read_error,
    read_stack,
    split,
)

VERSION = 1
"""Part of each key: another rule makes other groups, and never joins the old ones."""

OUTSIDE = frozenset(
    {
        *("SoftTimeLimitExceeded", "TimeLimitExceeded", "WorkerLostError", "Terminated"),
        *("MaxRetriesExceededError", "ChordError"),
    }
)
"""Classes that say what was done to a task: where it was then says nothing."""
CACHED = 10_000
"""As many stacks and messages are known again."""

# Compiled when they are first used.
_REPR = r"((?:[^\W\d]\w*\.)*[^\W\d]\w*)(?:\((.*?)\)?|: (.*))?"
_STAND_IN = r"""['"]([\w.]+)['"], ['"](\w+)['"], (?:[(\[].*[)\]], )?(.*)"""
_DEPENDENCY = r"Dependency (\S+) raised (\w*)"
_RETRY = "Retry"
_WRAPPER = "UnpickleableExceptionWrapper"
UNKNOWN = "unknown exception"
"""Stands for the class where neither repr nor traceback has one."""


class Identity(Struct, frozen=True):
    """What a failure is: `key` names its group, `template` its variant within that.

    `exception` is the class with its module where that is known; where none was `raised`, what
    happened instead. `member` is the id of the task whose failure made a chord fail.
    """

    key: str
    task: str
    exception: str
    message: str
    template: str
    frames: tuple[Frame, ...] = ()
    causes: tuple[str, ...] = ()
    place: str = ""
    member: str | None = None
    raised: bool = True


class Cache(Struct):
    """Stacks and templates by the hashes of the texts that they were read from."""

    stacks: dict[int, Stack] = {}
    templates: dict[int, str] = {}

    def stack(self, head: str, grouped: bool) -> Stack:
        """The stack of a traceback's head."""
        key = hash((head, grouped))
        found = self.stacks.get(key)
        if found is None:
            if len(self.stacks) >= CACHED:
                self.stacks.clear()
            found = self.stacks[key] = read_stack(head, grouped)
        return found

    def template(self, message: str) -> str:
        """The template of a message."""
        key = hash(message)
        found = self.templates.get(key)
        if found is None:
            if len(self.templates) >= CACHED:
                self.templates.clear()
            found = self.templates[key] = template(message)
        return found


_cache = Cache()


def identify(task: str | None, exception: str | None, traceback: str | None) -> Identity | None:
    """What a task's exception is, by its repr and its traceback; None for Celery's own Retry."""
    name = task or ""
    called, said = _of_repr(exception or "")
    short = called.rpartition(".")[2]
    head, full, message = _raised(traceback or "", short)
    stack = _cache.stack(head, GROUP in (traceback or "")) if head else Stack()
    if not full or (short and full.rpartition(".")[2] == short):
        full, message = full or called, said if called else message
    full = full or UNKNOWN
    kind = full.rpartition(".")[2]
    if kind == _RETRY:
        return None
    message = message[:READ]
    shape = _cache.template(message)
    member = None
    if kind == "ChordError" and (match := re.match(_DEPENDENCY, message)):
        # Whatever a member raised says what it is; its id and message do not.
        member, shape = match[1], f"Dependency <id> raised {match[2]}"
    if kind in OUTSIDE or not stack.frames:
        key = _key(name, kind, shape)
        return Identity(key, name, full, message, shape, (), (), stack.place, member)
    key = _key(name, full, stack.causes, stack.frames)
    return Identity(key, name, full, message, shape, stack.frames, stack.causes, stack.place)


def identify_end(task: str | None, how: str, detail: str) -> Identity:
    """What an end without an exception is: `lost`, `rejected`, with a word more on it."""
    name = task or ""
    return Identity(_key(name, how), name, how, detail, template(detail), raised=False)


def _raised(traceback: str, name: str) -> tuple[str, str, str]:
    """Stack, class and message of a traceback; of a retry those of what it is retried for.

    `name` is the class that the event names. Celery raises its Retry while that is handled, or
    alone; the last try raises it from where the task asked for a retry.
    """
    head, tail = split(traceback)
    if not head:
        return "", "", ""
    full, message = read_error(tail[: READ + 200])
    if full.rpartition(".")[2] != _RETRY or name in ("", _RETRY):
        return head, full, message
    first, error = split(before_last(head) or "")
    full, message = read_error(error[: READ + 200])
    if full.rpartition(".")[2] == name:
        return first, full, message
    return head, "", ""


def _key(*parts: object) -> str:
    from hashlib import blake2b  # the first frame needs none

    text = repr((VERSION, *parts)).encode("utf-8", "backslashreplace")
    return f"{VERSION}{blake2b(text, digest_size=6).hexdigest()}"


def _of_repr(text: str) -> tuple[str, str]:
    """Class and message of an exception's repr, or of `Class: message`; "" for what is neither."""
    match = re.fullmatch(_REPR, text[: READ + 200], re.DOTALL)
    if match is None:
        return "", text
    name, inner = match[1], match[2]
    if inner is None:
        return name, match[3] or ""
    held = re.fullmatch(_STAND_IN, inner, re.DOTALL) if name == _WRAPPER else None
    if held is not None:
        return f"{held[1]}.{held[2]}", _unquoted(held[3])
    return name, _unquoted(inner)


def _unquoted(text: str) -> str:
    """The text without the quotes around it, where it is one string and no more."""
    text = text.removesuffix(",")
    quote = text[:1]
    if quote in ("'", '"') and len(text) > 1:
        inner = text[1:].removesuffix(quote)
        if quote not in inner.replace("\\" + quote, ""):
            return inner
    return text
