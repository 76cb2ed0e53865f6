"""Who takes part, what is readable and what is shown is decided in chat/access; everybody else uses it."""

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
    for path in (ROOT / "chat").rglob("*.py")
    if not {"migrations", "client"} & set(path.parts) and path.parent != ROOT / "chat" / "access"
)

# In the text of statements, and as arguments of filters.
IN_SQL: Final = re.compile(r"\b(?:left|hidden|deleted)_at\s+IS\s+NULL|[<>]=?\s*(?:\w+\.)?first_seq", re.IGNORECASE)
IN_FILTERS: Final = {"left_at", "hidden_at", "deleted_at", "left_at__isnull", "hidden_at__isnull", "deleted_at__isnull"}

# Who may write one of its own, and why.
SQL: Final = {
    "chat/actions/read.py": "unread replies of followed threads: a hidden one is unread again when it is restored",
    "chat/actions/retention.py": "decides which rows below `first_seq` go",
}
FILTERS: Final = {
    "chat/actions/retention.py": "empties rows, and keeps the time at which one was deleted",
    "chat/admin/messages.py": "the desk lists what is hidden",
    "chat/models/conversations.py": "the index of present participants",
}
OTHER_PACKAGES: Final = {
    "chat/delivery/": "whose clients an event is for: delivery/audience.py and statements by index",
    "chat/attention/": "a record of its own, withdrawn when a message is hidden or deleted",
    "chat/queries/mentions.py": "reads that record",
}


def sql_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from IN_SQL.findall(node.value)


def filters_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"filter", "exclude", "get", "Q"}:
                yield from IN_FILTERS & {keyword.arg for keyword in node.keywords if keyword.arg}


def files_with(search: object) -> set[str]:
    assert callable(search)
    found = {str(path.relative_to(ROOT)) for path in CODE if any(search(path))}
    return {name for name in found if not name.startswith(tuple(OTHER_PACKAGES))}


def test_statements_use_the_conditions_of_chat_access() -> None:
    assert files_with(sql_in) == SQL.keys()


def test_filters_use_the_conditions_of_chat_access() -> None:
    assert files_with(filters_in) == FILTERS.keys()
