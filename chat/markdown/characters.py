"""What a character is: one that must be replaced, one that is not drawn, one of a script without spaces."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from accounts.clean_text import draws_nothing

# Unicode's line ends, of other systems and of word processors.
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Embeddings, overrides and isolates reorder what others read: "exe.gpj" becomes "jpg.exe", code says what it does not
# do (CVE-2021-42574). They are dropped, here and in code, since left open they reach beyond the name or cell they stand
# in. The page takes the direction of each block from its first strong letter and needs none of them. The marks (U+200E,
# U+200F, U+061C) move only themselves and stay.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Control characters are no HTML, lone surrogates no UTF-8.
_BROKEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UNTIDY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def tidied(text: str) -> str:
    """Return the text with one kind of line end, without what reorders it, and U+FFFD for what is no character."""
    if not _UNTIDY.search(text):
        return text
    return _BROKEN.sub("\ufffd", _REORDERING.sub("", _LINE_ENDS.sub("\n", text)))


def is_drawn(text: str) -> bool:
    """Return whether a reader sees anything of the text."""
    return not draws_nothing(text)


@lru_cache(maxsize=4_096)
def is_unspaced(character: str) -> bool:
    """Return whether the character is of a script that puts no spaces between words, or adds particles to them.

    These are Han, Kana, Bopomofo, Yi and Hangul with their punctuation and the full-width forms, as in the cjk-friendly
    amendments to CommonMark; and Thai, Lao, Tibetan, Burmese and Khmer, for the same reason.
    """
    code = ord(character)
    if code < 0x0E00:
        return False
    if code < 0x1200 or 0x1780 <= code < 0x1800:
        return code < 0x10A0 or code >= 0x1100
    if unicodedata.east_asian_width(character) not in "WFH":
        return False
    return unicodedata.category(character) != "So" or 0x3000 <= code < 0x3400  # an emoji is wide, but it is a picture


def is_punctuation(character: str) -> bool:
    """Return whether CommonMark counts the character as punctuation: categories P and S."""
    return unicodedata.category(character)[0] in "PS"


def is_word(character: str) -> bool:
    """Return whether the character is a letter, a digit, or a mark on one."""
    return unicodedata.category(character)[0] in "LNM"
