"""Messages as HTML: what is written becomes what, and nothing that is written becomes script.

Safety is judged by `html.parser` and a list of this file's own, not by the sanitizer under test. No database, no
tenant: the outsider appears as a name that nobody here resolves.
"""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat import markdown
from chat.markdown import Mentioned, Rendered, parse_mentions, render
from chat.markdown.blocks import MAX_BLOCK_DEPTH, MAX_CELLS
from chat.markdown.characters import is_drawn, tidied
from chat.markdown.code import CLASSES as CODE_CLASSES
from chat.markdown.code import LANGUAGES
from chat.markdown.names import Names
from chat.markdown.parser import MAX_INLINE_DEPTH
from chat.markdown.renderer import SANITIZER

BOB = UUID("0190a000-0000-7000-8000-00000000000b")
GENERAL = UUID("0190a000-0000-7000-8000-0000000000c1")
MEMBERS = {"bob": Mentioned(BOB, "Bob Stone"), "d.o'r": Mentioned(BOB, "x"), "eve-1": Mentioned(BOB, '<b>"Eve"&\u202e')}
CHANNELS = {"general": GENERAL, "café": GENERAL}
AT_BOB = f'<span class="mention" data-member="{BOB}">@Bob Stone</span>'
HERE = '<span class="mention mention-wide">@here</span>'
IN_GENERAL = f'<a class="channel" data-conversation="{GENERAL}">#general</a>'


def rendered(text: str) -> Rendered:
    return render(text, mentions=MEMBERS, channels=CHANNELS, wide_allowed=True)


def linked(url: str, text: str | None = None) -> str:
    return f'<a href="{url}" rel="noopener noreferrer nofollow" target="_blank">{text or url}</a>'


# --- What is written becomes what -----------------------------------------------------------------

