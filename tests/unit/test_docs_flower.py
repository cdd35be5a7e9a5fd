"""docs/coming-from-flower.md against the registries: what it names is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from celerytui.cli import program
from celerytui.control import ACTIONS, GROUPS, SECTIONS
from celerytui.query import parse_filter
from celerytui.settings import ENV_PREFIX
from celerytui.ui.keys.registry import KEYS, key_name
from celerytui.ui.views.registry import VIEW_KEYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "coming-from-flower.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")


def known_keys() -> dict[str, set[str]]:
    """The keys of each id, as documents spell them."""
    known = {one.id: {key_name(key) for key in one.keys.split(",")} for one in (*VIEW_KEYS, *KEYS)}
    groups = {one.id: one.key for one in GROUPS}
    for action in ACTIONS:
        known[action.id] = {groups.get(action.group or "", action.key) or ""}
    known |= {one.id: {one.key} for one in GROUPS}
    return known


KNOWN = known_keys()
ALL_KEYS = set().union(*KNOWN.values())


def tables(head: str) -> list[list[str]]:
    """The cells of the rows of every table whose head ends so."""
    rows: list[list[str]] = []
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        first, _, *others = table.splitlines()
        if first.endswith(head):
            rows += [[cell.strip() for cell in re.split(r" \| ", row.strip("|"))] for row in others]
    assert rows, head
    return rows


@pytest.mark.parametrize("row", tables("| press | id |"), ids=lambda row: str(row[0]))
def test_each_key_is_the_key_of_its_id(row: list[str]) -> None:
    [name] = CODE.findall(row[2])
    keys = CODE.findall(row[1])
    assert keys[-1] in KNOWN[name] or keys[0] in KNOWN[name]
    assert set(keys) <= ALL_KEYS


def test_each_key_in_the_text_is_there() -> None:
    text = re.sub(r"^\|.*\n", "", PAGE, flags=re.MULTILINE)
    keys = {one for one in CODE.findall(text) if len(one) == 1}
    assert keys
    assert keys <= ALL_KEYS


def test_each_section_is_there() -> None:
    for row in tables("| section here |"):
        assert set(CODE.findall(row[1])) <= set(SECTIONS), row


def test_each_filter_parses() -> None:
    for row in tables("| in the filter |"):
        for one in CODE.findall(row[1]):
            parse_filter(one.replace("( )", "(a)"))


def options(command: click.Command) -> set[str]:
    return {one for param in command.params for one in (*param.opts, *param.secondary_opts)}


def test_each_option_and_variable_is_there() -> None:
    known = options(program())
    for row in tables("| here |"):
        for one in CODE.findall(row[1]):
            if one.startswith("--"):
                assert one in known, one
    assert f"`{ENV_PREFIX}...`" in PAGE


def test_each_command_is_there() -> None:
    made = program()
    commands = [shlex.split(one) for one in CODE.findall(PAGE) if one.startswith("celerytui ")]
    assert len(commands) >= 5
    for _, *words in commands:
        command: click.Command = made
        for word in words:
            if isinstance(command, click.Group) and word in command.commands:
                command = command.commands[word]
            elif word.startswith("-"):
                assert word in options(command), (words, word)


def test_every_action_that_flower_has_is_on_the_page() -> None:
    actions = (ROOT / "docs" / "actions.md").read_text(encoding="utf-8")
    [part] = re.findall(r"^## Flower\n(.*?)^## ", actions, re.MULTILINE | re.DOTALL)
    # Those without a button in Flower have only an endpoint, which docs/actions.md has.
    buttons = [row for row in part.splitlines() if re.match(r"\| [A-Z]", row)]
    named = {name for row in buttons for name in re.findall(r"`([a-z]+\.[a-z_]+)`", row)}
    assert named
    assert named <= set(CODE.findall(PAGE))


@pytest.mark.parametrize("document", ["README.md", "docs/README.md"])
def test_it_is_linked(document: str) -> None:
    assert "coming-from-flower.md" in (ROOT / document).read_text(encoding="utf-8")
