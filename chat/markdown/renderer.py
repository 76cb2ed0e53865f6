"""Tokens to HTML, and the sanitizer that has the last word."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import nh3
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from chat.markdown import code
from chat.markdown.names import Names, escaped


class Renderer(RendererHTML):
    """Token types that are written differently from the library's defaults."""

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        names: Names = env["names"]
        if "names" not in token.meta:
            return escaped(token.content)
        return names.html(token.content, silent=token.meta["names"] == "silent")

    def text_special(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return escaped(tokens[idx].content)

    def signs(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        html = escaped(tokens[idx].content).replace("\n", "<br>\n")
        return f"<p>{html}</p>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # No title: hovering must show where a link leads.
        href = escape(str(tokens[idx].attrs["href"]))
        return f'<a href="{href}" rel="{_REL}" target="_blank">'

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<{_small_heading(tokens[idx])}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{_small_heading(tokens[idx])}>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<th{_alignment(tokens[idx])}>"

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<td{_alignment(tokens[idx])}>"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        language, content = code.language(token.info), token.content
        if not language and token.info.strip():
            content = f"{token.info.strip()}\n{content}"  # whatever stands after the fence was written to be read
        label = f' data-language="{escape(language)}"' if language else ""
        return f'<pre class="code"{label}><code>{code.highlighted(content, language, env)}</code></pre>\n'


_REL = "noopener noreferrer nofollow"


def _small_heading(token: Token) -> str:
    """h1 to h6 as h3 to h6: the page has headings of its own above the message."""
    return f"h{min(int(token.tag[1]) + 2, 6)}"


def _alignment(token: Token) -> str:
    style = str(token.attrs.get("style", ""))
    return f' class="align-{style.removeprefix("text-align:")}"' if style.endswith(("center", "right")) else ""


_BLOCKS = {
    "blockquote",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
SANITIZER = nh3.Cleaner(
    tags={"a", "br", "code", "em", "s", "span", "strong", *_BLOCKS},
    clean_content_tags=set(),
    attributes={
        "a": {"href", "data-conversation"},
        "li": {"value"},
        "ol": {"start"},
        "pre": {"data-language"},
        "span": {"data-member"},
    },
    tag_attribute_values={"a": {"rel": {_REL}, "target": {"_blank"}}},
    allowed_classes={
        "a": {"channel"},
        "pre": {"code"},
        "span": {"mention", "mention-silent", "mention-wide", *code.CLASSES},
        "td": {"align-center", "align-right"},
        "th": {"align-center", "align-right"},
    },
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel=None,
)