EXAMPLES = {
    # Text
    "hello": "<p>hello</p>",
    "one\ntwo": "<p>one<br>\ntwo</p>",
    "one\r\ntwo": "<p>one<br>\ntwo</p>",
    "one\n\n\ntwo": "<p>one</p>\n<p>two</p>",
    "a < b && c > \"d\"": '<p>a &lt; b &amp;&amp; c &gt; "d"</p>',
    "<b>bold</b> &copy; <br>": "<p>&lt;b&gt;bold&lt;/b&gt; &amp;copy; &lt;br&gt;</p>",
    "": "",
    " \n\t\n": "",
    # Emphasis
    "**bold** *it* _it_ ~~gone~~": "<p><strong>bold</strong> <em>it</em> <em>it</em> <s>gone</s></p>",
    "snake_case_name 2*3*4": "<p>snake_case_name 2<em>3</em>4</p>",
    r"\*not\* \# \@bob": r"<p>*not* \# @bob</p>",
    # Headings are small, underlined ones are none
    "# Big": "<h3>Big</h3>",
    "###### Small": "<h6>Small</h6>",
    "text\n===": "<p>text<br>\n===</p>",
    # Links
    "see https://acme.example/a_b_c?x=1&y=2.": "<p>see " + linked("https://acme.example/a_b_c?x=1&amp;y=2") + ".</p>",
    "[Acme](https://acme.example \"title\")": "<p>" + linked("https://acme.example", "Acme") + "</p>",
    "<https://acme.example>": "<p>" + linked("https://acme.example") + "</p>",
    "<bob@acme.example>": "<p>" + linked("mailto:bob@acme.example", "bob@acme.example") + "</p>",
    "bob@acme.com": "<p>" + linked("mailto:bob@acme.com", "bob@acme.com") + "</p>",
    "[](https://acme.example)": "<p>" + linked("https://acme.example") + "</p>",
    "readme.md setup.py acme.com": "<p>readme.md setup.py acme.com</p>",
    "www.acme.com": "<p>" + linked("http://www.acme.com", "www.acme.com") + "</p>",
    "[x](/o/acme) [y](javascript:alert(1))": "<p>[x](/o/acme) [y](javascript:alert(1))</p>",
    "handlers[name]() [x](https://acme.example@evil.example)": (
        "<p>handlers[name]() [x](https://acme.example@evil.example)</p>"
    ),
    "[ref]: https://acme.example": "<p>[ref]: " + linked("https://acme.example") + "</p>",
    # Images are links
    "![cat](https://acme.example/c.png)": "<p>" + linked("https://acme.example/c.png", "cat") + "</p>",
    "![](https://acme.example/c.png)": "<p>" + linked("https://acme.example/c.png") + "</p>",
    "[![cat](https://a.example)](https://b.example)": "<p>" + linked("https://b.example", "cat") + "</p>",
    # Blocks
    "> quoted\n\nreply": "<blockquote>\n<p>quoted</p>\n</blockquote>\n<p>reply</p>",
    "- a\n- b": "<ul>\n<li>a</li>\n<li>b</li>\n</ul>",
    "3. a\n4. b": '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>',
    "    indented": "<p>indented</p>",
    "---": "<hr>",
    "|a|b|\n|-|:-:|\n|1|2|": (
        '<table>\n<thead>\n<tr>\n<th>a</th>\n<th class="align-center">b</th>\n</tr>\n</thead>\n'
        '<tbody>\n<tr>\n<td>1</td>\n<td class="align-center">2</td>\n</tr>\n</tbody>\n</table>'
    ),
    # Code
    "`a  <b>`": "<p><code>a  &lt;b&gt;</code></p>",
    "```\n<x> @bob\n```": '<pre class="code"><code>&lt;x&gt; @bob\n</code></pre>',
    "```py\nx = 1\n```": (
        '<pre class="code" data-language="python"><code><span class="n">x</span> <span class="o">=</span> '
        '<span class="mi">1</span>\n</code></pre>'
    ),
    "```klingon\nqapla\n```": '<pre class="code" data-language="klingon"><code>qapla\n</code></pre>',
    "```\"onclick=x\nqapla\n```": '<pre class="code"><code>"onclick=x\nqapla\n</code></pre>',
    "```not a language\nx\n```": '<pre class="code"><code>not a language\nx\n</code></pre>',
    # Names
    "hi @bob, @Bob!": f"<p>hi {AT_BOB}, {AT_BOB}!</p>",
    "**@bob** (@bob) \u201c@bob\u201d": f"<p><strong>{AT_BOB}</strong> ({AT_BOB}) \u201c{AT_BOB}\u201d</p>",
    "@eve-1": f'<p><span class="mention" data-member="{BOB}">@&lt;b&gt;"Eve"&amp;</span></p>',
    "@charlie @bobby @bob_x @bob@globex": "<p>@charlie @bobby @bob_x @bob@globex</p>",
    "x@bob /@bob": "<p>x@bob /@bob</p>",
    "`@bob` [@bob](https://a.example)": "<p><code>@bob</code> " + linked("https://a.example", "@bob") + "</p>",
    "@here and @HERE": f"<p>{HERE} and {HERE}</p>",
    "#general #secret #café's": (
        f'<p>{IN_GENERAL} #secret <a class="channel" data-conversation="{GENERAL}">#café</a>\'s</p>'
    ),
    "#123 a#general &#general": "<p>#123 a#general &amp;#general</p>",
    # What cannot be shown
    "a\0b\ud800c\x07d": "<p>a\ufffdb\ufffdc\ufffdd</p>",
    "photo\u202egpj.exe \u2066x\u2069": "<p>photogpj.exe x</p>",
    "one\u2028two\x85three": "<p>one<br>\ntwo<br>\nthree</p>",
    "\u200fשלום\u200e": "<p>\u200fשלום\u200e</p>",
}  # fmt: skip


@pytest.mark.parametrize(("text", "html"), EXAMPLES.items(), ids=ascii)
def test_examples(text: str, html: str) -> None:
    assert rendered(text).html == html


def test_names_that_count() -> None:
    result = rendered("@bob @Charlie @here #general #Secret `@code #code` [@link](https://a.example) me@x.example")
    assert result.handles == {"bob", "charlie"}
    assert result.wide == {"here"}
    assert result.channels == {"general", "secret"}


def test_wide_mentions_need_permission_but_are_reported() -> None:
    result = render("@here @channel @group @bob", mentions=MEMBERS)
    assert result.html == f"<p>@here @channel @group {AT_BOB}</p>"
    assert result.wide == {"here", "channel", "group"}
    assert result.handles == {"bob"}


