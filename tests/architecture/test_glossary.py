"""The words that the glossary of chat/README.md forbids appear in no identifier, comment, text or document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
GLOSSARY = ROOT / "chat" / "README.md"
TREES = ("accounts", "chat", "config", "static", "templates", "tests")
READ = {".py", ".js", ".mjs", ".css", ".html", ".md", ".toml", ".txt"}
# Recorded and generated data, and the migrations, which are history. Browser tests and tools are still to be rewritten.
LEFT_OUT = re.compile(
    r"/migrations/|/results/|/__pycache__/|^tests/sync/traces/|emoji/list\.js$|/markdown_corpus/|^tests/e2e/|^tests/tools/"
)
# "place" is an English word as well; as an identifier of ours it would be a synonym of "access".
ONLY_AS_IDENTIFIER = {"place"}
CSS = re.compile(r"\bplace-(?:items|content|self)\b")


def _forbidden() -> list[str]:
    """Return the first words of the table, which is the one of its kind in the glossary."""
    table = GLOSSARY.read_text().partition("| not | write instead |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| ([^|(]+?) (?:\([^|]*\) )?\|", table, re.MULTILINE)
    return [word for cell in cells if set(cell) - {"-", " "} for word in cell.split(", ")]


FORBIDDEN = _forbidden()
_FORMS = "|".join(rf"{word}s?" for word in FORBIDDEN if word not in ONLY_AS_IDENTIFIER)
ANYWHERE = re.compile(rf"(?<![a-z])(?:{_FORMS}|telling)(?![a-z])", re.IGNORECASE)
IDENTIFIER = re.compile(
    r"(?<!in )(?<!takes )(?<!taken )(?<!first )\b[Pp]laces?(?=\s*[:=(.,)\[|])"
    r"|(?<=[a-z])Places?\b|_places?\b|\bplaces?_"
)
FILE_POSITION = re.compile(r"\.tell\(\)")  # of Python's files


def _documents() -> list[Path]:
    paths = [path for name in TREES for path in (ROOT / name).rglob("*")] + list(ROOT.glob("*.*"))
    kept = (path for path in paths if path.suffix in READ and path.is_file() and path != Path(__file__))
    return sorted(path for path in kept if not LEFT_OUT.search(str(path.relative_to(ROOT))))


def _found(path: Path) -> list[str]:
    text = path.read_text()
    if path == GLOSSARY:
        text = text.replace(text.partition("| not | write instead |")[2].partition("\n\n")[0], "")
    code = path.suffix in {".py", ".js", ".mjs"}
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if is_forbidden(line, code=code)
    ]


def is_forbidden(line: str, *, code: bool) -> bool:
    """Whether the line holds a forbidden word. Words of identifiers are taken apart: `ownSeat`, `own_seat`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", FILE_POSITION.sub("", line)).replace("_", " ")
    return bool(ANYWHERE.search(words)) or (code and bool(IDENTIFIER.search(CSS.sub("", line.partition("#: ")[0]))))


def test_the_glossary_names_what_is_not_used() -> None:
    assert {"seat", "tell", "told", "news", "place"} <= set(FORBIDDEN)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("def own_seat(self):", True),
        ("this.ownSeat(id)", True),
        ("# Who is told of it", False),
        ("class News:", True),
        ("place: Place", True),
        ("place.conversation", True),
    ],
)
def test_a_forbidden_word_is_found(line: str, *, code: bool) -> None:
    assert is_forbidden(line, code=code)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("text.replace(a, b)", True),
        ("a placeholder", True),
        ("in place of the other", True),
        ("intelligence", False),
        ("newsletter", False),
    ],
)
def test_other_words_are_not_found(line: str, *, code: bool) -> None:
    assert not is_forbidden(line, code=code)


def test_no_forbidden_word_is_used() -> None:
    found = [line for path in _documents() for line in _found(path)]
    assert found == [], "\n".join(found)
