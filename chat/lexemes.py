"""Full-text search: the one normalizer for both sides, for messages when they are written and for queries.

PostgreSQL's own parser depends on the locale of the cluster, and knows neither scripts without spaces nor the parts of
addresses and identifiers. So the vector and the query are made here and cast to `tsvector` and `tsquery`, which leave
their lexemes as they are. For each token the index holds:

- the word itself, folded: NFKC, lower case, without accents, vowel points and invisible characters;
- its English stem, at the same position (PyStemmer, the same algorithm as PostgreSQL's `english_stem`);
- for words that belong together without a space (`e-mail`, `don't`, `crateTypes`) also all of them joined;
- for Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese and Tibetan each pair of neighbouring characters, and the
  last character alone.

Compounds (`https://example.com/a`, `sess.opts.crate_types`, `2026-11-30`) are their parts at consecutive positions; a
query for the whole compound is a phrase of its parts (chat/queries/terms.py). So every part is found, and the whole
only where it stands.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import regex
import Stemmer

LONGEST_LEXEME: Final = 200  # characters; PostgreSQL refuses 2,047 bytes, and nobody types a longer word
LAST_POSITION: Final = 16_383  # PostgreSQL's own bound; what stands later is found, but in no phrase
MOST_POSITIONS: Final = 255  # of one lexeme in one message; PostgreSQL's own bound, too
MOST_JOINED: Final = 8  # parts; longer runs of joined parts are lists rather than words
STEMMED: Final = 10_000  # stems kept in memory: the words of everyday language

# Scripts that are written without spaces between words, and Korean, whose words carry their particles.
UNSPACED: Final = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\u30FC\uFF70]"
)
_TOKEN: Final = regex.compile(
    rf"""
      (?P<unspaced> (?: [{UNSPACED}&&[\p{{L}}\p{{N}}]] [\p{{M}}\p{{Cf}}]* )+ )
    | (?P<word> [[\p{{L}}\p{{N}}]--{UNSPACED}] [[\p{{L}}\p{{N}}\p{{M}}\p{{Cf}}]--{UNSPACED}]* )
    | (?P<symbol> [\p{{So}}\p{{Regional_Indicator}}] [\p{{M}}\p{{Cf}}\p{{Sk}}]* )
    """,
    regex.VERSION1 | regex.VERBOSE,
)
_CLUSTER: Final = regex.compile(r"\P{M}[\p{M}\p{Cf}]*")
_HUMP: Final = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})")  # parts of camelCase
_JOINS: Final = frozenset("-'\u2019\u02bc\u2010\u2011")
_SUFFIX: Final = regex.compile(r"\+\+|#(?!\w)")  # of C++ and C#
_LETTERS: Final = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",
}
_FOLDED_LETTERS: Final = _LETTERS | {"ё": "е", "ـ": "", "ة": "ه", "ى": "ي"}  # what Unicode does not decompose
_ACCENT: Final = re.compile("[\u0300-\u036f\ufe00-\ufe0f]")  # combining accents, variation selectors
_POINTED: Final = ("LATIN", "GREEK", "ARABIC", "HEBREW")  # scripts whose accents and vowel points may be left out


Kind = Literal["word", "pair", "end", "symbol"]  # in scripts without spaces: pairs of characters, the end of the run


class Token(NamedTuple):
    """A word of a text: how the index knows it, and where it stands in the text."""

    word: str
    start: int
    end: int
    also: tuple[str, ...] = ()  # lexemes at the same position: the stem, the joined compound
    kind: Kind = "word"


def vector(text: str) -> str:
    """Return the index of a text, as text for a cast to `tsvector`."""
    plain = text if text.isascii() else text.translate(_TYPED)
    lexemes = _plain_lexemes(plain) if plain.isascii() and not _UNUSUAL.search(plain) else _lexemes(text)
    positions: dict[str, list[str]] = defaultdict(list)
    for lexeme, position in lexemes:
        positions[lexeme].append(str(min(position, LAST_POSITION)))
    return " ".join([f"{quoted(lexeme)}:{','.join(at[:MOST_POSITIONS])}" for lexeme, at in positions.items()])


def _lexemes(text: str) -> Iterator[tuple[str, int]]:
    """Yield each lexeme with its position."""
    for position, token in enumerate(tokens_of(text), 1):
        for lexeme in (token.word, *token.also):
            yield lexeme, position


# Most messages are plain English, for which a quarter of the time is enough: 25 µs for 20 words.
_UNUSUAL: Final = re.compile(r"[a-z][A-Z]|[A-Z][A-Z][a-z]|\+\+|#")  # camelCase, C++, C#
_PLAIN: Final = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")
_TYPED: Final = str.maketrans("\u2019\u02bc\u2010\u2011\u201c\u201d\u2018\u2026\u2013\u2014\u00a0", "''--\"\"     ")


def _plain_lexemes(text: str) -> Iterator[tuple[str, int]]:
    """Do what `_lexemes` does, for ASCII without camelCase. A test compares the two."""
    position = 0
    for run in _PLAIN.findall(text.lower()):
        parts = _JOIN.split(run) if "-" in run or "'" in run else [run]
        if 1 < len(parts) <= MOST_JOINED:
            yield "".join(parts)[:LONGEST_LEXEME], position + 1
        for part in parts:
            position += 1
            word = part[:LONGEST_LEXEME]
            yield word, position
            if (stem := stem_of(word)) != word:
                yield stem, position


_JOIN: Final = re.compile("[-']")


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text in the order in which they stand."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match["word"] is not None:
            found += _words(match["word"], match.start(), text)
        elif match["unspaced"] is not None:
            found += _pairs(match["unspaced"], match.start())
        elif word := fold(match["symbol"]):
            found.append(Token(word, match.start(), match.end(), kind="symbol"))
    return _with_joined(found, text)


def fold(word: str) -> str:
    """Return the word without case, accents, vowel points and invisible characters: people leave them out."""
    return fold_text(word)[:LONGEST_LEXEME]


def fold_text(text: str) -> str:
    """Do what `fold` does, for a text of any length."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().translate(_FOLDED)