def test_without_resolved_names_all_stay_text() -> None:
    assert render("@bob #general").html == "<p>@bob #general</p>"


def test_first_pass_asks_for_each_name_once() -> None:
    assert parse_mentions("@Bob @bob: @here #General") == markdown.Mentions(
        frozenset({"bob"}), frozenset({"here"}), frozenset({"general"})
    )


# --- Safety, judged independently -----------------------------------------------------------------

VOID = {"br", "hr"}
TAGS = VOID | {
    "a", "blockquote", "code", "em", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "s", "span", "strong", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
A_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CLASSES = {
    "a": re.compile("channel"),
    "pre": re.compile("code"),
    "span": re.compile(r"mention( mention-(wide|silent))?|[a-z][a-z0-9]{0,2}( [a-z][a-z0-9]{0,2})*"),
    "td": re.compile("align-(center|right)"),
    "th": re.compile("align-(center|right)"),
}
ATTRIBUTES = {
    ("a", "href"): re.compile(r"(https?://[^/\s]|mailto:[^\s@]+@)[^\s\"<>\\`]*"),
    ("a", "rel"): re.compile("noopener noreferrer nofollow"),
    ("a", "target"): re.compile("_blank"),
    ("a", "data-conversation"): A_UUID,
    ("ol", "start"): re.compile(r"\d{1,9}"),
    ("li", "value"): re.compile(r"\d{1,9}"),
    ("pre", "data-language"): re.compile(r"[a-z0-9+#._-]{1,30}"),
    ("span", "data-member"): A_UUID,
} | {(tag, "class"): pattern for tag, pattern in CLASSES.items()}


class Judge(HTMLParser):
    """Reads HTML, objects to what is not on the list, and writes down again what it understood."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.understood: list[str] = []
        self.open: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert len(dict(attrs)) == len(attrs)
        for name, value in attrs:
            assert ATTRIBUTES[tag, name].fullmatch(value or ""), (tag, name, value)
        if tag == "a":
            assert "a" not in self.open
            names = set(dict(attrs))
            assert names in ({"href", "rel", "target"}, {"class", "data-conversation"})
        written = "".join(f' {name}="{self.escaped(value or "", quote=True)}"' for name, value in attrs)
        self.understood.append(f"<{tag}{written}>")
        if tag not in VOID:
            self.open.append(tag)
            self.depth = max(self.depth, len(self.open))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.understood.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        assert not re.search("[\0\u202a-\u202e\u2066-\u2069\ud800-\udfff]", data)
        self.understood.append(self.escaped(data))

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)

    @staticmethod
    def escaped(text: str, *, quote: bool = False) -> str:
        return escape(text, quote=quote).replace("&#x27;", "'").replace("\xa0", "&nbsp;")


def judged(html: str) -> Judge:
    judge = Judge()
    judge.feed(html)
    judge.close()
    assert judge.open == []
    assert "".join(judge.understood) == html
    return judge


def test_judge_objects() -> None:
    for html in (
        "<script>", "<p onclick='x'>x</p>", '<a href="javascript:x">x</a>', "<p>a & b</p>", "<p>", "<p></b>",
        "<!--x-->",
        '<a href="https://x.example">x</a>', '<span class="x&quot;y">a</span>', "<p>\u202e</p>", "<p>a <b</p>",
    ):  # fmt: skip
        with pytest.raises((AssertionError, KeyError, IndexError, pytest.fail.Exception)):
            judged(html)


def attempts() -> Iterator[str]:
    named = {"n": "\n", "t": "\t", "0": "\0"}
    for line in (Path(__file__).parent / "xss_corpus.txt").read_text("utf-8").splitlines():
        if line and not re.match("# [A-Z]", line):
            yield ESCAPES.sub(lambda match: named.get(match[2]) or chr(int(match[1], 16)), line)


ESCAPES = re.compile(r"\\(?:u([0-9a-f]{4})|([nt0]))")
ATTEMPTS = list(attempts())
SURROUNDINGS = [
    "{}",
    "> {}",
    "- a\n  {}",
    "**{}**",
    "|a|\n|-|\n|{}|",
    "[{}](https://a.example)",
    "@bob {} #general",
    "`{}",
]


def test_corpus_is_read() -> None:
    assert len(ATTEMPTS) == len(set(ATTEMPTS)) > 250


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=ascii)
def test_attempt_is_only_text(attempt: str) -> None:
    for surrounding in SURROUNDINGS:
        html = rendered(surrounding.replace("{}", attempt)).html
        judged(html)
        assert SANITIZER.clean(html) == html


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_attempts_as_code(language: str) -> None:
    """Every language is known to Pygments and lets nothing through; the code is shown as it was written."""
    code = "\n".join(
        attempt for attempt in ATTEMPTS if "\n" not in attempt and "`" not in attempt and "\0" not in attempt
    )
    for start in range(0, len(code), 700):
        part = code[start : start + 700].strip("\n")
        html = rendered(f"```{language}\n{part}\n```").html
        judged(html)
        assert f'data-language="{language}"' in html
        assert visible(html).rstrip("\n") == tidied(part).rstrip("\n")


class Reader(HTMLParser):
    """Keeps what can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def visible(html: str) -> str:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.found)


