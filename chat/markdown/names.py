"""Names in a text: where one begins and ends, and what it is shown as.

A handle is ASCII, so any other letter ends it and may stand before its sign. The name of a channel may have letters of
all scripts, with their vowel signs and accents: the longest known one that ends where the text goes on in another
script is meant. Names are compared in NFC and in lower case, as they are stored.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple
from uuid import UUID

import regex

from chat.markdown.characters import tidied

WIDE = frozenset({"here", "channel", "group"})

MAX_NAME = 80  # characters: no name of a channel is longer, and each prefix is looked up


class Mentioned(NamedTuple):
    """A member that a handle resolved to."""

    member: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Mentions:
    """Names that a text may mention, lower-cased: those of `Rendered` and perhaps more."""

    handles: frozenset[str]
    wide: frozenset[str]
    channels: frozenset[str]


def parse_mentions(text: str) -> Mentions:
    """Whom to look up before `render`: a cheap pass over the raw text, which may name a few too many, never too few."""
    handles: set[str] = set()
    channels: set[str] = set()
    for match in _ANY_NAME.finditer(tidied(text)) if "@" in text or "#" in text else ():
        if match["handle"]:
            handles.update(_prefixes(match["handle"].lower()))
        else:
            name = unicodedata.normalize("NFC", match["channel"])
            channels.update(key_of(each) for each in _prefixes(name))
    return Mentions(frozenset(handles - WIDE), frozenset(handles & WIDE), frozenset(channels))


def key_of(name: str) -> str:
    """Return the name of a channel as it is stored and compared."""
    return unicodedata.normalize("NFC", name).lower()


LETTER = r"[\p{L}\p{N}]"
SIGN = r"[\p{L}\p{N}\p{M}\u200C\u200D]"  # a letter, a vowel sign or an accent on it, or what joins and parts letters
_HANDLE = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*"  # as accounts.models.HANDLE has them
_CHANNEL = rf"{LETTER}{SIGN}*(?:[._-]+{LETTER}{SIGN}*)*"
_ANY_NAME = regex.compile(rf"@(?P<handle>{_HANDLE})|#(?P<channel>{_CHANNEL})")
# No mention: an address, both halves of @who@where, a name after a backslash, one whose last letter bears an accent.
_NAME = regex.compile(
    rf"(?<![A-Za-z0-9_@\\])(?:@(?P<handle>(?>{_HANDLE}))(?!_*@|\p{{M}})|#(?P<channel>(?>{_CHANNEL}))(?!_*#))"
)
# Before a sign these make it part of a path, of an address or of an expression: a/@b, a+@b, x=#b.
_JOINS = frozenset("/+&=%$#-")
_SEPARATORS = regex.compile(r"[._-]+")
_BOUNDARIES = regex.compile(
    r"[._-]+|(?<=[\x00-\x7f])(?=[^\x00-\x7f\p{M}\u200C\u200D])|(?<=[^\x00-\x7f])(?=[\x00-\x7f])"
)


def _prefixes(name: str) -> Iterator[str]:
    """`a.b-c`, and `a.b` and `a`: markup that the first pass cannot see may end a name at any separator."""
    if len(name) <= MAX_NAME:
        yield name
    boundaries = _SEPARATORS if name.isascii() else _BOUNDARIES
    for match in boundaries.finditer(name[: MAX_NAME + 1]):
        if match.start():
            yield name[: match.start()]


def signs_of_names(text: str) -> Iterator[int]:
    """Yield where the sign of each name stands."""
    done = -1
    for match in _NAME.finditer(text) if "@" in text or "#" in text else ():
        if _begins(text, match.start(), done):
            yield match.start()
            done = match.end()


def _begins(text: str, start: int, done: int) -> bool:
    """Return whether a name begins at the sign; `done` is the end of the name before it: @ann/@bob are two."""
    before = text[start - 1 : start]
    if before not in _JOINS or not before or start - 1 == done:
        return True
    further = text[start - 2 : start - 1] if start > 1 else " "
    if before in "%$#" or text[start - 1 : start + 1] == "&#":
        return False
    if before == "/":
        return not further.isascii() and further.isalnum()  # "/@bob" is the tail of a path
    return not (further.isascii() and (further.isalnum() or further in _JOINS or further in "._@"))


@dataclass(slots=True)
class Names:
    """What one rendering knows about names, and which it met."""

    members: Mapping[str, Mentioned]
    conversations: Mapping[str, UUID]
    wide_allowed: bool
    handles: set[str] = field(default_factory=set)
    wide: set[str] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)

    def html(self, text: str, *, silent: bool = False) -> str:
        """Return the text, escaped, with resolved names marked up. A `silent` one is shown, but calls nobody."""
        if "@" not in text and "#" not in text:
            return escaped(text)
        return "".join(self._pieces(text, silent=silent))

    def _pieces(self, text: str, *, silent: bool) -> Iterator[str]:
        shown, done = 0, -1
        for match in _NAME.finditer(text):
            start = match.start()
            if start and text[start - 1] in _JOINS and not _begins(text, start, done):
                continue
            done = match.end()
            marked, end = self._member(match, silent=silent) if match["handle"] else self._channel(match)
            if marked:
                yield escaped(text[shown:start])
                yield marked
                shown = end
        yield escaped(text[shown:])

    def _member(self, match: regex.Match[str], *, silent: bool) -> tuple[str, int]:
        handle = match["handle"].lower()
        if handle in WIDE:
            return self._wide(handle, silent=silent), match.end()
        found = self.members.get(handle)
        if not silent:
            self.handles.add(handle)
        if not found:
            return "", match.end()
        css = "mention mention-silent" if silent else "mention"
        return f'<span class="{css}" data-member="{found.member}">@{_display(found.name)}</span>', match.end()

    def _wide(self, handle: str, *, silent: bool) -> str:
        if silent:
            return ""
        self.wide.add(handle)
        return f'<span class="mention mention-wide">@{handle}</span>' if self.wide_allowed else ""

    def _channel(self, match: regex.Match[str]) -> tuple[str, int]:
        name = match["channel"]
        self.channels.add(key_of(name))
        for end in _ends(name):
            if found := self.conversations.get(key_of(name[:end])):
                self.channels.add(key_of(name[:end]))
                shown = escaped(name[:end])
                html = f'<a class="channel" data-conversation="{found}">#{shown}</a>'
                return html, match.start("channel") + end
        return "", match.end()


def _ends(name: str) -> Iterator[int]:
    """Yield where the name of a channel may end, the last first: at its end, or where the script changes."""
    yield len(name)
    if not name.isascii():
        short = name[: MAX_NAME + 1]
        changes = [match.start() for match in _BOUNDARIES.finditer(short) if match.start() == match.end()]
        yield from reversed(changes)


def _display(name: str) -> str:
    return escaped(" ".join(tidied(name).split()))


def escaped(text: str) -> str:
    """Return HTML for text between tags, where quotes are only quotes; the same as the sanitizer writes."""
    return escape(text, quote=False)
