"""JSON as people's devices write it: half of a surrogate pair in a text is no reason to refuse the rest.

JSON allows to write such a half as an escape (RFC 8259, section 8.2), and clients that cut a text in the middle of an
emoji do. msgspec refuses the whole document, because no UTF-8 can hold it.
"""

from __future__ import annotations

import re
from typing import Final

# Escapes one after the other, so that `\\ud83d` (a backslash and five letters) is none. Group 1 is a half without its
# other one.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def mend(document: bytes) -> bytes:
    """The document with U+FFFD in the place of every escaped half of a surrogate pair; itself when there is none."""
    if not _HALF.search(document):
        return document
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape.group(1) else escape.group(0), document)
