"""A link is a command line that any shell reads back, and that says no password."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui import cli
from celerytui.link import Opening, broker_without_password, start_command
from celerytui.masking import MASK, passwords_in

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40
).filter(lambda text: text.strip() != "" and "://" not in text and "=" not in text)
SECRETS = st.text("abcdefXYZ0189!$%^&*()+~", min_size=6, max_size=16)


@given(TEXTS, TEXTS)
def test_a_shell_reads_the_same_filter_and_task(text: str, task: str) -> None:
    link = Opening(command=("celerytui", "-A", "proj")).link(filter=text, task=task)
    words = shlex.split(link)
    assert words == ["celerytui", "-A", "proj", "--filter", text, "--task", task]
    parsed = cli.program().make_context("celerytui", words[1:], resilient_parsing=True)
    assert (parsed.params["query"], parsed.params["task"]) == (text, task)


def test_what_is_not_asked_for_is_left_out() -> None:
    assert Opening().link() == "celerytui"
    assert Opening().link(task="-x y") == "celerytui --task '-x y'"
    assert Opening().link(filter="name:it's") == "celerytui --filter 'name:it'\"'\"'s'"


@given(SECRETS, st.sampled_from(["redis", "amqp", "rediss", "sqs"]), st.sampled_from(["", "ana"]))
def test_no_password_of_a_broker_is_in_a_link(secret: str, scheme: str, user: str) -> None:
    url = f"{scheme}://{user}:{secret}@10.0.0.7:6379/0"
    assert secret in {*passwords_in(url)}
    for app in ("proj", None):
        words = start_command("celerytui", app=app, broker=url)
        assert secret not in " ".join(words)
        assert MASK not in " ".join(words)
    assert broker_without_password(url) == f"{scheme}://{user}@10.0.0.7:6379/0"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://10.0.0.7:6379/0", "redis://10.0.0.7:6379/0"),
        ("redis://h/0?password=geheim", None),
        ("azurestoragequeues://KEY0123456789abcdefKEY==@account", None),
        ("redis://:a1@h1;redis://:a2@h2", "redis://@h1;redis://@h2"),
        (None, None),
        ("", ""),
    ],
)
def test_what_cannot_be_shown_is_left_out(url: str | None, shown: str | None) -> None:
    assert broker_without_password(url) == shown


def test_the_command_says_on_which_cluster() -> None:
    assert start_command("celerytui", app="proj", broker="redis://h/1", workdir="/srv") == (
        *("celerytui", "-A", "proj", "-b", "redis://h/1", "--workdir", "/srv"),
    )
    assert start_command("celery", "tui", app="proj", broker=None) == (
        *("celery", "-A", "proj", "tui"),
    )
