"""Where emphasis begins and ends beside scripts that are written without spaces.

For CommonMark `**` between a letter and a bracket begins nothing, because a space should stand before it. In Chinese,
Japanese, Korean and Thai there is none. The rule is that of the cjk-friendly amendments
(https://github.com/tats-u/markdown-cjk-friendly), for the characters of `is_unspaced` alone: their punctuation counts
as letters, and they count as a space beside the punctuation of others.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from markdown_it.common.utils import isWhiteSpace
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned

from chat.markdown.characters import is_punctuation, is_unspaced


class Signs(NamedTuple):
    """Where the signs stand that would be markup if no backslash stood before them.

    Those of `within` also are after two backslashes, of which the first escapes the second. Those of `leading` are not:
    blocks and names do not begin after a backslash.
    """

    within: frozenset[int]
    leading: frozenset[int]


class InlineState(StateInline):
    """The state of one inline text, which also knows what in it is no markup (see backslashes.py)."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.verbatim: frozenset[int] = frozenset()
        self.signs: Signs | None = None

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: FBT001, N802, N803  # the library's names
        """Return whether the run of signs at `start` can begin and end emphasis."""
        scanned = super().scanDelims(start, canSplitWord)
        if self.src.isascii():
            return scanned
        before = self.src[start - 1 : start] or " "
        after = self.src[start + scanned.length : start + scanned.length + 1] or " "
        if before.isascii() and after.isascii():
            return scanned
        if _SELECTOR.match(before):
            before = self.src[max(start - 2, 0)]
        return _flanking(before, after, scanned.length, can_split_word=canSplitWord)


_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def _flanking(before: str, after: str, length: int, *, can_split_word: bool) -> Scanned:
    is_open = _reaches(after, before)
    is_closed = _reaches(before, after)
    return Scanned(
        is_open and (can_split_word or not is_closed or is_punctuation(before)),
        is_closed and (can_split_word or not is_open or is_punctuation(after)),
        length,
    )


def _reaches(inside: str, outside: str) -> bool:
    """Return whether a run of signs belongs to the character on its one side, given the one on the other side."""
    if isWhiteSpace(ord(inside)):
        return False
    if is_unspaced(inside) or not is_punctuation(inside):
        return True
    return isWhiteSpace(ord(outside)) or is_punctuation(outside) or is_unspaced(outside)