class _Folded(dict[int, str]):
    """What each character is folded to; filled as characters are met, of which there are at most 1.1 million."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = folded = _fold_character(character)
        return folded


_FOLDED: Final = _Folded()


def _fold_character(character: str) -> str:
    if character in _FOLDED_LETTERS:
        return _FOLDED_LETTERS[character]
    if (
        unicodedata.category(character) == "Cf"
        or "\u0300" <= character <= "\u036f"
        or "\ufe00" <= character <= "\ufe0f"
    ):
        return ""
    if not unicodedata.name(character, "").startswith(_POINTED):
        return character
    return "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))


def _words(run: str, start: int, text: str) -> Iterator[Token]:
    """Yield the parts of a run of letters and digits."""
    cuts = [0, *(match.start() for match in _HUMP.finditer(run)), len(run)] if _has_humps(run) else [0, len(run)]
    for at, end in pairwise(cuts):
        word = fold(run[at:end])
        if not word:
            continue
        also = (stem,) if (stem := stem_of(word)) != word else ()
        if len(run) == 1 and (suffix := _SUFFIX.match(text, start + 1)):
            yield Token(word + suffix[0], start, suffix.end(), (word,))
        else:
            yield Token(word, start + at, start + end, also)


def _has_humps(run: str) -> bool:
    return not (run.islower() or run.isupper() or run[1:].islower())


def _pairs(run: str, start: int) -> Iterator[Token]:
    """Yield each pair of neighbouring characters, and the last character alone."""
    clusters = [(match.start(), match.end()) for match in _CLUSTER.finditer(run)]
    for (begin, _), (_, end) in pairwise(clusters):
        yield Token(fold(run[begin:end]), start + begin, start + end, kind="pair")
    begin, end = clusters[-1]
    yield Token(fold(run[begin:end]), start + begin, start + end, kind="end")


def _with_joined(tokens: list[Token], text: str) -> list[Token]:
    """Give the first token of each joined compound the whole of it as one more lexeme."""
    at = 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and _is_joined(tokens[end - 1], tokens[end], text):
            end += 1
        if 1 < end - at <= MOST_JOINED:
            whole = "".join(token.word for token in tokens[at:end])[:LONGEST_LEXEME]
            first = tokens[at]
            tokens[at] = first._replace(also=(*first.also, whole))
        at = end
    return tokens


def _is_joined(one: Token, other: Token, text: str) -> bool:
    if one.kind != "word" or other.kind != "word":
        return False
    return one.end == other.start or (other.start - one.end == 1 and text[one.end] in _JOINS)


@lru_cache(maxsize=STEMMED)
def stem_of(word: str) -> str:
    """Return the English stem of a folded word; other scripts and numbers are their own."""
    if not (word.isascii() and word.isalpha()):
        return word
    if not hasattr(_local, "stem"):
        _local.stem = Stemmer.Stemmer("english", 0).stemWord
    return str(_local.stem(word))


_local: Final = threading.local()  # a stemmer belongs to one thread


def quoted(lexeme: str) -> str:
    """Return the lexeme as `tsvector` and `tsquery` read it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
