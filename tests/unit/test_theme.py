"""Roles, palettes and signs: the same meaning everywhere, and nothing missing anywhere."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.app import App

from celerytui.columns import state_role
from celerytui.model import TaskState
from celerytui.ui.draw.glyphs import ASCII, UNICODE, Glyphs, glyphs, pick_glyphs
from celerytui.ui.draw.theme import ANSI_LIGHT, GROUNDS, PALETTES, ROLES, Palette, pick_palette

EVERY = [*PALETTES.values(), ANSI_LIGHT]


@pytest.mark.parametrize("palette", EVERY, ids=lambda palette: palette.name)
def test_every_role_has_a_style_on_every_ground_fresh_and_stale(palette: Palette) -> None:
    for role in ROLES:
        for ground in GROUNDS:
            assert isinstance(palette.style(role, ground), Style)
            assert isinstance(palette.stale.style(role, ground), Style)


def test_the_dark_palette_is_the_one_in_the_table() -> None:
    dark = PALETTES["dark"]
    assert dark.style("failure", "cursor") == Style.parse("#f0716a on #292a45")
    assert dark.style("failure bold") == Style.parse("bold #f0716a on #0f1217")
    assert dark.style("accent.filled", "cursor") == Style.parse("bold #14121f on #a99bff")


def test_mono_has_no_colour_at_all() -> None:
    for palette in (PALETTES["mono"], PALETTES["mono"].stale):
        for role in ROLES:
            for ground in GROUNDS:
                style = palette.style(role, ground)
                assert style.color is None or style.color.is_default
                assert style.bgcolor is None


def test_ansi_leaves_the_colours_to_the_terminal() -> None:
    for role in ROLES:
        style = PALETTES["ansi"].style(role)
        assert style.color is None or style.color.triplet is None
    assert PALETTES["ansi"].style("failure").color is not None


def test_a_reversed_row_is_one_block_without_patches_or_dim_text() -> None:
    for name in ("ansi", "mono"):
        for role in set(ROLES) - {"accent.filled", "badge"}:
            style = PALETTES[name].style(role, "cursor")
            assert style.reverse
            assert not style.dim
            assert style.color is None


def test_old_data_is_all_faint_but_for_the_frame_the_gap_and_its_age() -> None:
    dark = PALETTES["dark"]
    for role in set(ROLES) - {"border", "border.focused", "gap", "stamp"}:
        assert dark.stale.style(role) == dark.style("faint")
    assert dark.stale.style("failure bold underline") == dark.style("faint underline")
    assert dark.stale.style("gap") == dark.style("warning")
    assert dark.stale.stale is dark.stale


def test_styles_are_made_once() -> None:
    dark = PALETTES["dark"]
    assert dark.style("warning") is dark.style("warning")


@pytest.mark.parametrize("name", ["nothing", "failure blink"])
def test_an_unknown_role_or_weight_is_an_error(name: str) -> None:
    with pytest.raises(KeyError):
        PALETTES["dark"].style(name)


@pytest.mark.parametrize(
    ("theme", "environ", "system", "want"),
    [
        ("auto", {}, "truecolor", "dark"),
        ("auto", {}, "256", "dark"),
        ("auto", {"COLORFGBG": "0;15"}, "truecolor", "light"),
        ("auto", {"COLORFGBG": "0;default;15"}, "truecolor", "light"),
        ("auto", {"COLORFGBG": "15;0"}, "truecolor", "dark"),
        ("auto", {"NO_COLOR": "1"}, "truecolor", "mono"),
        ("auto", {"NO_COLOR": ""}, "truecolor", "dark"),
        ("auto", {}, "standard", "ansi"),
        ("auto", {}, None, "mono"),
        ("auto", {"TERM": "dumb"}, "truecolor", "mono"),
        ("dark", {"NO_COLOR": "1"}, None, "dark"),
        ("ansi", {}, "truecolor", "ansi"),
        ("light", {}, "truecolor", "light"),
    ],
)
def test_the_palette_that_is_picked(
    theme: str, environ: dict[str, str], system: str | None, want: str
) -> None:
    assert pick_palette(theme, environ, system).name == want


def test_sixteen_colours_on_a_light_terminal_use_no_white() -> None:
    strong = pick_palette("ansi", {"COLORFGBG": "0;15"}, "standard").style("strong")
    assert strong == Style(bold=True)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
async def test_textual_takes_the_theme_and_its_variables(palette: Palette) -> None:
    class Themed(App[None]):
        CSS = "Screen { background: $cursor-row; color: $muted; } Input { border: round $raised; }"

        def __init__(self) -> None:
            super().__init__(ansi_color=palette.native)
            for each in PALETTES.values():
                self.register_theme(each.theme)
            self.theme = palette.theme.name

    async with Themed().run_test() as pilot:
        assert pilot.app.current_theme.name == f"celerytui-{palette.name}"


def signs(chosen: Glyphs) -> list[str]:
    found: list[str] = []
    for name in chosen.__struct_fields__:
        value = getattr(chosen, name)
        found.extend([value] if isinstance(value, str) else value)
    return [sign for sign in found if sign not in (chosen.area,)]


@pytest.mark.parametrize("chosen", [UNICODE, ASCII, glyphs(east_asian=True)])
def test_every_sign_is_as_wide_as_it_should_be(chosen: Glyphs) -> None:
    wide = {chosen.branch, chosen.last, chosen.trunk}
    for sign in signs(chosen):
        assert cell_len(sign) == (2 if sign in wide else 1), sign


def test_ascii_is_ascii() -> None:
    assert all(sign.isascii() for sign in signs(ASCII))


def test_every_state_has_a_sign_and_a_role_that_exist() -> None:
    for state in TaskState:
        assert UNICODE.state(state)
        assert ASCII.state(state)
        assert state_role(state) in ROLES
    assert UNICODE.state(TaskState.LOST) == "○"
    assert state_role(TaskState.LOST) == "failure"
    assert (UNICODE.state(TaskState.MISSED), ASCII.state(TaskState.MISSED)) == ("?", "?")
    assert UNICODE.state(TaskState.CANCELLED) == "⊘"
    assert UNICODE["failure"] == "✗"


@pytest.mark.parametrize("name", ["dark", "light", "ansi"])
def test_missed_has_a_colour_of_its_own(name: str) -> None:
    style = PALETTES[name].style
    others = [state for state in TaskState if state is not TaskState.MISSED]
    assert style(state_role(TaskState.MISSED)) not in [style(state_role(one)) for one in others]


def test_east_asian_terminals_get_no_sign_of_two_cells() -> None:
    assert not set("●○▲") & set("".join(signs(glyphs(east_asian=True))))


@pytest.mark.parametrize(
    ("ascii_", "environ", "encoding", "want"),
    [
        (False, {"LANG": "en_GB.UTF-8"}, "utf-8", UNICODE),
        (False, {"LANG": "en_GB.UTF-8"}, "UTF8", UNICODE),
        (True, {}, "utf-8", ASCII),
        (False, {}, "latin-1", ASCII),
        (False, {}, None, ASCII),
        (False, {"TERM": "linux"}, "utf-8", ASCII),
        (False, {"LANG": "ja_JP.UTF-8"}, "utf-8", glyphs(east_asian=True)),
        (False, {"LC_ALL": "C.UTF-8", "LANG": "ja_JP.UTF-8"}, "utf-8", UNICODE),
    ],
)
def test_the_signs_that_are_picked(
    ascii_: bool, environ: dict[str, str], encoding: str | None, want: Glyphs
) -> None:
    assert pick_glyphs(ascii_, environ, encoding) == want


def test_without_braille_charts_fall_back_to_blocks() -> None:
    assert glyphs(braille=False).area == "block"
