"""Text that people write runs in its own direction: its element has `dir="auto"`, or is a `<bdi>`.

Otherwise a name in Arabic or Hebrew changes the order of the words around it.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.conf import settings

from accounts.forms import filters, members, organizations, sign_up, tokens
from accounts.forms.base import WrittenText

TEMPLATES = Path(settings.BASE_DIR) / "templates"
CHECKED = sorted(
    path
    for folder in ("account", "accounts", "admin", "allauth", "mfa", "socialaccount")
    for path in (TEMPLATES / folder).rglob("*.html")
) + sorted(TEMPLATES.glob("*.html"))
WRITTEN = re.compile(
    r"\b(?:member|inviter|invited_by|author|assignee|decided_by|user|organization)\.name\b"
    r"|\bmember\.title\b|\btoken\.label\b|\bauthenticator\b(?!\.)|\breport\.(?:author|reporter|conversation|comment)\b(?!_)"
    r"|\.(?:reason|suspension_reason|text|shown_text|topic|description)\b"
)
NOT_WRITTEN = {"way.description"}  # allauth's name of a way to sign in
TITLE = re.compile(r"\{% block title %\}.*?\{% endblock", re.DOTALL)  # a title holds no elements
SENTENCE = re.compile(r"\{% blocktranslate(?P<given>[^%]*)%\}(?P<body>.*?)\{% endblocktranslate %\}", re.DOTALL)
GIVEN = re.compile(r"(\w+)=(\S+)")
VARIABLE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
VOID = {"input", "br", "img", "hr", "meta", "link", "use"}
CHOSEN_FROM_ASCII = {"handle", "slug", "email", "username"}


class Elements(HTMLParser):
    """Collects the variables that stand in an element without a direction of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.bare: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append((tag, tag == "bdi" or ("dir", "auto") in attrs))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1][1]):
            found = (variable for variable in VARIABLE.findall(data) if WRITTEN.search(variable))
            self.bare += [variable for variable in found if variable not in NOT_WRITTEN]


def bare_texts(template: str) -> list[str]:
    elements = Elements()
    elements.feed(TAG.sub("", SENTENCE.sub(_with_expressions, TITLE.sub("", template))))
    return elements.bare


def _with_expressions(sentence: re.Match[str]) -> str:
    """Return the body of a translated sentence with the expressions that its names stand for."""
    given = dict(GIVEN.findall(sentence["given"]))
    return VARIABLE.sub(lambda name: f"{{{{ {given.get(name[1], name[1])} }}}}", sentence["body"])


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_text_of_people_has_its_own_direction(path: Path) -> None:
    assert bare_texts(path.read_text()) == []


def test_the_rule_finds_what_it_forbids() -> None:
    assert bare_texts("<p>{{ member.name }}</p>") == ["member.name"]
    sentence = "{% blocktranslate with name=member.name %}Role of {{ name }}{% endblocktranslate %}"
    assert bare_texts(f"<p>{sentence}</p>") == ["member.name"]
    assert bare_texts('<p dir="auto">{{ member.name }}</p><bdi>{{ token.label }}</bdi>') == []
    assert bare_texts('<nav aria-label="{{ organization.name }}"></nav>') == []


def test_fields_for_text_of_people_have_their_own_direction() -> None:
    modules = (filters, members, organizations, sign_up, tokens)
    own = {form for module in modules for form in vars(module).values() if isinstance(form, type)}
    declared = {
        f"{form.__name__}.{name}": field
        for form in own
        for name, field in getattr(form, "declared_fields", {}).items()
        if type(field) in {forms.CharField, WrittenText} and name not in CHOSEN_FROM_ASCII
    }
    assert declared
    assert [name for name, field in declared.items() if field.widget.attrs.get("dir") != "auto"] == []
