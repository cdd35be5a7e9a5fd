"""Masking: no password, key or signature is shown, and no ordinary word is masked."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from celerytui import masking
from celerytui.masking import mask, mask_url

PASSWORD = "s3cr3t-Pa55"


@pytest.fixture(autouse=True)
def _nothing_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking._Known, "secrets", frozenset())
    monkeypatch.setattr(masking._Known, "pattern", None)
    monkeypatch.setattr(masking._Known, "words", None)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("redis://:pw@host:6379/0", "redis://:**@host:6379/0"),
        ("amqp://user:pw@host//", "amqp://user:**@host//"),
        ("amqp://user@host//", "amqp://user@host//"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("sentinel://:pw@h1;sentinel://:pw2@h2", "sentinel://:**@h1;sentinel://:**@h2"),
        ("amqp://a:b@h1//,amqp://c:d@h2//", "amqp://a:**@h1//,amqp://c:**@h2//"),
        ("mongodb://u:p@h1:1,h2:2/db", "mongodb://u:**@h1:1,h2:2/db"),
        ("sqla+mysql://root:masterkey@localhost/x", "sqla+mysql://root:**@localhost/x"),
        ("rediss://:p%40s%2Fs@h/0?ssl_cert_reqs=none", "rediss://:**@h/0?ssl_cert_reqs=none"),
        ("amqp://u:p@ss@host//", "amqp://u:**@host//"),
        ("amqp://u:pa/ss@host//", "amqp://u:**@host//"),
        ("amqp://u:pa?s#s@host//", "amqp://u:**@host//"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("redis://h/0?password=abc&x=1", "redis://h/0?password=**&x=1"),
        ("https://h:4873/@scope/pkg", "https://h:4873/@scope/pkg"),
        ("Error with 'redis://:pw@h/0': refused", "Error with 'redis://:**@h/0': refused"),
        ('["redis://:pw@h", "amqp://u:p@h"]', '["redis://:**@h", "amqp://u:**@h"]'),
        ("no url in here: a:b@c", "no url in here: a:b@c"),
        ("psql: host=h password=pw user=u", "psql: host=h password=** user=u"),
        ("https://h/x?api_key=pw&y=1", "https://h/x?api_key=**&y=1"),
        ("sent Authorization: Bearer abcd.efgh-ij", "sent Authorization: Bearer **"),
        ("Basic tasks run", "Basic tasks run"),
        ("{'password': 'PW', 'a': 1}", "{'password': '**', 'a': 1}"),
        ("""{'a': {'api_token': "P'W"}}""", """{'a': {'api_token': "**"}}"""),
        ("{'db_pass': ['PW', {'a': 'PW'}], 'b': 1}", "{'db_pass': '**', 'b': 1}"),
        ("{'secret': b'P W', 'a': 1}", "{'secret': '**', 'a': 1}"),
        ("{'secret': SecretStr('P W'), 'a': 1}", "{'secret': '**', 'a': 1}"),
        ("{'secret': 'P…", "{'secret': '**'"),
        ('{"pin": 1, "auth": "PW"}', '{"pin": 1, "auth": "**"}'),
        ("{'token': None, 'passenger': 'Ann', 'max_tokens': 9}",) * 2,
        ("{'access_tokens': ['PW']}", "{'access_tokens': '**'}"),
        ("KeyError('password'): no token",) * 2,
    ],
)
def test_passwords_in_urls_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("u:PW@host", "u:**@host"),
        ("u:PW@host:5672/vhost", "u:**@host:5672/vhost"),
        ("redis//u:PW@h", "redis//u:**@h"),
        ("redis:/u:PW@h", "redis:**@h"),
        ("amqp://h?api_key=PW", "amqp://h?api_key=**"),
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("h:6379", "h:6379"),
    ],
)
def test_a_mistyped_url_shows_no_password_and_one_is_learnt_from_it(url: str, shown: str) -> None:
    assert mask_url(url) == shown
    learnt = {one for one in masking.secrets_in({"broker_url": url}) if "PW" in one}
    assert bool(learnt) is ("PW" in url)
    assert all("PW" in one for one in learnt)


SETTINGS: dict[str, Any] = {
    "broker_url": "u:PW@host",
    "broker_read_url": ["redis//u:PW@h1", "amqp://u:PW@h2"],
    "result_backend": "db+postgresql://u:PW@h/db?sslpassword=PW",
    "broker_transport_options": {
        "sentinel_kwargs": {"pwd": "PW", "deep": [{"api_key": "PW"}, ("auth", "PW")]},
        "credentials": {"user": "PW", "keys": [1234567, "PW", {"any": ("PW",)}], "on": True},
        "headers": {"Authorization": "Bearer PWPWPWPW"},
        "extra_headers": [["Authorization", "PW"], ("X-Api-Key", "PW")],
    },
    "sentry_dsn": "https://PW@sentry.example/5",
    "reporting": "host=db user=u password='PW' dbname=x",
    "odbc": "DRIVER=x;UID=sa;PWD=PW;",
    "access_token": 1234567,
}


def test_no_secret_of_a_workers_settings_is_shown() -> None:
    shown = repr(masking.masked(SETTINGS))

    assert "PW" not in shown.replace("PWD", "")
    assert "1234567" not in shown
    for kept in ("'broker_url': 'u:**@host'", "dbname=x", "sentinel_kwargs", "'on': True"):
        assert kept in shown


def test_nor_is_one_in_the_report_of_them() -> None:
    report = "\n".join(f"{name}: {value!r}" for name, value in SETTINGS.items())

    shown = str(masking.masked(report))

    assert "PW" not in shown.replace("PWD", "").replace("redis//u:PW@h1", "")
    assert "u:**@host" in shown
    assert "task_queues: ['mail']" in str(masking.masked("task_queues: ['mail']\npassword: 'a'"))


any_settings = st.recursive(
    st.sampled_from(["PW", 1, None, True, "x PW y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(any_settings, st.sampled_from(["pwd", "db_password", "credentials", "Authorization", "dsn"]))
def test_whatever_stands_below_a_secrets_name_is_masked(value: Any, name: str) -> None:
    assert "PW" not in repr(masking.masked({"outer": [{name: value}]}))


def test_what_is_no_secret_below_one_is_not_masked_in_every_text() -> None:
    options = {"credentials": {"type": "service", "user": "shop", "private": "verysecret"}}
    assert list(masking.secrets_in(options)) == ["verysecret"]


secret_text = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="*'\"<>`;,"),
    min_size=6,
)


@settings(deadline=None)
@given(secret_text, st.sampled_from(["amqp://user:{}@broker.example//", "redis://:{}@h:1/0"]))
def test_no_learnt_password_survives_in_any_spelling(password: str, url: str) -> None:
    from urllib.parse import quote

    # Words of every other message, and of this URL, are left alone: see masking.COMMON_WORDS.
    assume(password.lower() not in {*masking.COMMON_WORDS, "broker.example"})
    masking.learn(masking.passwords_in(url.format(quote(password, safe=""))))
    for text in (password, quote(password, safe=""), repr(password)[1:-1], repr({"p": password})):
        said = f"auth failed with {text} today"
        shown = masking.one_line(OSError(said)) if masking.WORD.fullmatch(password) else mask(said)
        assert shown.replace(masking.MASK, "").count(text) == 0


@settings(deadline=None)
@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@settings(deadline=None)
@given(st.text(st.sampled_from("a1:/@;,?#&= .+[]"), max_size=60))
def test_masking_never_fails_and_never_shows_what_is_between_colon_and_at(rest: str) -> None:
    shown = mask(f"redis://:{PASSWORD}@{rest}")
    assert PASSWORD not in shown
    assert PASSWORD not in mask_url(f"redis://:{PASSWORD}@{rest}")


def test_masking_a_long_text_takes_no_time() -> None:
    begin = time.thread_time()
    for hostile in ("a" * 10**6, "://" * 10**5, "a;" * 10**5, "[" * 10**5, "?token" * 10**5):
        mask(hostile)
        mask("x://" + hostile)
    assert time.thread_time() - begin < 10


def test_a_common_word_is_no_secret() -> None:
    masking.learn(["guest", "celery"])
    assert mask("user guest is refused by celery") == "user guest is refused by celery"


def test_a_short_secret_is_masked_as_a_word() -> None:
    masking.learn(["ab1"])
    assert mask("ab1 'ab1' cab1x") == "** '**' cab1x"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("azurestoragequeues://Zm9vYmFy@https://x.queue.core.windows.net",
         "azurestoragequeues://**@https://x.queue.core.windows.net"),
        ("azurestoragequeues://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=aB+/c==;E=f",
         "azurestoragequeues://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=**;E=f"),
        ("azureservicebus://policy:aB+/c9=@shop.servicebus.windows.net",
         "azureservicebus://policy:**@shop.servicebus.windows.net"),
        ("azureblockblob://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=aB+/c==",
         "azureblockblob://DefaultEndpointsProtocol=https;AccountName=x;AccountKey=**"),
        ("Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=aB+/c9=",
         "Endpoint=sb://x/;SharedAccessKeyName=**;SharedAccessKey=**"),
        ("https://x.blob.core.windows.net/c?sv=2020&sig=aB%2Fc%3D&se=2027",
         "https://x.blob.core.windows.net/c?sv=2020&sig=**&se=2027"),
        ("AccountKey=aB+/c==", "AccountKey=**"),
        ("https://ghp0123456789abcdefABCDEF@github.com/a", "https://**@github.com/a"),
        ("ssh://git@github.com/a", "ssh://git@github.com/a"),
        ("design=1&config=2", "design=1&config=2"),
    ],
)  # fmt: skip
def test_keys_and_signatures_are_masked_in_every_spelling(url: str, shown: str) -> None:
    assert mask(url) == shown
    assert mask_url(url) == shown
    assert mask(shown) == shown


def test_a_key_without_a_user_is_learnt() -> None:
    url = "azurestoragequeues://Zm9vYmFy@https://x"
    assert list(masking.passwords_in(url)) == ["Zm9vYmFy"]


def test_a_password_that_is_a_word_is_masked_where_errors_quote_it_and_nowhere_else() -> None:
    masking.learn(masking.passwords_in("redis://:billing@h/0"))
    assert mask("billing.charge[...] succeeded in the queue billing") == (
        "billing.charge[...] succeeded in the queue billing"
    )
    assert mask("redis://:billing@h/0") == "redis://:**@h/0"
    assert masking.one_line(ValueError("invalid literal 'billing'")) == "invalid literal '**'"


@pytest.mark.parametrize("short", ["x", "9", "a1", "##"])
def test_a_piece_of_one_or_two_characters_is_not_masked_in_every_text(short: str) -> None:
    masking.learn([short])
    assert mask(f"task {short} of {short}{short}") == f"task {short} of {short}{short}"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 20_000 + " redis://u:secret@h",
        "x" * 20_000 + "://",
        "://" * 20_000,
        "redis://u:" + "p@" * 20_000,
        "redis://h:1," * 5_000,
        "passw" * 20_000 + "=://",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.thread_time()
    assert "secret" not in mask(text)
    assert time.thread_time() - began < 1.0
