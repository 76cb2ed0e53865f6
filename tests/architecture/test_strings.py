"""Every string that a person reads goes through gettext, in templates and in scripts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
DESK = {"admin", "unfold"}  # for the staff of the installation, as yet in English alone: see chat/README.md
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if not DESK & set(path.parts))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
NAMES = re.compile(r"\b(?:Parley|API|Ctrl|Shift|Alt|Enter|Esc|Tab|Del)\b")  # of things and keys, alike everywhere
CLASSES = {"page_class", "body_class"}  # blocks that end up in an attribute nobody reads
CODE = {"script", "style", "code", "kbd"}
READ = {"alt", "aria-label", "aria-description", "placeholder", "title", "data-done", "aria-roledescription"}
WORD = re.compile(r"[^\W\d_]{2,}")
# A literal with a word in it, where a person would read it.
SHOWN = re.compile(
    r"""(?:\.(?:textContent|title|placeholder|ariaLabel|innerText|alt)\s*=|\btoast\(|setAttribute\(\s*["'](?:aria-label|title"""
    r"""|placeholder|alt)["']\s*,)\s*(?:["'`])(?P<text>[^"'`$]*[A-Za-z]{2}[^"'`]*)["'`]"""
)


class Reader(HTMLParser):
    """What stands in a template after everything that Django fills in is taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in CODE
        self.found += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in CODE

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def literals(source: str) -> list[str]:
    """Text that is in the template itself, outside {% translate %}, {% blocktranslate %} and comments."""
    kept, translated = [], False
    for token in Lexer(source).tokenize():
        words = token.contents.split() if token.token_type == TokenType.BLOCK else [""]
        if words[0] in {"blocktranslate", "comment"} or words[-1] in CLASSES:
            translated = True
        elif words[0] in {"endblocktranslate", "endcomment", "endblock"}:
            translated = False
        elif token.token_type == TokenType.TEXT and not translated:
            kept.append(token.contents)
    reader = Reader()
    reader.feed("".join(kept))
    texts = (" ".join(text.split()) for text in reader.found)
    return [text for text in texts if WORD.search(NAMES.sub("", text))]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_says_nothing_in_one_language(path: Path) -> None:
    assert literals(path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_what_it_says_can_be_extracted(path: Path) -> None:
    """As makemessages does: every string of the template is found by xgettext's own reading of it."""
    source = path.read_text()
    said = re.findall(r"""{%\s*translate\s+["']([^"']+)["']""", source)
    extracted = templatize(source)
    assert [text for text in said if text not in extracted] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT / "static" / "js")))
def test_a_script_says_nothing_in_one_language(path: Path) -> None:
    assert [match["text"] for match in SHOWN.finditer(path.read_text())] == []


def test_the_test_sees() -> None:
    assert literals('<p title="A title">{% translate "fine" %} not <b>fine</b> {{ name }}</p>') == [
        "A title",
        "not",
        "fine",
    ]
    assert literals("{% blocktranslate %}fine{% endblocktranslate %} · {# note #} Parley") == []
    for script in (
        'node.textContent = "Not fine"',
        "button.setAttribute('aria-label', 'Not fine')",
        "toast(`Not fine`)",
    ):
        assert SHOWN.search(script), script
    assert not SHOWN.search('node.textContent = _("Fine")')