# Text as people and attackers write it: fragments with meaning in between words and anything at all.
FRAGMENTS = st.sampled_from([
    "*", "**", "_", "__", "~~", "`", "``", "```", "~~~", "[", "]", "(", ")", "](", "![", "<", ">", "<a",
    "</a>", "&", "\\",
    "&lt;", "&#58;", "|", "|-|", "@bob", "@here", "@", "#general", "#", ":", "://", "http://a.co", ".", "-",
    "a", "b", " ",
    "https://a.example/_x_", "mailto:", "bob@acme.com", "javascript:", "word", "1", "\n", "\n\n", "\r\n",
    "\n- ", "\n> ",
    "\n1. ", "\n# ", "\n```python\n", "\t", "  ", '"', "'", "\u00a0", "\u202e", "\u2066", "\u2028", "\0", "\ud800",
    "é", "א", "😀",
])  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=5), max_size=40).map("".join)
PLAIN_FRAGMENTS = st.sampled_from([
    "a", "word", " ", "\n", "\n\n", "@bob", "@here", " @bob", "#general", ".", ",", "!", "-", "+", "1.",
    "1)", "#", ">", "&",
    '"', "'", ":", "/", "(", ")", "=", ";", "%", "é", "א", "😀", "\u200d", "\ufeff",
])  # fmt: skip
PLAIN_TEXTS = (
    st.lists(PLAIN_FRAGMENTS | st.text(max_size=3), min_size=1, max_size=20).map("".join).filter(markdown.is_plain)
)


@given(TEXTS)
@example("[" * 50 + "](" * 50)
@example("@foo.https://x.co")
def test_any_text_is_safe(text: str) -> None:
    result = rendered(text)
    judged(result.html)
    assert SANITIZER.clean(result.html) == result.html
    assert result.wide <= markdown.WIDE


@given(st.sampled_from(sorted(LANGUAGES)), TEXTS)
@example("terraform", "<<EOF\nnever ended")
def test_any_code_is_shown_as_written(language: str, text: str) -> None:
    code = tidied(text).replace("~~~", "").strip(" \n\t")
    code = code if is_drawn(code) else "x"
    html = rendered(f"~~~~{language}\n{code}\n~~~~").html
    judged(html)
    assert visible(html) == code + "\n"


@given(TEXTS)
@example("@foo.https://x.co")
@example("_@bob_ @a.b_c-d")
def test_first_pass_misses_no_name(text: str) -> None:
    result, first = rendered(text), parse_mentions(text)
    assert result.handles <= first.handles
    assert result.wide <= first.wide
    assert result.channels <= first.channels


@given(PLAIN_TEXTS)
def test_fast_path_equals_parser(text: str) -> None:
    names = Names(MEMBERS, CHANNELS, wide_allowed=True)
    fast = rendered(text)
    assert fast.html == markdown._markdown_html(text, names)
    assert fast == Rendered(fast.html, frozenset(names.handles), frozenset(names.wide), frozenset(names.channels))


@pytest.mark.parametrize(
    "text",
    ["ok", "Ship it, isn't it 5 pm?", "a & b > c", "@bob: see #general!", "one\ntwo\n\nthree", "#general", "שלום 😀"],
)
def test_ordinary_messages_take_the_fast_path(text: str) -> None:
    assert markdown.is_plain(text)


