"""Queries do not write: neither rows nor events, audit entries or caches."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

ROOT: Final = Path(settings.BASE_DIR)
QUERIES: Final = sorted((ROOT / "chat" / "queries").rglob("*.py"))

WRITING_CALLS: Final = {
    *("save", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "delete", "insert"),
    *("select_for_update", "on_commit", "record", "publish"),
}
WRITING_MODULES: Final = ("chat.actions", "accounts.actions", "accounts.audit", "chat.delivery.publish")
WRITING_SQL: Final = re.compile(
    r"\b(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE\s[\w\s]+\sSET|FOR\s+(?:NO\s+KEY\s+)?UPDATE)\b"
)


def writes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITING_CALLS:
            yield f"calls {node.func.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITING_CALLS:
            yield f"calls {node.func.id}"
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
            yield from (f"imports {name}" for name in names if name.startswith(WRITING_MODULES))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and WRITING_SQL.search(node.value):
            yield f"a statement in line {node.lineno} writes"


def test_queries_do_not_write() -> None:
    assert len(QUERIES) > 10
    writes = {str(path.relative_to(ROOT)): sorted(set(writes_in(path))) for path in QUERIES}
    assert {path: found for path, found in writes.items() if found} == {}
