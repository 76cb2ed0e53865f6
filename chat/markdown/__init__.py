"""Message text to safe HTML, once, on write: pure functions, no database.

chat/MARKDOWN.md says which rules of CommonMark and GFM a chat leaves, and why. In short: what was written is what is
shown. A newline is a `<br>`; there are strikethrough, tables and bare links. There are no raw HTML, entities, images
(they become links), reference definitions (they would vanish), indented code and underlined headings.

Three nets against script: the parser emits no markup of the author's, links are checked when they are made, and nh3 has
the last word with a closed list of tags, attributes, classes and URL schemes.

Shapes that the page may rely on: `span.mention[data-member]`, `span.mention.mention-silent[data-member]` (in a quote:
it calls nobody), `span.mention.mention-wide`, `a.channel[data-conversation]` without `href`,
`pre.code[data-language] > code`, `a[href][rel][target]`, `h3`..`h6`, `li[value]`, `th` and `td` with `.align-center` or
`.align-right`. Names in it are those of the time of writing: a client shows the present name of the id instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from chat.markdown.addresses import MAX_URL
from chat.markdown.characters import is_drawn, tidied
from chat.markdown.names import WIDE, Mentioned, Mentions, Names, escaped, parse_mentions
from chat.markdown.parser import PARSER
from chat.markdown.renderer import SANITIZER

__all__ = ["MAX_URL", "WIDE", "Mentioned", "Mentions", "Rendered", "parse_mentions", "render"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """Safe HTML, and the names written where they count (not in quotes, code, links or addresses), lower-cased.

    `handles` and `channels` are candidates: they may belong to nobody. `wide` is a subset of `WIDE`.
    """

    html: str
    handles: frozenset[str]
    wide: frozenset[str]
    channels: frozenset[str]


def render(
    text: str,
    *,
    mentions: Mapping[str, Mentioned] = {},
    channels: Mapping[str, UUID] = {},
    wide_allowed: bool = False,
) -> Rendered:
    """Render a message. Never raises, whatever the text; time is bounded by its length (see the limits above).

    `mentions` maps lower-cased handles to members, `channels` lower-cased names to public ids of conversations that
    the writer may know of; all other names stay plain text, as does `@here` and its like unless `wide_allowed`.
    """
    names = Names(mentions, channels, wide_allowed)
    html = _plain_html(text, names) if is_plain(text) else _markdown_html(text, names)
    return Rendered(html, frozenset(names.handles), frozenset(names.wide), frozenset(names.channels))


# Plain text is most of what people write. What these patterns let through, the parser would leave alone (a property
# test says so), hence the parser need not be asked. When in doubt they say no.
_SPECIAL = re.compile(
    "[\x00-\x09\x0b-\x1f`*_~\\[\\]\\\\<|\x7f-\xa0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000\ud800-\udfff]"
)
_STARTS_BLOCK = r"(?:[ >+-]|#{1,6}(?:[ \n]|\Z)|\d{1,9}[.)])"
_FIRST_LINE = re.compile(rf"\n|{_STARTS_BLOCK}")
_LATER_LINE = re.compile(rf"\n{_STARTS_BLOCK}")
# The character before an @ that may make it an e-mail address.
_ADDRESS = re.compile(r"[^ \n(]@")


def is_plain(text: str) -> bool:
    """Return whether the text is certainly without markup and addresses."""
    return not (
        _SPECIAL.search(text)
        or _FIRST_LINE.match(text)
        or text[-1:] in ("", " ", "\n")
        or ("\n" in text and (" \n" in text or _LATER_LINE.search(text)))
        or "://" in text
        or "ww." in text
        or "WW." in text
        or ("@" in text and _ADDRESS.search(text))
    )


def _plain_html(text: str, names: Names) -> str:
    html = names.html(text)
    if "\n" in html:
        html = "</p>\n<p>".join(part.replace("\n", "<br>\n") for part in _BLANK_LINES.split(html))
    return f"<p>{html}</p>"


_BLANK_LINES = re.compile(r"\n\n+")


def _markdown_html(text: str, names: Names) -> str:
    text = tidied(text)
    env = {"names": names, "is_ascii": text.isascii()}
    html: str = SANITIZER.clean(PARSER.render(text, env).removesuffix("\n"))
    if not _SHOWN.search(html) and is_drawn(text) and not is_drawn(_TAG.sub("", html)):
        return f"<p>{escaped(text)}</p>"  # whatever the markup was, somebody wrote something
    return html


_TAG = re.compile("<[^>]*>")
_SHOWN = re.compile(">[^<]*?[!-~]|<hr>")  # in most messages its first letter
