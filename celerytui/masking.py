"""Keeps passwords out of everything that is shown, logged or printed.

Two nets: every URL in a text loses the password between its user and its host, and every secret
that was learnt from the app's own configuration is masked wherever it appears.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

MASK = "**"
"""The replacement of a password, as in Celery's own output."""

# From the beginning of a word on: from each letter of a long one takes minutes.
URLS = re.compile(r"(?<![\w+.\-])([\w+.\-]*)://([^\s'\"<>`]+)")
NEXT_URL = re.compile(r"([;,](?=[\w+.\-]+://))")
HOST_AND_PORT = re.compile(r"(?:\[[^\]]*\]|[^:,]*)(?::\d*)?(?:,(?:\[[^\]]*\]|[^:,]*)(?::\d*)?)*")
SECRET_WORDS = r"pwd|secret|token|credential|authorization|(?:api|access|private|account)[_\-]?key"
SECRET_NAME = re.compile(rf"pass|{SECRET_WORDS}|dsn|cookie|(?:^|[_.\-])auth$", re.IGNORECASE)
SECRET_PARAMETER = re.compile(
    rf"((?<![\w.\-])(?:[\w.\-]{{0,64}}(?:passw|{SECRET_WORDS})[\w.\-]{{0,64}}|sig)=)"
    r"(?!\*\*)[^&\s;'\"<>`]+",
    re.IGNORECASE,
)
"""`name=value` as URLs, connection strings and shared access signatures have it."""
SECRET_BEFORE = re.compile(
    rf"(?:pass|{SECRET_WORDS}|dsn|cookie|(?<=['\"_.\-])auth(?=['\"]))"
    r"[\w.\-]{0,64}(?:['\"]?\s*[:=]|['\"]\s*,)\s*",
    re.IGNORECASE,
)
"""What precedes a secret in a repr or in a settings file."""
ITEM_BEFORE = re.compile(r"""(['"])([\w.\-]{1,128})\1\s*:\s*""")
ITEM_NAME = re.compile(
    rf"passw|passphrase|{SECRET_WORDS}|dsn|cookie|(?:^|[_.\-])(?:pass|auth)$", re.IGNORECASE
)
"""What names a secret in the repr of arguments, in which other words have "pass" in them."""
ITEM_PARTS = ("pass", "pwd", "secret", "token", "credential", "auth", "key", "dsn", "cookie")
"""One of these is in each such name: a look at all names of a text takes ten times as long."""
ITEM_COUNT = re.compile(r"""tokens['"]\s*:\s*\d+\b""", re.IGNORECASE)
"""A number of tokens, as language models count them."""
ITEM_OPEN = ("None", "True", "False", "null", "true", "false", MASK)
URL_BEFORE = re.compile(r"((?:_url|_backend)['\"]?\s*[:=]\s*['\"]?)([^\s'\"<>`]+)", re.IGNORECASE)
BARE_VALUE = re.compile(r"[^\s,;()\]}]*")
QUOTED_VALUE = re.compile(r"[bu]?(?:'(?:[^'\\]|\\.)*'?|\"(?:[^\"\\]|\\.)*\"?)", re.DOTALL)
LOGIN = re.compile(r"\b(Bearer|Basic|Token) +[\w.~+/\-]{8,}=*", re.IGNORECASE)
URL_NAME = re.compile(r"ur[li]s?$|backend$|^broker|dsn$", re.IGNORECASE)
INNOCENT_NAME = re.compile(
    r"user|name|type|mechanism|method|id$|host|port$|email|ur[il]$|path|file|db$|database",
    re.IGNORECASE,
)
"""Names below a secret's name that hold no secret: their values would be masked in every text."""

COMMON_WORDS = frozenset(
    ("guest", "password", "celery", "redis", "rabbitmq", "amqp", "localhost", "none", "true")
)
"""Passwords that are common words: masking them everywhere would reveal them."""

WHOLE_WORD_BELOW = 6
"""Shorter secrets are masked only as whole words: they would match parts of many words."""
LEAST_SECRET = 3
"""Shorter ones are not masked at all: they stand in every other text."""
WORD = re.compile(r"[a-z]{1,10}|[A-Z][a-z]{1,9}|[A-Z]{1,10}")
"""A password that is a word may be a name as well: masked everywhere, it would be revealed."""
KEY_ALONE = re.compile(r"(?=.*\d)(?=.*[a-zA-Z])[\w+/=\-]{20,}|[^\s@]*[+/=][^\s@]*")
"""What stands before a URL's "@" without a colon and is no user's name."""
KEY_SCHEMES = ("azurestoragequeues",)
"""Schemes of URLs in which that is always a key."""


