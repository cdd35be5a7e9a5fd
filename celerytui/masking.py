"""Keeps passwords out of everything that is shown, logged or printed.

Two nets: every URL in a text loses the password between its user and its host, and every secret
that was learnt from the app's own configuration is masked wherever it appears.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

MASK = "**"
"""What stands for a password, as in Celery's own output."""

URLS = re.compile(r"://([^\s'\"<>`]+)")
NEXT_URL = re.compile(r"([;,](?=[\w+.\-]+://))")
HOST_AND_PORT = re.compile(r"(?:\[[^\]]*\]|[^:,]*)(?::\d*)?(?:,(?:\[[^\]]*\]|[^:,]*)(?::\d*)?)*")
SECRET_NAME = re.compile(r"pass|pwd|secret|token|credential|private_key", re.IGNORECASE)
SECRET_PARAMETER = re.compile(
    r"([?&;][\w.\-]*(?:passw|pwd|secret|token|credential)[\w.\-]*=)[^&\s;'\"<>`]+", re.IGNORECASE
)

COMMON_WORDS = frozenset(
    ("guest", "password", "celery", "redis", "rabbitmq", "amqp", "localhost", "none", "true")
)
"""Passwords that are words of every other message: masking those would tell what they are."""

WHOLE_WORD_BELOW = 6
"""Shorter secrets are masked only as whole words: parts of words would be hit all the time."""


class _Known:
    """The secrets learnt so far and the pattern that finds them, swapped whole: threads read it."""

    secrets: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None


def mask(text: str) -> str:
    """`text` with every password in a URL, and every secret learnt, replaced by `**`."""
    # Every cell on the screen comes by here, and hardly one has either.
    if "://" in text:
        text = URLS.sub(_mask_match, text)
    if "=" in text:
        text = SECRET_PARAMETER.sub(rf"\1{MASK}", text)
    pattern = _Known.pattern
    return text if pattern is None else pattern.sub(MASK, text)


def one_line(error: BaseException) -> str:
    """An exception in one line of its own words, passwords masked."""
    return mask(" ".join(str(error).split()) or type(error).__name__)


def mask_url(url: str) -> str:
    """A broker's or backend's URL, or a list of them joined by ";", without its passwords."""
    masked = []
    for part in NEXT_URL.split(url):
        scheme, separator, rest = part.partition("://")
        masked.append(scheme + separator + _mask_userinfo(rest, _greedy_end(rest)))
    return SECRET_PARAMETER.sub(rf"\1{MASK}", "".join(masked))


def learn(secrets: Iterable[str]) -> None:
    """Mask these from now on, in each spelling in which they may come back in an error."""
    new = {
        spelling
        for secret in secrets
        if secret and secret.strip(MASK[0]) and secret.lower() not in COMMON_WORDS
        for spelling in _spellings(secret)
    }
    if new <= _Known.secrets:
        return
    _Known.secrets |= new
    longest_first = sorted(_Known.secrets, key=lambda secret: (-len(secret), secret))
    _Known.pattern = re.compile("|".join(map(_finder, longest_first)))


def passwords_in(url: str) -> Iterator[str]:
    """The passwords that a URL, or a list of URLs joined by ";", holds, as they are written.

    A password that is also the user, the host or the scheme is left out: it cannot be told from
    them in a text.
    """
    for part in NEXT_URL.split(url):
        scheme, _, rest = part.partition("://")
        for end in {_userinfo_end(rest), _greedy_end(rest)}:
            user, colon, password = rest[: max(end, 0)].partition(":")
            host = re.split(r"[:/?#]", rest[end + 1 :], maxsplit=1)[0]
            if colon and password.lower() not in {user.lower(), host.lower(), scheme.lower()}:
                yield password
                # Where it is not percent-encoded, clients take what is behind these for the path
                # and quote that alone.
                yield from (password[cut.end() :] for cut in re.finditer("[/?#]", password))
        for match in SECRET_PARAMETER.finditer(rest):
            yield match[0][len(match[1]) :]


def secrets_in(settings: object, name: str = "") -> Iterator[str]:
    """The strings below keys that name a secret, and URLs' passwords, in nested settings."""
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            yield from secrets_in(value, str(key))
    elif isinstance(settings, list | tuple | set | frozenset):
        for value in settings:
            yield from secrets_in(value, name)
    elif isinstance(settings, bytes):
        yield from secrets_in(settings.decode("utf-8", "replace"), name)
    elif isinstance(settings, str):
        if "://" in settings:
            yield from passwords_in(settings)
        elif SECRET_NAME.search(name):
            yield settings


def _mask_match(match: re.Match[str]) -> str:
    first, *others = NEXT_URL.split(match[1])
    parts = [_mask_userinfo(first, _userinfo_end(first))]
    for other in others:
        scheme, separator, rest = other.partition("://")
        parts.append(scheme + separator + _mask_userinfo(rest, _userinfo_end(rest)))
    return "://" + "".join(parts)


def _mask_userinfo(rest: str, end: int) -> str:
    user, colon, password = rest[: max(end, 0)].partition(":")
    return f"{user}:{MASK}{rest[end:]}" if colon and password else rest


def _userinfo_end(rest: str) -> int:
    """Where in a URL, after its "://", the "@" stands that ends the password; -1 for nowhere.

    A password with an unquoted "/" or "?" makes the part before it no host and port.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return authority.rfind("@")
    return -1 if HOST_AND_PORT.fullmatch(authority) else rest.rfind("@")


def _greedy_end(rest: str) -> int:
    """Like `_userinfo_end` for a URL known to be a broker's, where "@" in a path is rare."""
    return max(rest.partition("?")[0].rfind("@"), _userinfo_end(rest))


def _spellings(secret: str) -> set[str]:
    import json
    from urllib.parse import quote, quote_plus, unquote

    plain = unquote(secret)
    spellings = {secret, plain, quote(plain, safe=""), quote(plain), quote_plus(plain)}
    return spellings | {
        quoted[1:-1] for text in (secret, plain) for quoted in (repr(text), json.dumps(text))
    }


def _finder(secret: str) -> str:
    escaped = re.escape(secret)
    return rf"(?<!\w){escaped}(?!\w)" if len(secret) < WHOLE_WORD_BELOW else escaped
