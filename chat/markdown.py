"""Message text to safe HTML, once, on write: pure functions, no database.

The flavour is CommonMark without what surprises in a chat. A newline is a `<br>`; there are strikethrough, tables and
bare links; there is no raw HTML, no entities, no images (they become links), no reference definitions (they would
vanish), no indented code and no underlined headings.
Three nets against script: the parser emits no markup of the author's, links are checked when they are made, and nh3 has
the last word with a closed list of tags, attributes, classes and URL schemes.

Shapes that the page may rely on: `span.mention[data-member]`, `span.mention.mention-wide`,
`a.channel[data-conversation]` without `href`, `pre.code[data-language] > code`, `a[href][rel][target]`, `h3`..`h6`,
`th` and `td` with `.align-center` or `.align-right`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any, NamedTuple
from uuid import UUID

import nh3
import pygments
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, paragraph, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, link, linkify
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import STANDARD_TYPES

WIDE = frozenset({"here", "channel", "group"})

# Quotes may nest this deep, lists half as deep; what lies deeper is shown as text. Each level scans its lines again.
MAX_BLOCK_DEPTH = 10
# Emphasis within emphasis; ten thousand asterisks would otherwise become a tree that browsers cut at 512 levels.
MAX_INLINE_DEPTH = 8
# Cells of all tables in a message: four characters of text can make a hundred empty cells.
MAX_CELLS = 2_000
# Longer runs without a space are no links: the pattern for paths is quadratic in brackets (10,000: 125 ms).
MAX_URL = 2_048
# Characters of code highlighted in one message. Pygments' patterns backtrack: the worst input found for the languages
# below takes 94 ms at this size and grows with the square. More than this is a file, and stays readable without colour.
MAX_HIGHLIGHTED = 2_000
# C-like lexers are quadratic in runs of white space (2,000: 270 ms).
_WIDE_GAP = re.compile(r"\s{80}")

# Closed, because any other name would let the author choose among 500 lexers, some with exponential patterns (Scala: a
# quote and 30 backslashes take 0.2 s, 40 take 20 s).
_LANGUAGES = frozenset({
    "bash", "batch", "c", "clojure", "cmake", "console", "cpp", "csharp", "css", "dart", "diff", "docker", "elixir",
    "erlang", "fsharp", "go", "graphql", "haskell", "html", "http", "ini", "java", "javascript", "json", "jsx", "julia",
    "kotlin", "latex", "lua", "make", "nginx", "nix", "ocaml", "perl", "php", "powershell", "protobuf", "pycon",
    "python", "pytb", "r", "ruby", "rust", "scss", "sql", "swift", "terraform", "toml", "tsx", "typescript", "vim",
    "vue", "xml", "yaml", "zig",
})  # fmt: skip
# These lexers are slower than the rest: smaller limits for the same time.
_SLOW_LANGUAGES = {"csharp": 800, "terraform": 1_000}
_ALIASES = {
    "c#": "csharp", "c++": "cpp", "cs": "csharp", "dockerfile": "docker", "f#": "fsharp", "golang": "go",
    "hcl": "terraform", "hs": "haskell", "js": "javascript", "kt": "kotlin", "makefile": "make", "patch": "diff",
    "proto": "protobuf", "ps1": "powershell", "pwsh": "powershell", "py": "python", "py3": "python",
    "python3": "python", "rb": "ruby", "rs": "rust", "sh": "bash", "shell": "bash", "shell-session": "console",
    "tex": "latex", "tf": "terraform", "ts": "typescript", "yml": "yaml", "zsh": "bash",
}  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Rendered:
    """Safe HTML, and the names written where they count (not in code, links or addresses), lower-cased.

    `handles` and `channels` are candidates: they may belong to nobody. `wide` is a subset of `WIDE`.
    """

    html: str
    handles: frozenset[str]
    wide: frozenset[str]
    channels: frozenset[str]


@dataclass(slots=True)
class _Names:
    """What one rendering knows about names, and which it met."""

    members: Mapping[str, Mentioned]
    conversations: Mapping[str, UUID]
    wide_allowed: bool
    handles: set[str] = field(default_factory=set)
    wide: set[str] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)

    def html(self, text: str) -> str:
        """The text, escaped, with resolved names marked up."""
        if "@" not in text and "#" not in text:
            return _escaped(text)
        return "".join(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        done = 0
        for match in _NAME.finditer(text):
            if marked := self._marked(match):
                yield _escaped(text[done : match.start()])
                yield marked
                done = match.end()
        yield _escaped(text[done:])

    def _marked(self, match: re.Match[str]) -> str:
        if match["channel"]:
            return self._channel(match["channel"])
        handle = match["handle"].lower()
        if handle in WIDE:
            self.wide.add(handle)
            return f'<span class="mention mention-wide">@{handle}</span>' if self.wide_allowed else ""
        self.handles.add(handle)
        found = self.members.get(handle)
        return f'<span class="mention" data-member="{found.member}">@{_display(found.name)}</span>' if found else ""

    def _channel(self, name: str) -> str:
        self.channels.add(name.lower())
        found = self.conversations.get(name.lower())
        return f'<a class="channel" data-conversation="{found}">#{_escaped(name)}</a>' if found else ""


def parse_mentions(text: str) -> Mentions:
    """Whom to look up before `render`: a cheap pass over the raw text, which may name a few too many, never too few."""
    handles: set[str] = set()
    channels: set[str] = set()
    for match in _ANY_NAME.finditer(_tidied(text)) if "@" in text or "#" in text else ():
        (handles if match["sign"] == "@" else channels).update(_prefixes(match["name"].lower()))
    return Mentions(frozenset(handles - WIDE), frozenset(handles & WIDE), frozenset(channels))


def render(
    text: str,
    *,
    mentions: Mapping[str, Mentioned] = {},
    channels: Mapping[str, UUID] = {},
    wide_allowed: bool = False,
) -> Rendered:
    """Render a message. Never raises, whatever the text; time is bounded by its length (see the limits above).

    `mentions` maps lower-cased handles to members, `channels` lower-cased names to public ids of conversations that
    every reader may know of; all other names stay plain text, as does `@here` and its like unless `wide_allowed`.
    """
    names = _Names(mentions, channels, wide_allowed)
    html = _plain_html(text, names) if _is_plain(text) else _markdown_html(text, names)
    return Rendered(html, frozenset(names.handles), frozenset(names.wide), frozenset(names.channels))


# Handles as accounts.models.HANDLE has them. No mention: an address, the tail of a path, the first half of @who@where.
_NAME = re.compile(
    r"(?<![\w@/+&=%$#-])(?:@(?P<handle>(?>[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*))(?![\w@])"
    r"|#(?P<channel>(?>[^\W_]+(?:[._-]+[^\W_]+)*))(?![\w#]))"
)
_ANY_NAME = re.compile(r"(?P<sign>[@#])(?P<name>[^\W_]+(?:[._-]+[^\W_]+)*)")
_SEPARATORS = re.compile(r"[._-]+")


def _prefixes(name: str) -> Iterator[str]:
    """`a.b-c`, and `a.b` and `a`: markup that the first pass cannot see may end a name at any separator."""
    yield name
    for match in _SEPARATORS.finditer(name):
        yield name[: match.start()]


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
_LONG_RUN = re.compile(rf"\S{{{MAX_URL + 1}}}")


def _is_plain(text: str) -> bool:
    return not (
        _SPECIAL.search(text)
        or _FIRST_LINE.match(text)
        or text[-1:] in ("", " ", "\n")
        or ("\n" in text and (" \n" in text or _LATER_LINE.search(text)))
        or "://" in text
        or ("@" in text and _ADDRESS.search(text))
    )


def _plain_html(text: str, names: _Names) -> str:
    html = names.html(text)
    if "\n" in html:
        html = "</p>\n<p>".join(part.replace("\n", "<br>\n") for part in _BLANK_LINES.split(html))
    return f"<p>{html}</p>"


_BLANK_LINES = re.compile(r"\n\n+")


def _markdown_html(text: str, names: _Names) -> str:
    html: str = _PARSER.render(_tidied(text), {"names": names})
    return _SANITIZER.clean(html.removesuffix("\n"))


# Unicode's line ends, of other systems and of word processors.
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Embeddings, overrides and isolates reorder what others read: "exe.gpj" becomes "jpg.exe", code says what it does not
# do (CVE-2021-42574). They are dropped, here and in code, since left open they reach beyond the name or cell they stand
# in; a page with `dir="auto"` needs none of them. The marks (U+200E, U+200F, U+061C) move only themselves and stay.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Control characters are no HTML, lone surrogates no UTF-8.
_BROKEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UNTIDY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _tidied(text: str) -> str:
    if not _UNTIDY.search(text):
        return text
    return _BROKEN.sub("\ufffd", _REORDERING.sub("", _LINE_ENDS.sub("\n", text)))


def _display(name: str) -> str:
    return _escaped(" ".join(_tidied(name).split()))


def _escaped(text: str) -> str:
    """For text between tags, where quotes are only quotes; the same as the sanitizer writes."""
    return escape(text, quote=False)


class _Renderer(RendererHTML):
    """Token types that are written differently from the library's defaults."""

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        names: _Names = env["names"]
        return names.html(token.content) if token.meta.get("names") else _escaped(token.content)

    def text_special(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _escaped(tokens[idx].content)

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
        language = _language(token.info)
        label = f' data-language="{escape(language)}"' if language else ""
        return f'<pre class="code"{label}><code>{_highlighted(token.content, language, env)}</code></pre>\n'


_REL = "noopener noreferrer nofollow"


def _small_heading(token: Token) -> str:
    """h1 to h6 as h3 to h6: the page has headings of its own above the message."""
    return f"h{min(int(token.tag[1]) + 2, 6)}"


def _alignment(token: Token) -> str:
    style = str(token.attrs.get("style", ""))
    return f' class="align-{style.removeprefix("text-align:")}"' if style.endswith(("center", "right")) else ""


_LANGUAGE = re.compile(r"[a-z0-9+#._-]{1,30}")


def _language(info: str) -> str:
    """The first word after the fence as a known language's name, or as written when it can be shown, or nothing."""
    written = info.strip().lower().partition(" ")[0]
    return _ALIASES.get(written, written) if _LANGUAGE.fullmatch(written) else ""


def _highlighted(code: str, language: str, env: EnvType) -> str:
    spent = env.get("highlighted", 0) + len(code)
    limit = _SLOW_LANGUAGES.get(language, MAX_HIGHLIGHTED)
    if language not in _LANGUAGES or spent > limit or _WIDE_GAP.search(code):
        return _escaped(code)
    env["highlighted"] = spent
    # A lexer of its own for each text: some keep state in the instance, and this runs in many threads.
    tokens = list(_lexer_class(language)(stripnl=False, ensurenl=False).get_tokens(code))
    # Some lexers swallow text, as that of Terraform does at a here-document without an end.
    if "".join(text for _, text in tokens) != code:
        return _escaped(code)
    return pygments.format(tokens, _FORMATTER)


@cache
def _lexer_class(language: str) -> type[Lexer]:
    return find_lexer_class_by_name(language)


_FORMATTER = HtmlFormatter(nowrap=True)


def _too_deep(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
    """Beyond the depth everything is a paragraph. The library's own limit would drop the text."""
    return not silent and state.level >= MAX_BLOCK_DEPTH and paragraph(state, start_line, end_line, silent)


def _bounded_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
    """A table as long as the message has cells left; the rows after that are text."""
    if start_line + 2 > end_line:
        return False
    columns = state.src.count("|", state.bMarks[start_line + 1], state.eMarks[start_line + 1]) + 1
    rows = (MAX_CELLS - state.env.get("cells", 0)) // columns
    if rows < 2 or not table(state, start_line, min(end_line, start_line + 1 + rows), silent):
        return False
    if not silent:
        state.env["cells"] = state.env.get("cells", 0) + columns * (state.line - start_line - 1)
    return True


_SCHEME = re.compile(r"(?<![a-z0-9.+-])https?://", re.IGNORECASE)


def _bare_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """The library's rule, asked only where a link can be: it searches all pending text at every `://`."""
    start = state.pos
    if silent or not state.src.startswith("://", start):
        return False
    if not (_SCHEME.match(state.src, start - 4) or _SCHEME.match(state.src, max(start - 5, 0))):
        return False
    if len(state.pending) > 6:  # the scheme and the character before it
        state.pending, scheme = state.pending[:-6], state.pending[-6:]
        state.pushPending()
        state.pending = scheme
    return not _LONG_RUN.match(state.src, start) and linkify(state, silent)


def _image_as_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """`![alt](url)` links to the picture: showing it would tell a stranger's server who reads when."""
    if not state.src.startswith("![", state.pos):
        return False
    state.pos += 1
    if link(state, silent):
        return True
    state.pos -= 1
    return False


def _settle(state: StateCore) -> None:
    """After links are found: bound the nesting, flatten links in links, and mark the texts in which names count."""
    for block in state.tokens:
        if block.type == "inline":
            block.children = list(_settled(block.children or []))


def _settled(tokens: list[Token]) -> Iterator[Token]:
    opened: list[str | None] = []
    link_text: list[Token] | None = None
    href = ""
    for token in tokens:
        instead = _instead(token, opened, in_link=link_text is not None)
        if token.type == "text" and link_text is None:
            token.meta = {"names": True}
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
    return any(token.content.strip() for token in tokens)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


# Absolute, since a relative link would lead into the reader's own organization; without a user name, which deceives.
_LINK = re.compile(r"https?://[^/?#@\s]+(?:[/?#]|\Z)|mailto:[^@\s]+@[^@\s]", re.IGNORECASE)


def _is_allowed_link(url: str) -> bool:
    """What the sanitizer would refuse stays text: otherwise a link that leads nowhere would be left."""
    return bool(_LINK.match(url)) and " href=" in _SANITIZER.clean(f'<a href="{escape(url)}">')


def _may_link(text: str) -> bool:
    return ("://" in text or bool(_ADDRESS.search(text))) and not _LONG_RUN.search(text)


def _build_parser() -> MarkdownIt:
    parser = MarkdownIt(
        "default", {"breaks": True, "linkify": True, "maxNesting": MAX_BLOCK_DEPTH + 2}, renderer_cls=_Renderer
    )
    parser.disable(["code", "html_block", "lheading", "reference", "entity", "html_inline"])
    # Without text_join escaped characters stay tokens of their own, and `\\@bob` mentions nobody.
    parser.disable(["replacements", "smartquotes", "text_join"])
    parser.block.ruler.at("table", _bounded_table, {"alt": ["paragraph"]})
    parser.block.ruler.before("table", "too_deep", _too_deep)
    parser.inline.ruler.at("linkify", _bare_link)
    parser.inline.ruler.at("image", _image_as_link)
    parser.core.ruler.after("linkify", "settle", _settle)
    parser.validateLink = _is_allowed_link  # type: ignore[method-assign]
    _configure_links(parser.linkify)
    # Rule chains are compiled at the first use, and not under a lock.
    parser.render("a@b.c http://a.b\n- *a*\n\n|a|\n|-|\n", {"names": _Names({}, {}, wide_allowed=False)})
    return parser


def _configure_links(links: Any) -> None:
    """Only what says that it is a link: guessing hosts would make links of `readme.md` and `setup.py`."""
    links.set({"fuzzy_link": False}).add("ftp:", None).add("//", None)
    links.pretest = links.test = _may_link


_CODE_CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)
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
_SANITIZER = nh3.Cleaner(
    tags={"a", "br", "code", "em", "s", "span", "strong", *_BLOCKS},
    clean_content_tags=set(),
    attributes={
        "a": {"href", "data-conversation"},
        "ol": {"start"},
        "pre": {"data-language"},
        "span": {"data-member"},
    },
    tag_attribute_values={"a": {"rel": {_REL}, "target": {"_blank"}}},
    allowed_classes={
        "a": {"channel"},
        "pre": {"code"},
        "span": {"mention", "mention-wide", *_CODE_CLASSES},
        "td": {"align-center", "align-right"},
        "th": {"align-center", "align-right"},
    },
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel=None,
)

_PARSER = _build_parser()
