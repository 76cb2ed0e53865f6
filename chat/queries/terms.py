"""Search queries: what somebody types, as terms that the index can be asked for. See chat/lexemes.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import regex

from chat.lexemes import UNSPACED, Token, quoted, stem_of, tokens_of

SHORTEST_PREFIX: Final = 2  # letters; fewer match a large part of all words

# The words that nearly every English message holds. They are indexed; a query leaves them out where it has other words.
_COMMON: Final = """
a about after all also an and any are as at be because been but by can could did do does for from had has have he her
his how i if in into is it its just me my no not of on or our she so than that the their them then there these they this
to up us was we were what when which who will with would you your
"""
COMMON: Final = frozenset(_COMMON.split())
_QUERY: Final = regex.compile(
    r"""(?:(?<=\s)|^)(?P<without>[-\u2212])?(?:["\u201c\u201d\u201e\u00ab\u300c\u300e](?P<phrase>[^"\u201c\u201d\u00bb\u300d\u300f]*)["\u201c\u201d\u00bb\u300d\u300f]?|(?P<plain>\S+))""",
    regex.VERSION1,
)


@dataclass(frozen=True, slots=True)
class Term:
    """What a query asks for once: words that follow each other.

    `stem` and `joined` are other lexemes that satisfy it; `prefix`: the last word may go on.
    """

    words: tuple[str, ...]
    stem: str = ""
    joined: str = ""
    prefix: bool = False

    def expression(self) -> str:
        """Return the term as text for a cast to `tsquery`."""
        *first, last = self.words
        phrase = " <-> ".join([*map(quoted, first), quoted(last) + (":*" if self.prefix else "")])
        ways = [phrase, *(quoted(way) for way in (self.stem, self.joined) if way)]
        return f"({' | '.join(ways)})"

    def spans(self, tokens: list[Token]) -> Iterator[tuple[int, int]]:
        """Yield where the term stands in a text, as (start, end) in characters."""
        ways = {way for way in (self.stem, self.joined) if way}
        for at, token in enumerate(tokens):
            if ways.intersection((token.word, *token.also)):
                yield token.start, token.end
            if self._begins(tokens, at):
                yield token.start, tokens[at + len(self.words) - 1].end

    def _begins(self, tokens: list[Token], at: int) -> bool:
        found = tokens[at : at + len(self.words)]
        if len(found) < len(self.words):
            return False
        if any(word not in (token.word, *token.also) for word, token in zip(self.words[:-1], found, strict=False)):
            return False
        last, names = self.words[-1], (found[-1].word, *found[-1].also)
        return any(name.startswith(last) for name in names) if self.prefix else last in names


@dataclass(frozen=True, slots=True)
class Query:
    """Every group must be there by one of its terms, and none of `without`."""

    groups: tuple[tuple[Term, ...], ...] = ()
    without: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.without)

    @property
    def terms(self) -> list[Term]:
        """The terms that may stand in what is found."""
        return [term for group in self.groups for term in group]

    def expression(self) -> str:
        """Return the query as text for a cast to `tsquery`."""
        groups = [" | ".join(term.expression() for term in group) for group in self.groups]
        return " & ".join([*(f"({group})" for group in groups), *(f"!{term.expression()}" for term in self.without)])


def parse(text: str) -> Query:
    """Read a query: words, "a phrase", -without, `one OR another`. The last word may be the beginning of one."""
    groups: list[tuple[Term, ...]] = []
    without: list[Term] = []
    either = False
    for match in _QUERY.finditer(text):
        if match["plain"] == "OR":
            either = bool(groups)
            continue
        is_last = match["plain"] is not None and not match["without"] and match.end() == len(text)
        term = _term(tokens_of(match["phrase"] or match["plain"] or ""), exact=match["plain"] is None, open=is_last)
        if term is None:
            continue
        if match["without"]:
            without.append(term)
        elif either:
            groups[-1] = (*groups[-1], term)
        else:
            groups.append((term,))
        either = False
    return Query(tuple(_without_common(groups)), tuple(without))


def _term(tokens: list[Token], *, exact: bool, open: bool) -> Term | None:
    """`exact`: in quotation marks; `open`: the last word is perhaps not typed to its end."""
    if not tokens:
        return None
    if tokens[-1].kind == "end" and len(tokens) > 1 and tokens[-2].end == tokens[-1].end:
        tokens = tokens[:-1]  # the last character alone: in the index it stands only where a run ends
    last = tokens[-1]
    is_single_character = len(tokens) == 1 and regex.match(UNSPACED, last.word, regex.VERSION1) is not None
    prefix = is_single_character or (open and last.kind == "word" and len(last.word) >= SHORTEST_PREFIX)
    words = tuple(token.word for token in tokens)
    if exact:
        return Term(words, prefix=is_single_character)
    if len(tokens) == 1:
        return Term(words, stem=stem_of(last.word) if stem_of(last.word) != last.word else "", prefix=prefix)
    is_joined = len(tokens[0].also) and "".join(words) in tokens[0].also
    return Term(words, joined="".join(words) if is_joined else "", prefix=prefix)


def _without_common(groups: list[tuple[Term, ...]]) -> list[tuple[Term, ...]]:
    """Leave common words out, unless there is nothing else to look for."""
    rare = [group for group in groups if not all(len(term.words) == 1 and term.words[0] in COMMON for term in group)]
    return rare or groups
