"""Colour says state and nothing else: the roles, and what they look like in each palette.

A role is a name such as "failure" or "code.string"; "failure bold" adds weight to it. A ground is
what stands behind a row: "bg", "surface", "raised", "cursor", "marked", "warning", "failure".
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.theme import Theme

GROUNDS = ("bg", "surface", "raised", "cursor", "marked", "warning", "failure")

# role: dark, light, 16 colours, no colour. One row a role, so that no palette can lack one.
_ROLES: dict[str, tuple[str, str, str, str]] = {
    "strong": ("bold #f1f3f6", "bold #0c0f14", "bold white", "bold"),
    "text": ("#d6dbe2", "#262b33", "default", "none"),
    "muted": ("#8c96a5", "#5f6875", "bright_black", "dim"),
    "faint": ("#535d6b", "#9aa2ac", "bright_black", "dim"),
    "accent": ("#a99bff", "#6246d6", "magenta", "bold"),
    "accent.filled": (
        "bold #14121f on #a99bff",
        "bold #ffffff on #6246d6",
        "bold reverse magenta",
        "bold reverse",
    ),
    "key": ("bold #a99bff", "bold #6246d6", "bold magenta", "bold"),
    "badge": ("bold #0f1217 on #8c96a5", "bold #fcfcfa on #5f6875", "bold reverse", "bold reverse"),
    "badge.production": (
        "bold #0f1217 on #f0716a",
        "bold #ffffff on #c42b27",
        "bold reverse red",
        "bold reverse",
    ),
    "badge.replay": (
        "bold #0f1217 on #e2b04a",
        "bold #ffffff on #946200",
        "bold reverse yellow",
        "bold reverse",
    ),
    "button": ("#d6dbe2 on #292a45", "#262b33 on #e5e0fb", "default", "none"),
    "border": ("#2e3540", "#cfd3d8", "bright_black", "dim"),
    "border.focused": ("#a99bff", "#6246d6", "magenta", "bold"),
    "cursor": ("#a99bff", "#6246d6", "magenta", "bold"),
    "success": ("#7dbb7a", "#2b7a3a", "green", "dim"),
    "success.body": ("#47704c", "#9cc7a0", "green", "dim"),
    "started": ("#5fb2f2", "#0b65b8", "blue", "none"),
    "received": ("#7c9ab5", "#4c7290", "cyan", "dim"),
    "sent": ("#8c96a5", "#5f6875", "default", "dim"),
    "retry": ("#e2b04a", "#946200", "yellow", "bold"),
    "missed": ("#c39bb8", "#85517a", "magenta", "none"),
    "warning": ("#e2b04a", "#946200", "yellow", "bold"),
    "failure": ("#f0716a", "#c42b27", "red", "bold"),
    "gap": ("#e2b04a", "#946200", "yellow", "bold"),
    "stamp": ("#8c96a5", "#5f6875", "default", "none"),
    "code.string": ("#a9c49a", "#3f7a2f", "default", "none"),
    "code.number": ("#d6b98c", "#8a5a12", "default", "none"),
    "code.keyword": ("#c3a6e0", "#7a3fa8", "default", "none"),
    "code.name": ("#8fb8e0", "#2563a8", "default", "none"),
}
ROLES = tuple(_ROLES)

_GROUNDS: dict[str, tuple[str, str, str, str]] = {
    "bg": ("on #0f1217", "on #fcfcfa", "none", "none"),
    "surface": ("on #171b22", "on #f0f0ec", "none", "none"),
    "raised": ("on #1a1f28", "on #ffffff", "none", "none"),
    "cursor": ("on #292a45", "on #e5e0fb", "reverse", "reverse"),
    "marked": ("on #1e2030", "on #f1eefc", "none", "none"),
    "warning": ("on #33290f", "on #fbf0cf", "none", "none"),
    "failure": ("on #3a1b1d", "on #fbe3e1", "none", "none"),
}

# What old data keeps: the frames, where the data ends, and the words that say how old it is.
_FRESH = frozenset({"border", "gap", "stamp"})
_WEIGHTS = frozenset({"bold", "dim", "underline", "reverse"})


class Palette:
    """The styles of all roles on all grounds; `native` when it leaves colours to the terminal.

    `stale` is the same palette for data that is old: everything faint, colours gone.
    """

    def __init__(
        self,
        name: str,
        roles: Mapping[str, Style],
        grounds: Mapping[str, Style],
        *,
        native: bool,
        theme: Theme,
    ) -> None:
        self.name = name
        self.native = native
        self.theme = theme
        self._roles = roles
        self._grounds = grounds
        self._is_stale = False
        self._styles: dict[tuple[str, str], Style] = {}
        self._stale: Palette | None = None

    def style(self, role: str, on: str = "bg") -> Style:
        """The style of a role, with weights after it as in "failure bold", on a ground.

        Raises KeyError for a role or ground that does not exist.
        """
        style = self._styles.get((role, on))
        if style is None:
            style = self._styles[role, on] = self._compose(role, on)
        return style

    def _compose(self, role: str, on: str) -> Style:
        name, *weights = role.split(" ")
        ground, style = self._grounds[on], self._roles[name]
        if ground.reverse:
            # Colours on a reversed row would turn into patches, and dim into no contrast.
            style = Style(bold=style.bold, underline=style.underline)
        for weight in weights:
            if weight not in _WEIGHTS:
                raise KeyError(weight)
            if not (self._is_stale and weight == "bold"):
                style += Style.parse(weight)
        return ground + style

    @property
    def stale(self) -> Palette:
        """The palette for old data."""
        if self._stale is None:
            self._stale = self._make_stale()
        return self._stale

    def _make_stale(self) -> Palette:
        faint = self._roles["faint"]
        roles = {name: style if name in _FRESH else faint for name, style in self._roles.items()}
        roles["border.focused"] = self._roles["muted"]
        grounds = dict(self._grounds)
        grounds["cursor"] = grounds["marked"]
        grounds["warning"] = grounds["failure"] = grounds["bg"]
        palette = Palette(
            f"{self.name}-stale", roles, grounds, native=self.native, theme=self.theme
        )
        palette._stale = palette
        palette._is_stale = True
        return palette


def pick_palette(theme: str, environ: Mapping[str, str], color_system: str | None) -> Palette:
    """The palette for `--theme` and the terminal: a theme by name wins over all else.

    `color_system` is rich's word for what the terminal can do ("truecolor", "256", "standard",
    None). Under "auto", NO_COLOR (https://no-color.org: present and not empty) or a terminal
    without colours gives mono, 16 colours give ansi, and COLORFGBG tells light from dark.
    """
    light = _is_light(environ)
    if theme == "auto":
        if environ.get("NO_COLOR") or color_system is None or environ.get("TERM") == "dumb":
            theme = "mono"
        elif color_system in ("standard", "windows"):
            theme = "ansi"
        else:
            theme = "light" if light else "dark"
    if theme == "ansi" and light:
        # The white of 16 colours cannot be read on a light terminal; bold alone can.
        return ANSI_LIGHT
    return PALETTES[theme]


def _is_light(environ: Mapping[str, str]) -> bool:
    # "foreground;background", some terminals put a word between them
    return environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


# Textual's variables and ours, by the role or ground whose colour they have.
_VARIABLES = {
    "strong": "strong",
    "muted": "muted",
    "faint": "faint",
    "raised": "raised",
    "on-accent": "on-accent",
    "cursor-row": "cursor-row",
    "marked-row": "marked-row",
    "warning-row": "warning-row",
    "failure-row": "failure-row",
    "text": "text",
    "text-muted": "muted",
    "text-disabled": "faint",
    "border": "accent",
    "border-blurred": "border",
    "block-cursor-foreground": "strong",
    "block-cursor-background": "cursor-row",
    "input-cursor-background": "text",
    "input-cursor-foreground": "bg",
    "input-selection-background": "cursor-row",
    "input-selection-foreground": "strong",
    "screen-selection-background": "cursor-row",
    "screen-selection-foreground": "strong",
    "scrollbar": "border",
    "scrollbar-hover": "muted",
    "scrollbar-active": "accent",
    "scrollbar-background": "bg",
    "scrollbar-background-hover": "bg",
    "scrollbar-background-active": "bg",
    "scrollbar-corner-color": "bg",
    "link-color": "accent",
    "footer-background": "surface",
    "footer-foreground": "muted",
    "footer-key-foreground": "accent",
    "footer-description-foreground": "muted",
}
_NAMES = ("dark", "light", "ansi", "mono")


def _theme(name: str, colors: Mapping[str, str], *, native: bool) -> Theme:
    """Textual's theme for its own widgets, and the roles as CSS variables."""
    return Theme(
        name=f"celerytui-{name}",
        primary=colors["accent"],
        secondary=colors["started"],
        accent=colors["accent"],
        warning=colors["warning"],
        error=colors["failure"],
        success=colors["success"],
        foreground=colors["text"],
        background=colors["bg"],
        surface=colors["surface"],
        panel=colors["raised"],
        boost=colors["raised"],
        dark=name != "light",
        ansi=native,
        variables={
            **{variable: colors[key] for variable, key in _VARIABLES.items()},
            "ansi-background": "ansi_default",
            "ansi-foreground": "ansi_default",
            "block-cursor-text-style": "bold reverse" if native else "bold",
            "input-cursor-text-style": "reverse" if native else "none",
        },
    )


def _css(style: Style, *, back: bool = False) -> str:
    """A style's colour as Textual's CSS writes it."""
    color = style.bgcolor if back else style.color
    if color is None or color.is_default:
        return "ansi_default"
    return color.name if color.name.startswith("#") else f"ansi_{color.name}"


def _palette(column: int) -> Palette:
    name, native = _NAMES[column], column >= 2
    roles = {role: Style.parse(row[column]) for role, row in _ROLES.items()}
    grounds = {ground: Style.parse(row[column]) for ground, row in _GROUNDS.items()}
    colors = {role: _css(style) for role, style in roles.items()}
    colors.update({f"{ground}-row": _css(s, back=True) for ground, s in grounds.items()})
    for ground in ("bg", "surface", "raised"):
        colors[ground] = _css(grounds[ground], back=True)
    colors["on-accent"] = _css(roles["accent.filled"])
    return Palette(name, roles, grounds, native=native, theme=_theme(name, colors, native=native))


PALETTES = {name: _palette(column) for column, name in enumerate(_NAMES)}


def _ansi_light() -> Palette:
    ansi = PALETTES["ansi"]
    roles = {**ansi._roles, "strong": Style(bold=True)}
    return Palette("ansi", roles, ansi._grounds, native=True, theme=ansi.theme)


ANSI_LIGHT = _ansi_light()
