"""What the documents say about the tree is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from chat.entities.registry import registrations

ROOT = Path(settings.BASE_DIR)
TREES = ("accounts", "chat", "config", "static", "templates", "tests")
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(page for name in TREES for page in (ROOT / name).rglob("*.md"))]
    if "results" not in path.parts
)
PACKAGES = ("actions", "queries", "delivery", "realtime", "api")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(document: Path) -> None:
    named = set(re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|js|toml))\b", document.read_text()))
    named -= {"setup.py"}  # an example in a message
    folders = [document.parent, ROOT, ROOT / "chat", ROOT / "tests" / "chat"]
    assert {name for name in named if not any((folder / name).exists() for folder in folders)} == set()


def test_every_page_is_reachable_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        linked = re.findall(r"\]\((?!https?:)([^)#]+\.md)(?:#[^)]*)?\)", page.read_text())
        waiting += [found for link in linked if (found := (page.parent / link).resolve()) not in reached]
    assert {str(page.relative_to(ROOT)) for page in DOCUMENTS if page not in reached} == set()


def test_every_setting_that_is_named_is_read() -> None:
    settings_text = (ROOT / "config" / "settings.py").read_text()
    named = set(re.findall(r"`([A-Z][A-Z_]{3,})(?:=\d)?`", (ROOT / "README.md").read_text()))
    assert {name for name in named if f'"{name}"' not in settings_text} == set()


def test_every_make_target_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for document in DOCUMENTS:
        for target in re.findall(r"(?:`|\$ )make ([a-z]+)\b", document.read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), (document, target)


def test_a_noun_is_called_the_same_everywhere() -> None:
    """Every action has its noun; every noun of the REST API that writes has an action of that name."""
    nouns = {package: {p.stem for p in (ROOT / "chat" / package).glob("[a-z]*.py")} for package in PACKAGES}
    assert {"messages", "conversations", "participants", "reactions", "read", "reports", "clients"} <= (
        nouns["api"] & nouns["actions"]
    )
    modules = {registration.noun: registration.struct.__module__.rpartition(".")[2] for registration in registrations()}
    assert {noun for noun, module in modules.items() if module not in {f"{noun}s", f"{noun}es"}} == set()
