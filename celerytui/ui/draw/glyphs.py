"""Which of the signs in `columns.glyphs` a terminal gets."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from celerytui.columns.glyphs import ASCII, MEANINGS, UNICODE, Glyphs

__all__ = ["ASCII", "MEANINGS", "UNICODE", "Glyphs", "glyphs", "pick_glyphs"]

# East Asian terminals may draw these two cells wide, which would push the row apart.
_EAST_ASIAN = replace(
    UNICODE,
    states=tuple("o" if sign == "○" else sign for sign in UNICODE.states),
    alive="*",
    lost="o",
    growing="^",
    playing=">",
)


def glyphs(ascii: bool = False, *, east_asian: bool = False, braille: bool = True) -> Glyphs:
    """The set of signs: ASCII if asked, without ● ○ ▲ where those may be two cells wide."""
    if ascii:
        return ASCII
    chosen = _EAST_ASIAN if east_asian else UNICODE
    return chosen if braille else replace(chosen, area="block")


def pick_glyphs(ascii: bool, environ: Mapping[str, str], encoding: str | None) -> Glyphs:
    """The set of signs for `--ascii`, the locale and the terminal's encoding.

    A terminal that does not take UTF-8, and the Linux console with its 512 signs, get ASCII.
    """
    utf8 = (encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if ascii or not utf8 or environ.get("TERM") == "linux":
        return ASCII
    return glyphs(east_asian=locale[:2] in ("ja", "ko", "zh"))
