"""Find the words and phrases that members asked for in the texts of messages.

Texts and keywords are folded in the same way as for search (chat/lexemes.py): without case, accents and invisible
characters. A keyword is found where its words stand one after the other; what is between them does not matter. In
scripts that are written without spaces each character counts as a word, so a keyword is found inside a longer run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

import regex

from chat.lexemes import UNSPACED, fold_text

_WORD: Final = regex.compile(
    rf"""
      [{UNSPACED}&&[\p{{L}}\p{{N}}]] \p{{M}}*
    | [[\p{{L}}\p{{N}}]--{UNSPACED}] [[\p{{L}}\p{{N}}\p{{M}}]--{UNSPACED}]* (?: \+\+ | \#(?!\w) )?  # C++ and C#, too
    | [\p{{So}}\p{{Regional_Indicator}}]
    """,
    regex.VERSION1 | regex.VERBOSE,
)


class Keywords:
    """The keywords of several members, ready to be looked for. Looking takes as long as the text is, however many
    keywords there are."""

    def __init__(self, keywords: Mapping[UUID, Iterable[str]]) -> None:
        """`keywords`: by member."""
        self._phrases: dict[str, dict[str, set[UUID]]] = defaultdict(lambda: defaultdict(set))
        for member, phrases in keywords.items():
            for phrase in phrases:
                if words := _words(phrase):
                    self._phrases[words[0]][_joined(words)].add(member)

    def members_in(self, text: str) -> set[UUID]:
        """Return the members of whose keywords at least one is in the text."""
        if not self._phrases:
            return set()
        words = _words(text)
        joined = _joined(words)
        return {
            member
            for word in self._phrases.keys() & set(words)
            for phrase, members in self._phrases[word].items()
            if phrase in joined
            for member in members
        }


def _words(text: str) -> list[str]:
    return [match[0] for match in _WORD.finditer(fold_text(text))]


def _joined(words: list[str]) -> str:
    return f" {' '.join(words)} "
