"""Where an address begins and where it ends.

Addresses begin with `http://`, `https://`, `www.` or `mailto:`, or are name@host. Hosts alone are not guessed, for that
would make links of `readme.md` and `setup.py`. linkify-it finds the addresses; this module decides where they end:
punctuation of any script ends an address, letters of any script do not, and markup that was opened before an address is
closed after it. The text of a link is what was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

from linkify_it import LinkifyIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.markdown.characters import is_word

# Longer runs without a space are no links: the pattern for paths is quadratic in brackets (10,000: 125 ms).
MAX_URL = 2_048
# Signs of emphasis before an address among which the one that it closes is looked for.
MAX_LOOKBACK = 64

_LONG_RUN = re.compile(rf"\S{{{MAX_URL + 1}}}")
_SCHEME = re.compile(r"(?<![a-z0-9.+-])https?://", re.IGNORECASE)
_HTTP: Any = LinkifyIt(options={"fuzzy_link": False, "fuzzy_email": False})


class Address(NamedTuple):
    start: int
    end: int
    href: str


def bare_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Parse an address with a scheme, asked at its `://`, before anything in it is taken for markup."""
    position = state.pos
    if silent or state.linkLevel or not state.src.startswith("://", position):
        return False
    start = next((at for at in (position - 5, position - 4) if at >= 0 and _SCHEME.match(state.src, at)), -1)
    if start < 0 or _LONG_RUN.match(state.src, position):
        return False
    end = _end_of(state.src, start, _opened(state))
    if end <= position + 3 or not (href := _href(state, state.src[start:end])):
        return False
    state.pending = state.pending[: start - position]
    _push_link(state, href, state.src[start:end])
    state.pos = end
    return True


def _href(state: StateInline, url: str) -> str:
    href = state.md.normalizeLink(url)
    return href if state.md.validateLink(href) else ""


def _push_link(state: StateInline, href: str, text: str) -> None:
    state.push("link_open", "a", 1).attrs = {"href": href}
    state.push("text", "", 0).content = text
    state.push("link_close", "a", -1)


def _opened(state: StateInline) -> dict[str, int]:
    """Return how many signs of each kind were opened before and are not closed yet."""
    opened = dict.fromkeys("*_~", 0)
    for each in state.delimiters[-MAX_LOOKBACK:]:
        sign = chr(each.marker)
        if each.close and opened[sign]:
            opened[sign] -= 1
        elif each.open:
            opened[sign] += 1
    return opened


def may_hold_address(text: str) -> bool:
    """Return whether `find_addresses` should have a look."""
    return "@" in text or "ww." in text or "WW." in text


def find_addresses(text: str) -> Iterator[Address]:
    """Yield the addresses that have no scheme, and those of mail; `bare_link` has found the others."""
    done = 0
    for match in _UNSCHEMED.finditer(text) if may_hold_address(text) else ():
        if match.start() < done:
            continue
        if match["www"]:
            done = _end_of_www(text, match.start())
            if done > match.end():
                yield Address(match.start(), done, f"http://{text[match.start() : done]}")
        else:
            done = match.end()
            written = match[0]
            yield Address(match.start(), done, written if match["mailto"] else f"mailto:{written}")


# The last label of a host is ASCII or it is not: in bob@acme.com谢谢 the host is acme.com.
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP = r"xn--[A-Za-z0-9-]{1,59}|[A-Za-z]{2,63}(?![A-Za-z0-9_@-])|[^\W\d_a-zA-Z]{2,63}(?![\w@-])"
_HOST = rf"(?:{_LABEL}\.)+(?:{_TOP})"
_UNSCHEMED = re.compile(
    rf"(?<![A-Za-z0-9_@/\\.+-])(?:(?P<www>www\.(?=[^\W_]))"
    rf"|(?P<mailto>mailto:)?[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{{0,62}}[A-Za-z0-9_+-])?@{_HOST}(?!:[^\s:]))",
    re.IGNORECASE,
)


def _end_of_www(text: str, start: int) -> int:
    """Return where the address ends that begins with `www.`, or its start if there is none: a host has two dots."""
    if _LONG_RUN.match(text, start):
        return start
    url = f"http://{text[start : start + MAX_URL]}"
    end = _end_of(url, 0, {}) - len("http://")
    host = re.split("[/?#:]", text[start : start + end], maxsplit=1)[0]
    return start + end if host.count(".") > 1 else start


