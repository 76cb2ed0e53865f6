"""Excerpts of found messages: plain text in pieces, with what matched marked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from chat.lexemes import tokens_of
from chat.queries.terms import Query

WHOLE: Final = 200  # characters: a text up to this length is shown as it is, nothing left out
LONGEST: Final = 300  # characters of a longer text that are shown
AROUND: Final = 60  # characters shown on either side of a match in a longer text
GAP: Final = " … "  # stands for what is left out

Span = tuple[int, int]


class Piece(Struct, frozen=True):
    """A stretch of the excerpt; `hit` where it matched."""

    text: str
    hit: bool


def excerpt(text: str, query: Query) -> list[Piece]:
    """Return the whole of a short text, and of a longer one the beginning or what stands around the matches."""
    tokens = tokens_of(text) if query.terms else []
    hits = _merged(span for term in query.terms for span in term.spans(tokens))
    pieces: list[Piece] = []
    end = 0
    for start, stop in _windows(text, hits):
        if start > end:
            pieces.append(Piece(GAP if pieces else GAP.lstrip(), hit=False))
        pieces += _pieces(text, (start, stop), hits)
        end = stop
    if end < len(text):
        pieces.append(Piece(GAP.rstrip(), hit=False))
    return pieces


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Sort the spans and join those that overlap."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _windows(text: str, hits: list[Span]) -> list[Span]:
    """Return which stretches of the text are shown, together about `LONGEST` characters."""
    if len(text) <= WHOLE:
        return [(0, len(text))]
    if not hits:
        return [(0, _before(text, LONGEST))]
    windows: list[Span] = []
    for start, end in hits:
        window = (_after(text, start - AROUND), _before(text, end + AROUND))
        if windows and window[0] <= windows[-1][1]:
            windows[-1] = (windows[-1][0], window[1])
        elif sum(stop - begin for begin, stop in windows) < LONGEST:
            windows.append(window)
        if windows[-1][1] - windows[0][0] >= LONGEST:
            break
    return windows


def _after(text: str, at: int) -> int:
    """Move forward to the beginning of a word, if one is near."""
    if at <= 0:
        return 0
    space = text.find(" ", at, at + AROUND // 2)
    return at if space < 0 else space + 1


def _before(text: str, at: int) -> int:
    """Move back to the end of a word, if one is near."""
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", at - AROUND // 2, at)
    return at if space < 0 else space


def _pieces(text: str, window: Span, hits: list[Span]) -> list[Piece]:
    at, stop = window
    pieces = []
    for start, end in hits:
        if end <= at or start >= stop:
            continue
        if start > at:
            pieces.append(Piece(text[at:start], hit=False))
        pieces.append(Piece(text[max(start, at) : min(end, stop)], hit=True))
        at = min(end, stop)
    if at < stop:
        pieces.append(Piece(text[at:stop], hit=False))
    return pieces
