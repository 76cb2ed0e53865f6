"""Rules for the tests that drive a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

E2E = Path(settings.BASE_DIR) / "tests" / "e2e"
FILES = sorted(E2E.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_waits_by_wait_until(path: Path) -> None:
    """`wait_for_function` fails under the page's policy unless its condition holds at once (tests/e2e/waiting.py)."""
    assert path.name == "waiting.py" or ".wait_for_function(" not in path.read_text()
