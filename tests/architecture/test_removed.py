"""Removed text is read by one module, which records who read it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

ROOT: Final = Path(settings.BASE_DIR)
CODE: Final = sorted(
    path
    for app in ("accounts", "chat")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and path.parent.name != "client"
)

# Who touches revisions, and what for.
REVISIONS: Final = {
    "chat/models/__init__.py": "names the models",
    "chat/actions/messages.py": "compares a repeated send with the first of them",
    "chat/actions/revisions.py": "keeps them",
    "chat/content/revisions.py": "deletes them",
    "chat/actions/removed.py": "reads them, and records it",
    "chat/api/messages.py": "shows what removed.py has read",
}
# Who touches the text of a message as it is in the row.
TEXTS: Final = {
    "chat/models/messages.py": "`shown_text` and `entity`, which hide what is hidden",
    "chat/actions/messages.py": "writes it",
    "chat/actions/revisions.py": "writes it, and keeps the text before",
    "chat/actions/moderation.py": "empties it",
    "chat/attention/reasons.py": "looks for keywords in it, and gives it to nobody",
    "chat/actions/removed.py": "reads it, and records it",
    "chat/queries/search.py": "finds only what is shown",
    "chat/queries/reports.py": "`original` of a report that was opened",
    "chat/admin/messages.py": "a page that is recorded",
    "chat/admin/reports.py": "of a message that is not hidden",
    "chat/api/messages.py": "what came, and what removed.py has read",
    "chat/api/moderation.py": "what removed.py has read",
    "chat/api/previews.py": "what came",
    "chat/realtime/commands.py": "what came",
}
STATUSES: Final = {path for path in (str(file.relative_to(ROOT)) for file in CODE) if path.endswith("/statuses.py")} | {
    "chat/admin/members.py"
}
TEMPLATES: Final = {"said.text", "revision.text", "note.text"}  # of what removed.py has read; of notes


def files_with(wanted: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in CODE if wanted in set(names_in(path))}


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.name
        elif isinstance(node, ast.Attribute):
            yield f".{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "chat_revision" in node.value:
            yield "Revision"


def test_revisions_are_read_where_it_is_recorded() -> None:
    assert files_with("Revision") | files_with(".revisions") == REVISIONS.keys()


def test_the_text_in_a_row_is_read_where_it_is_recorded() -> None:
    touched = files_with(".text") - {"chat/admin/pages.py", "chat/markdown.py"}  # a badge; tokens of markdown
    of_messages = {file for file in touched if not file.startswith("accounts/")} - STATUSES
    assert of_messages == TEXTS.keys()


def test_templates_show_no_text_of_a_row_by_themselves() -> None:
    shown = set()
    for template in (ROOT / "templates").rglob("*.html"):
        shown |= set(re.findall(r"\{[{%][^}]*?\b(\w+\.text)\b", template.read_text()))
    assert shown == TEMPLATES


def test_a_report_is_opened_before_it_is_read() -> None:
    reading = files_with("read_context") - {"chat/queries/reports.py"}
    assert reading
    assert reading <= files_with("open_report")
