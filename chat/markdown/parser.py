"""The parser: markdown-it with the rules of this package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, autolink, backtick, emphasis, link, strikethrough
from markdown_it.token import Token
from markdown_it.utils import EnvType

from chat.markdown import backslashes
from chat.markdown.addresses import bare_link, linked, may_hold_address
from chat.markdown.blocks import MAX_BLOCK_DEPTH, mark_quotes, number_items, use_blocks
from chat.markdown.characters import is_drawn
from chat.markdown.emphasis import InlineState
from chat.markdown.names import Names
from chat.markdown.renderer import SANITIZER, Renderer

# Emphasis within emphasis; ten thousand asterisks would otherwise become a tree that browsers cut at 512 levels.
MAX_INLINE_DEPTH = 8


class Inline(ParserInline):
    """The library's parser of inline text with a state of ours."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = InlineState(src, md, env, tokens)
        state.verbatim = backslashes.verbatim(src)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def build_parser() -> MarkdownIt:
    parser = MarkdownIt("default", {"breaks": True, "maxNesting": MAX_BLOCK_DEPTH + 2}, renderer_cls=Renderer)
    parser.inline = Inline()
    parser.disable(["code", "html_block", "lheading", "reference", "entity", "html_inline"])
    # Without text_join escaped characters stay tokens of their own, and `\\@bob` mentions nobody.
    parser.disable(["replacements", "smartquotes", "text_join"])
    use_blocks(parser)
    _use_inline(parser)
    parser.core.ruler.at("linkify", _find_addresses)
    parser.core.ruler.after("linkify", "settle", _settle)
    parser.core.ruler.after("settle", "number", number_items)
    parser.validateLink = _is_allowed_link  # type: ignore[method-assign]
    # Rule chains are compiled at the first use, and not under a lock.
    parser.render("a@b.c http://a.b \\*\n- *a*\n\n|a|\n|-|\n", {"names": Names({}, {}, wide_allowed=False)})
    return parser


def _use_inline(parser: MarkdownIt) -> None:
    pairs, enclosing = backslashes.pairs, backslashes.enclosing
    ruler = parser.inline.ruler
    ruler.at("escape", backslashes.backslash)
    ruler.at("linkify", enclosing(bare_link, ":", backslashes.note_scheme))
    ruler.at("backticks", enclosing(backtick, "`", backslashes.note_code))
    ruler.at("strikethrough", pairs(strikethrough.tokenize, "~"))
    ruler.at("emphasis", pairs(emphasis.tokenize, "*_"))
    ruler.at("link", enclosing(link, "[", backslashes.note_link))
    ruler.at("image", enclosing(_image_as_link, "!", backslashes.note_link))
    ruler.at("autolink", enclosing(autolink, "<", backslashes.note_autolink))


def _image_as_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """`![alt](url)` links to the picture: showing it would show a stranger's server who reads when."""
    if not state.src.startswith("![", state.pos):
        return False
    state.pos += 1
    if link(state, silent):
        return True
    state.pos -= 1
    return False


# Absolute, since a relative link would lead into the reader's own organization; without a user name, which deceives.
_LINK = re.compile(r"https?://[^/?#@\s]+(?:[/?#]|\Z)|mailto:[^@\s]+@[^@\s]", re.IGNORECASE)


def _is_allowed_link(url: str) -> bool:
    """What the sanitizer would refuse stays text: otherwise a link that leads nowhere would be left."""
    return bool(_LINK.match(url)) and " href=" in SANITIZER.clean(f'<a href="{escape(url)}">')


def _find_addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and may_hold_address(block.content):
            block.children = list(linked(block.children or [], state))


def _settle(state: StateCore) -> None:
    """After links are found: bound the nesting, flatten links in links, and mark the texts in which names count."""
    for block, is_quoted in mark_quotes(state):
        names = {"names": "silent" if is_quoted else "calling"}
        children = block.children or []
        if not state.env.get("is_ascii"):  # ASCII has no letter that is not drawn
            _show_empty(children)
        block.children = list(_settled(children, names))


def _show_empty(tokens: list[Token]) -> None:
    """Turn emphasis and code in which nothing is drawn into text, in place: the signs are all there is to see."""
    opened: list[tuple[int, bool]] = []
    is_content = False
    for at, token in enumerate(tokens):
        if token.nesting == 1:
            opened.append((at, is_content))
            is_content = False
        elif token.nesting == -1:
            start, was_content = opened.pop()
            if not is_content and token.type != "link_close":
                tokens[start], tokens[at] = _text(token.markup), _text(token.markup)
                is_content = True
            is_content = is_content or was_content
        elif token.type == "code_inline" and not is_drawn(token.content):
            tokens[at] = _text(f"{token.markup}{token.content}{token.markup}")
            is_content = True
        else:
            is_content = is_content or is_drawn(token.content)


def _settled(tokens: list[Token], names: dict[str, str]) -> Iterator[Token]:
    opened: list[str | None] = []
    link_text: list[Token] | None = None
    href = ""
    for token in tokens:
        instead = _instead(token, opened, in_link=link_text is not None)
        if token.type == "text" and link_text is None:
            token.meta = names
        if instead is not None:
            token = _text(instead)  # noqa: PLW2901
        elif token.type == "link_open":
            link_text, href = [], str(token.attrs["href"])
        elif token.type == "link_close":
            yield from () if _is_visible(link_text or []) else (_text(href),)
            link_text = None
        if link_text is not None:
            link_text.append(token)
        yield token


def _instead(token: Token, opened: list[str | None], *, in_link: bool) -> str | None:
    """What is shown in the place of a tag that must go, or None; `opened` stacks the answers for the other ends."""
    if token.nesting != 1:
        return opened.pop() if token.nesting else None
    start, end = token.markup, token.markup
    if token.type == "link_open":
        # A link to nowhere is code: handlers[name]()
        start, end = ("", "") if token.attrs["href"] else ("[", "]()")
        fits = not in_link and not start
    else:
        fits = len(opened) < MAX_INLINE_DEPTH
    opened.append(None if fits else end)
    return None if fits else start


def _is_visible(tokens: list[Token]) -> bool:
    return any(is_drawn(token.content) for token in tokens)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


PARSER = build_parser()
