"""Messages as HTML, rule by rule: the examples of `markdown_corpus`, and what holds for every text.

Each file there is a rule of chat/MARKDOWN.md. In its HTML the ids of members and channels are their names, and links
are without `rel` and `target`, which test_markdown.py judges. Charlie of another organization is a name that resolves
to nobody.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.markdown import Mentioned, Rendered, render
from chat.markdown.characters import is_drawn, tidied
from chat.markdown.renderer import SANITIZER

CORPUS = Path(__file__).parent / "markdown_corpus"
RULES = {path.stem: tomllib.loads(path.read_text("utf-8"))["example"] for path in sorted(CORPUS.glob("*.toml"))}
LEAST = 15  # examples of a rule

MEMBERS = {"bob": UUID(int=0xB0B), "ann": UUID(int=0xA00)}
CHANNELS = {"general": UUID(int=0xC01), "公告": UUID(int=0xC02)}
NAMES = {str(id): name for name, id in (MEMBERS | CHANNELS).items()}


def rendered(text: str) -> Rendered:
    mentions = {handle: Mentioned(id, handle.capitalize()) for handle, id in MEMBERS.items()}
    return render(text, mentions=mentions, channels=CHANNELS, wide_allowed=True)


def plain_html(text: str) -> str:
    html = rendered(text).html.replace(' rel="noopener noreferrer nofollow" target="_blank"', "")
    for id, name in NAMES.items():
        html = html.replace(id, name)
    return html


@pytest.mark.parametrize(
    ("rule", "text", "html"),
    [(rule, each["text"], each["html"]) for rule, examples in RULES.items() for each in examples],
    ids=ascii,
)
def test_example(rule: str, text: str, html: str) -> None:
    assert plain_html(text) == html


def test_every_rule_has_enough_examples_and_a_section_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "chat/MARKDOWN.md").read_text("utf-8")
    assert set(re.findall(r"markdown_corpus/(\w+)\.toml", page)) == set(RULES)
    for rule, examples in RULES.items():
        assert len({each["text"] for each in examples}) >= LEAST, rule


@pytest.mark.parametrize(
    ("text", "handles", "wide"),
    [
        ("> @bob @channel", set(), set()),
        ("> @bob\n@ann", {"ann"}, set()),
        ("> a\n> - @bob\n\n@here", set(), {"here"}),
        ("`@bob` [@ann](https://a.example) \\@bob", set(), set()),
        ("请@bob看，全員@channel", {"bob"}, {"channel"}),
        ("@bob/@ann x@bob @bobx /@bob", {"bob", "ann", "bobx"}, set()),
        ("C:\\@bob https://a.example/@ann bob@acme.com", set(), set()),
    ],
)
def test_who_is_called(text: str, handles: set[str], wide: set[str]) -> None:
    result = rendered(text)
    assert result.handles == handles
    assert result.wide == wide


# --- What holds for every text --------------------------------------------------------------------

SCRIPTS = "abzАяאתابहिไทย漢字かなカナ한글ქართ😀👩‍👩‍👧é"
MARKUP = "*_~`\\[]()<>#|-+.!:\"'&= \n0123456789"
FRAGMENTS = st.sampled_from([
    "**", "_", "~~", "`", "```", "~~~", "\\", "\\\\", "C:\\", "\\d", "> ", "- ", "1. ", "2) ", "# ", "|", "|-|", "\n",
    "\n\n", "\n> ", "\n- ", "\n|a|b|\n|-|-|\n|", "[", "](", ")", "(", "https://a.example/", "www.acme.com", "a@b.com",
    "，", "。", "「", "」", "؟", "।", "’", "–", "・", "\u200b", "\u2800",
    "@bob", "#general", "@here", "/", "word", "слово", "字",
    "---", "***", "===", "<b>", "&lt;", "![",
])  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(SCRIPTS + MARKUP, max_size=4), max_size=25).map("".join)
WORDS = st.text(
    st.characters(categories=["L", "N", "Mn", "Mc", "Po", "So"], exclude_characters=MARKUP + "@/\\"), min_size=1
)
PROSE = st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=4).map("\n".join)


class Reader(HTMLParser):
    """Keeps what can be read, the numbers and labels that the browser draws included, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.shown.append({"br": "\n", "hr": "---"}.get(tag, ""))
        self.shown.append(given.get("data-language", ""))
        self.href = given.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        self.shown.append("\n" if tag == "p" else "")
        self.href = ""

    def handle_data(self, data: str) -> None:
        self.shown.append(data)
        if self.href:
            self.links.append((self.href, data))


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@given(PROSE)
def test_text_without_markup_is_shown_as_it_was_written(text: str) -> None:
    assert "".join(read(render(text).html).shown).split() == tidied(text).split()


def letters(text: str) -> Counter[str]:
    """Count what is drawn and is no sign of markup."""
    return Counter(character for character in text if is_drawn(character) and character not in MARKUP)


@given(TEXTS)
@example("|a|b|\n|-|-|\n|1|x|y|")
@example("```not a language\nx")
@example("[\u200b](https://a.example/字)")
@example("- \\\n  - \u200b")
def test_no_letter_vanishes(text: str) -> None:
    """The address of `[text](address)` is shown on hovering alone."""
    html = render(text).html
    reader = read(html)
    hidden = letters("".join(href for href, _ in reader.links))
    missing = letters(tidied(text).lower()) - letters("".join(reader.shown).lower())
    assert not missing - hidden - letters("".join(re.findall(r"\]\([^)]*\)", text)).lower())


@given(TEXTS)
@example("****")
@example("> \u2800\n\n**\u200b**")
def test_a_text_in_which_something_is_drawn_shows_something(text: str) -> None:
    html = rendered(text).html
    assert SANITIZER.clean(html) == html
    assert is_drawn("".join(read(html).shown)) == is_drawn(tidied(text))


@given(TEXTS)
@example("(https://a.example/a(，b)")
@example("**https://a.example/a**字 _www.acme.com_")
def test_addresses_are_shown_as_they_were_written(text: str) -> None:
    """A link without brackets around its text shows its own address, which lies in the message."""
    if "](" in text:
        return
    for href, shown in read(rendered(text).html).links:
        assert shown in tidied(text)
        assert href.startswith(("http://", "https://", "mailto:"))


@given(st.lists(st.sampled_from(["\\", "_", "*", "a", "ж", "字", "/", ".", "$", " "]), max_size=12).map("".join))
@example("_*_*")
def test_a_path_is_shown_as_it_was_written(tail: str) -> None:
    path = "C:\\a" + tail.replace(" ", "")
    assert "".join(read(render(path).html).shown).strip() == path