def _end_of(text: str, start: int, opened: dict[str, int]) -> int:
    """Return where the address ends that has its scheme at `start`, or `start` if there is no host."""
    found = _HTTP.match_at_start(text[start : start + MAX_URL])
    if found is None:
        return start
    url: str = found.raw
    url = url[: _end_of_script(url)]
    url = url[: _end_of_markup(url, opened)]
    return start + _end_of_sentence(url, opened)


_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_MIXED_END = re.compile(r"\.[A-Za-z]{2,63}(?=[^\x00-\x7f][^.]*\Z)")


def _end_of_script(url: str) -> int:
    """Return where punctuation or another script's letter after the host's end ends the address."""
    authority = _AUTHORITY.match(url)
    if authority and (mixed := _MIXED_END.search(authority[0])):
        return mixed.end()
    if url.isascii():
        return len(url)
    return next((at for at, character in enumerate(url) if character > "\x7f" and _ends(url, at)), len(url))


# What joins two words or two parts of a name: ’ as in English, hyphens, and the dots of Catalan, Japanese and Tibetan.
_JOINERS = frozenset("’\u00ad\u00b7\u058a\u05be\u0f0b\u200c\u200d\u2010\u2011\u2013\u2027\u30fb")


def _ends(url: str, at: int) -> bool:
    """Return whether a character that is not ASCII ends the address: punctuation that joins no letters of one kind."""
    character = url[at]
    if character in _JOINERS:
        before, after = url[at - 1], url[at + 1 : at + 2]
        is_within = bool(after) and is_word(before) and is_word(after) and before.isascii() == after.isascii()
        return not is_within or _SCHEME.match(url, at + 1) is not None
    category = unicodedata.category(character)
    return category[0] in "PZ" or category in ("Sc", "Sk", "Sm", "Cf") or "\uff01" <= character <= "\uff0f"


def _end_of_markup(url: str, opened: dict[str, int]) -> int:
    """Return where the address ends if emphasis or strikethrough was opened before it."""
    signs = []
    if opened.get("~"):
        signs.append("~~")
    if asterisks := opened.get("*"):
        signs.append("**" if asterisks % 2 == 0 else "*")
    return min((at for sign in signs if (at := url.find(sign)) >= 0), default=len(url))


_TRAILING = re.compile(r"(?:[?!.,:;*'\"~|]|(?<=[^=&])&)+\Z")
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def _end_of_sentence(url: str, opened: dict[str, int]) -> int:
    """Return the length without what belongs to the sentence: punctuation, single brackets, the `_` of emphasis."""
    length = -1
    while length != len(url):
        length = len(url)
        url = url[: _balanced(url)]
        url = _TRAILING.sub("", url)
        if opened.get("_") and url.endswith("_"):
            url = url[: -min(opened["_"], len(url) - len(url.rstrip("_")))]
    return length


def _balanced(url: str) -> int:
    """Return where the first bracket stands that has no other half, or the length."""
    expected: list[tuple[str, int]] = []
    for at, character in enumerate(url):
        if character in "([{":
            expected.append((character, at))
        elif opening := _BRACKETS.get(character):
            if not expected or expected[-1][0] != opening:
                return at
            expected.pop()
    return expected[0][1] if expected else len(url)


def linked(tokens: list[Token], state: Any) -> Iterator[Token]:
    """Yield the tokens of a text, with links for the addresses in it that stand outside of links."""
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type in ("link_open", "link_close") else 0
        if depth or token.type != "text":
            yield token
            continue
        yield from _split(token, state)


def _split(token: Token, state: Any) -> Iterator[Token]:
    text, shown = token.content, 0
    for address in find_addresses(text):
        href = state.md.normalizeLink(address.href)
        if not state.md.validateLink(href):
            continue
        if address.start > shown:
            yield Token("text", "", 0, content=text[shown : address.start])
        yield Token("link_open", "a", 1, attrs={"href": href})
        yield Token("text", "", 0, content=text[address.start : address.end])
        yield Token("link_close", "a", -1)
        shown = address.end
    if shown == 0:
        yield token
    elif shown < len(text):
        yield Token("text", "", 0, content=text[shown:])
