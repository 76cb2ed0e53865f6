"""Mailbox backends stay behind their contract: no module outside of chat/delivery/mailbox imports one or knows its
tables.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.delivery.mailbox import BACKENDS

ROOT = Path(__file__).parents[2]
PACKAGE = "chat/delivery/mailbox/"
INTERNAL = re.compile(r"chat\.delivery\.mailbox\.(?!contract\b)")
"""Everything in the package but the contract, which `chat.delivery.mailbox` exports."""
TABLES = re.compile(r"chat_mailboxentry|\bMailboxEntry\b|\brecent\[|cardinality\(\w+\.recent\)|parley:mailbox")
MODELS = {"chat/models/__init__.py", "chat/models/clients.py"}  # Django finds models only here


def modules() -> list[str]:
    found = (
        path.relative_to(ROOT).as_posix()
        for top in ("accounts", "chat", "config")
        for path in (ROOT / top).rglob("*.py")
    )
    return sorted(name for name in found if not name.startswith(PACKAGE) and "/migrations/" not in name)


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", modules())
def test_no_other_module_knows_a_backend(name: str) -> None:
    source = (ROOT / name).read_text()
    exported = {"mailbox", "backend", "BACKENDS", "Backlog", "EventBatch", "Mailbox", "Position", "Purge", "Recipients"}
    known = [
        target
        for target in imported(ast.parse(source))
        if INTERNAL.match(target) and target.removeprefix("chat.delivery.mailbox.") not in exported
    ]
    assert known == [], "import `mailbox()` and the types of the contract from chat.delivery.mailbox"
    if name not in MODELS:
        assert not TABLES.search(source), "ask the mailbox for what is needed (chat/delivery/mailbox/contract.py)"


def test_the_search_finds_what_it_forbids() -> None:
    statement = ast.parse("from chat.delivery.mailbox.postgres import PostgresMailbox")
    assert any(INTERNAL.match(target) for target in imported(statement))
    assert TABLES.search((ROOT / PACKAGE / "postgres_statements.py").read_text())
    assert all(dotted.startswith("chat.delivery.mailbox.") for dotted in BACKENDS.values())