# --- Bounds ---------------------------------------------------------------------------------------

SIZE = 10_000
HOSTILE = [
    "[", "]", "(", "<", ">", "*", "_", "`", "~", "#", "|", "@", "&", "\\", "-", "+", "=", "!", '"', "\n", "[[]", "[a](",
    "![", "![a](", "[](", "*_", "_*", "**a*", "a**b", "`a``b", "~~a", "@a", "@a ", "@a.", "a@", "(@a", "#a ",
    "> ", ">>a\n",
    "- ", "-\n", "- a\n", " - a\n", "1. ", "|-", "|-|\n", "|a|\n|-|\n", "```\n", "http://", "http://a", "http://a/(",
    "http://a/[", "http://a/'a", "<http://", "a://", "mailto:a@b.c ", "<a@b.c>", "<!--", "\ud800", "\u202e",
    "\0", "😀", "a.",
    "\\\n", "a\n",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_hostile_repetition(unit: str) -> None:
    judge = judged(rendered((unit * SIZE)[:SIZE]).html)
    assert judge.depth <= 2 * MAX_BLOCK_DEPTH + MAX_INLINE_DEPTH


def test_deep_nesting_loses_no_text() -> None:
    html = rendered(">" * 300 + " **deep**").html
    assert html.count("<blockquote>") == MAX_BLOCK_DEPTH
    assert visible(html).strip() == ">" * (300 - MAX_BLOCK_DEPTH) + " deep"
    assert "level 40" in visible(rendered("\n".join("  " * depth + f"- level {depth}" for depth in range(41))).html)
    assert visible(rendered("*" * 100 + "a" + "*" * 100).html).strip("*") == "a"


def test_tables_share_a_budget_of_cells() -> None:
    wide = "|a" * 20 + "|\n" + "|-" * 20 + "|\n" + "x|\n" * 100 + "\n"
    html = rendered(wide * 30).html
    assert html.count("<td") <= MAX_CELLS
    assert visible(html).count("x") == 3_000
    assert rendered("|a|b|\n|-|-|\n" + "|1|2|\n" * 300).html.count("<td") == 600


def test_long_code_is_shown_without_colour() -> None:
    assert '<span class="mi">' in rendered("```python\n" + "1\n" * 900 + "```").html
    long = rendered("```python\n" + "1\n" * 1_001 + "```").html
    assert "<span" not in long
    assert visible(long) == "1\n" * 1_001
    many = rendered(("```python\n" + "1\n" * 400 + "```\n") * 5).html
    assert many.count('<span class="mi">') == 800
    assert "<span" not in rendered("```scala\nval x = 1\n```").html


def test_one_parser_serves_many_threads() -> None:
    texts = [*EXAMPLES, *ATTEMPTS]
    expected = [rendered(text).html for text in texts]
    together = threading.Barrier(4)

    def work() -> list[str]:
        together.wait()
        return [rendered(text).html for text in texts]

    with ThreadPoolExecutor(4) as pool:
        results = [future.result() for future in [pool.submit(work) for _ in range(4)]]
    assert results == [expected] * 4


# --- Colours --------------------------------------------------------------------------------------

CODE_CSS = (Path(__file__).parents[2] / "static/css/code.css").read_text()
COLOURS = {
    name: (light, dark) for name, light, dark in re.findall(r"--code-(\w+): light-dark\((#\w{6}), (#\w{6})\)", CODE_CSS)
}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", sorted(set(COLOURS) - {"surface"}))
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_code_colours_have_contrast(name: str, scheme: int) -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text of this size."""
    dim, bright = sorted((luminance(COLOURS[name][scheme]), luminance(COLOURS["surface"][scheme])))
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_every_used_colour_is_defined_and_every_class_is_pygments_own() -> None:
    assert set(re.findall(r"color: var\(--code-(\w+)\)", CODE_CSS)) == set(COLOURS) - {"surface"}
    rules = " ".join(re.findall(r"\.code (?::is\()?([.\w, ]+)", CODE_CSS))
    assert set(re.findall(r"\.(\w+)", rules)) <= CODE_CLASSES
