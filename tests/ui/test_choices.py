"""Named filters, the columns that are shown, and orders: chosen on the screen, kept by app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from celerytui.control import Choices
from celerytui.errors import SettingsError
from celerytui.settings import Settings
from celerytui.ui.actions.filters import FilterChoice
from celerytui.ui.actions.form import Form
from celerytui.ui.app import MonitorApp
from celerytui.ui.dialogs.columns import ColumnChoice
from celerytui.ui.draw.theme import PALETTES
from celerytui.ui.panes.table import TablePane
from tests.ui.fake_engine import FakeEngine, fake_app
from tests.ui.pilot import Driver, commands_of, driven

OWN = MappingProxyType({"lost": "state:lost", "cards": "exception:*Card*"})


@asynccontextmanager
async def session(path: Path, **options: Any) -> AsyncIterator[Driver]:
    """A session on the app `shop`, whose choices are in that file and saved at the end."""
    engine = FakeEngine(Settings(theme="dark", utc=True, **options))
    engine.choices = Choices(path, "shop")
    app = MonitorApp(engine, palette=PALETTES["dark"])
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)
    engine.choices.save()


def filters_of(at: Driver) -> FilterChoice:
    assert isinstance(at.app.screen, FilterChoice)
    return at.app.screen


def head(at: Driver) -> list[str]:
    pane = at.app.main.pane
    assert isinstance(pane, TablePane)
    return [column.title for column, _ in pane.layout_for(pane.inside.width)]


async def test_a_filter_is_saved_under_a_name_applied_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    async with session(path) as at:
        await at.press("/", *"state:failure", "enter", "n")
        assert filters_of(at).options == []
        await at.press("s")
        assert isinstance(at.app.screen, Form)
        await at.press(*"bad", "enter")
        assert filters_of(at).options == [("bad", "bad", "")]
        await at.press("escape", "escape")
        assert at.app.session.filter_text == ""
    async with session(path, filters=OWN) as at:
        await at.press("n")
        assert [name for name, _, _ in filters_of(at).options] == ["lost", "cards", "bad"]
        assert filters_of(at).notes[0] == "state:lost   config file"
        await at.press("down", "down", "enter")
        assert at.app.session.filter_text == "state:failure"
        assert at.app.main.navigator.view.name == "tasks"
        await at.press("n", "d")
        assert [name for name, _, _ in filters_of(at).options] == ["lost", "cards", "bad"]
        await at.press("up", "d")
        assert [name for name, _, _ in filters_of(at).options] == ["lost", "cards"]
    async with session(path) as at:
        assert at.engine.choices.filters == {}


async def test_what_cannot_be_saved_is_said() -> None:
    async with driven(filters=OWN) as at:
        await at.press("n", "s")
        assert at.toasts[-1].message == "no filter to save; / types one"
        await at.press("escape", "/", *"state:retry", "enter", "n", "s", *"lost", "enter")
        assert at.toasts[-1].message == "lost is in the config file; choose another name"
        await at.press("s", *"again", "enter")
        assert at.toasts[-1].message == "again saved"
        await at.press("s", *"again", "enter")
        assert at.toasts[-1].message == "again replaced"


async def test_a_saved_filter_of_another_version_is_said_to_be_wrong() -> None:
    async with driven() as at:
        at.engine.choices.keep_filter("odd\x1b[2J", "field-of-tomorrow:>1")
        await at.press("n")
        assert "\x1b" not in filters_of(at).options[0][1]
        await at.press("enter")
        assert at.toasts[-1].message.startswith("cannot filter by that: ")
        assert at.app.session.filter_text == ""


async def test_the_palette_knows_filters_columns_and_links() -> None:
    async with driven() as at:
        for typed, id in (("filters", "filters.show"), ("columns", "columns.choose"),
                          ("copy link", "link.copy"), ("csv", "export")):  # fmt: skip
            await at.press(":", *typed.replace(" ", ""))
            at.app.screen.query_one("SearchLine").value = typed  # type: ignore[attr-defined]  # an Input
            await at.pilot.pause()
            assert commands_of(at)[0].id == id
            await at.press("escape")


def test_a_wrong_filter_in_the_config_file_is_named_with_its_place() -> None:
    with pytest.raises(SettingsError, match=r"^\[filters\] of .*: slow: .*character 11"):
        fake_app(filters={"slow": "runtime:>2x"})


@pytest.mark.parametrize(("view", "gone"), [("2", "ID"), ("3", "HOST"), ("5", "MAX")])
async def test_a_column_that_is_hidden_stays_so(tmp_path: Path, view: str, gone: str) -> None:
    path = tmp_path / "shop.json"
    async with session(path) as at:
        await at.press(view, "v")
        dialog = at.app.screen
        assert isinstance(dialog, ColumnChoice)
        titles = [title for _, title, _ in dialog.options]
        gone = gone if gone in titles else titles[-1]
        await at.press(*["down"] * titles.index(gone), "space", "enter")
        assert gone not in head(at)
    async with session(path) as at:
        await at.press(view)
        assert gone not in head(at)
        await at.press("v", "a", "enter")
        assert at.engine.choices.hidden(at.app.main.ordered.id or "") == frozenset()


async def test_the_last_column_cannot_be_hidden_and_escape_hides_none() -> None:
    async with driven() as at:
        await at.press("2", "v")
        dialog = at.app.screen
        assert isinstance(dialog, ColumnChoice)
        for _ in dialog.options:
            await at.press("space", "down")
        assert len(dialog.hidden) == len(dialog.options) - 1
        await at.press("escape")
        assert at.engine.choices.hidden("tasks") == frozenset()


@pytest.mark.parametrize("view", ["2", "3", "4", "5", "6"])
async def test_the_order_of_each_table_is_kept(tmp_path: Path, view: str) -> None:
    path = tmp_path / "shop.json"
    async with session(path) as at:
        await at.press(view)
        table = at.app.main.ordered
        before = table.sort_column
        chosen = next(id for id, _ in table.orders() if id not in ("", before))
        table.sort_by(chosen)
        await at.press("o")
        kept = chosen, table.sort_reverse
    async with session(path) as at:
        await at.press(view)
        table = at.app.main.ordered
        assert (table.sort_column, table.sort_reverse) == kept
        keys = [table.key_of(item) for item in table.window(0, 20)]
        assert keys == [table.key_of(item) for item in table.window(0, 20)]


async def test_an_order_by_a_column_that_is_no_more_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    choices = Choices(path, "shop")
    for table in ("tasks", "workers", "types"):
        choices.sort(table, "of-tomorrow", reverse=True)
        choices.hide(table, frozenset({"of-tomorrow"}))
    choices.save()
    async with session(path) as at:
        assert at.app.main.table.sort_column == "seen"
        await at.press("3")
        assert at.app.main.ordered.sort_column is None
        await at.press("5")
        assert at.app.main.ordered.sort_column == "share"