class _Known:
    """The known secrets and the pattern that matches them, replaced as a whole: threads read it."""

    secrets: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    words: re.Pattern[str] | None = None


def mask(text: str) -> str:
    """`text` with every password in a URL, below a quoted name or known, replaced by `**`."""
    # Every cell on the screen comes by here, and hardly one has either.
    if "://" in text:
        text = URLS.sub(_mask_match, text)
    if "=" in text:
        text = SECRET_PARAMETER.sub(rf"\1{MASK}", text)
    if "earer " in text or "asic " in text:
        text = LOGIN.sub(rf"\1 {MASK}", text)
    if "':" in text or '":' in text:
        text = _mask_items(text)
    pattern = _Known.pattern
    return text if pattern is None else pattern.sub(MASK, text)


def one_line(error: BaseException) -> str:
    """The text of an exception in one line, passwords masked."""
    text = mask(" ".join(str(error).split()) or type(error).__name__)
    # Clients quote what they could not read; elsewhere a word is a word.
    return text if _Known.words is None else _Known.words.sub(MASK, text)


def masked(answer: object, name: str = "", *, secret: bool = False) -> object:
    """The same nested reply, with texts and all values below a secret's name masked.

    `name` is the key that the answer stands below.
    """
    secret = secret or SECRET_NAME.search(name) is not None
    if isinstance(answer, dict):
        return {
            masked(key): masked(value, str(key), secret=secret) for key, value in answer.items()
        }
    if isinstance(answer, (list, tuple)):
        if len(answer) == 2 and isinstance(answer[0], str) and SECRET_NAME.search(answer[0]):
            # A header is often a pair.
            return [answer[0], masked(answer[1], secret=True)]
        return [masked(one, name, secret=secret) for one in answer]
    if secret and answer is not None and not isinstance(answer, bool):
        return MASK
    if isinstance(answer, str):
        if URL_NAME.search(name):
            answer = mask_url(answer)
        return mask(_mask_named(answer))
    return answer


def masked_repr(value: object) -> str:
    """The repr of a nested value, masked as `masked` does."""
    return mask(repr(masked(value)))


def mask_url(url: str) -> str:
    """A broker's or backend's URL, or a list of them joined by ";", without its passwords."""
    parts = []
    for part in NEXT_URL.split(url):
        scheme, separator, rest = _split(part)
        parts.append(scheme + separator + _mask_userinfo(scheme, rest, _greedy_end(rest)))
    return SECRET_PARAMETER.sub(rf"\1{MASK}", "".join(parts))


def learn(secrets: Iterable[str]) -> None:
    """Mask these from now on, in each spelling that an error may contain."""
    new = {
        spelling
        for secret in secrets
        if len(secret) >= LEAST_SECRET
        and secret.strip(MASK[0])
        and secret.lower() not in COMMON_WORDS
        for spelling in _spellings(secret)
    }
    if new <= _Known.secrets:
        return
    _Known.secrets |= new
    longest_first = sorted(_Known.secrets, key=lambda secret: (-len(secret), secret))
    words = [re.escape(secret) for secret in longest_first if WORD.fullmatch(secret)]
    others = [_finder(secret) for secret in longest_first if not WORD.fullmatch(secret)]
    _Known.pattern = re.compile("|".join(others)) if others else None
    _Known.words = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None


def passwords_in(url: str) -> Iterator[str]:
    """The passwords that a URL, or a list of URLs joined by ";", holds, as they are written.

    A password that is also the user, the host or the scheme is left out: a text does not show which
    of them it is.
    """
    for part in NEXT_URL.split(url):
        scheme, _, rest = _split(part)
        for end in {_userinfo_end(rest), _greedy_end(rest)}:
            user, colon, password = rest[: max(end, 0)].partition(":")
            host = re.split(r"[:/?#]", rest[end + 1 :], maxsplit=1)[0]
            if colon and password.lower() not in {user.lower(), host.lower(), scheme.lower()}:
                yield password
                # Where it is not percent-encoded, clients take what is behind these for the path
                # and quote that alone.
                yield from (password[cut.end() :] for cut in re.finditer("[/?#]", password))
            elif user and (scheme.lower() in KEY_SCHEMES or KEY_ALONE.fullmatch(user)):
                yield user
        for match in SECRET_PARAMETER.finditer(rest):
            yield match[0][len(match[1]) :]


def secrets_in(settings: object, name: str = "", *, secret: bool = False) -> Iterator[str]:
    """The strings below keys that name a secret, and URLs' passwords, in nested settings."""
    secret = secret or SECRET_NAME.search(name) is not None
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            yield from secrets_in(value, str(key), secret=secret)
    elif isinstance(settings, list | tuple | set | frozenset):
        for value in settings:
            yield from secrets_in(value, name, secret=secret)
    elif isinstance(settings, bytes):
        yield from secrets_in(settings.decode("utf-8", "replace"), name, secret=secret)
    elif isinstance(settings, str):
        if "://" in settings or ("@" in settings and URL_NAME.search(name)):
            yield from passwords_in(settings)
        elif secret and not INNOCENT_NAME.search(name):
            login = LOGIN.match(settings)
            yield settings if login is None else settings.partition(" ")[2].strip()


def _mask_items(text: str) -> str:
    """A text without the values of secret names in the dicts written in it; JSON remains JSON."""
    lower = text.lower()
    if not any(part in lower for part in ITEM_PARTS):
        return text
    parts, at = [], 0
    for match in ITEM_BEFORE.finditer(text):
        begin = match.end()
        if match.start() < at or ITEM_NAME.search(match[2]) is None:
            continue
        if ITEM_COUNT.match(text, match.end(2) - len("tokens")):
            continue
        end = _end_of_value(text, begin)
        if end > begin and not text.startswith(ITEM_OPEN, begin):
            quote = text[begin] if text[begin] in "'\"" else match[1]
            parts += [text[at:begin], quote, MASK, quote]
            at = end
    return "".join([*parts, text[at:]]) if parts else text


def _mask_named(text: str) -> str:
    """A text in which dicts and settings may be written, without the values of secret names."""
    parts, at = [], 0
    for match in SECRET_BEFORE.finditer(text):
        begin = match.end()
        if match.start() >= at and (end := _end_of_value(text, begin)) > begin:
            parts += [text[at:begin], MASK]
            at = end
    text = "".join([*parts, text[at:]])
    return URL_BEFORE.sub(lambda found: found[1] + mask_url(found[2]), text)


def _end_of_value(text: str, begin: int) -> int:
    """Where the value ends that begins there: a quoted text, all in brackets, a call, a word."""
    depth, at = 0, begin
    while at < len(text):
        quoted = QUOTED_VALUE.match(text, at)
        if quoted is not None:
            at = quoted.end()
        elif text[at] in "([{":
            depth, at = depth + 1, at + 1
        elif depth == 0:
            bare = BARE_VALUE.match(text, at)
            at = at if bare is None else bare.end()
            if not text.startswith("(", at):
                return at
            continue
        else:
            depth, at = depth - (text[at] in ")]}"), at + 1
        if depth == 0:
            break
    return at


def _split(url: str) -> tuple[str, str, str]:
    """A URL's scheme, what separates it, and the rest; it may be mistyped or have no scheme."""
    for separator in ("://", "//"):
        scheme, found, rest = url.partition(separator)
        if found:
            return scheme, found, rest
    return "", "", url


def _mask_match(match: re.Match[str]) -> str:
    scheme = match[1]
    first, *others = NEXT_URL.split(match[2])
    parts = [scheme, "://", _mask_userinfo(scheme, first, _userinfo_end(first))]
    for other in others:
        scheme, separator, rest = other.partition("://")
        parts.append(scheme + separator + _mask_userinfo(scheme, rest, _userinfo_end(rest)))
    return "".join(parts)


def _mask_userinfo(scheme: str, rest: str, end: int) -> str:
    user, colon, password = rest[: max(end, 0)].partition(":")
    if colon:
        return f"{user}:{MASK}{rest[end:]}" if password else rest
    alone = user and (scheme.lower() in KEY_SCHEMES or KEY_ALONE.fullmatch(user))
    return f"{MASK}{rest[end:]}" if alone else rest


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
