"""Wait for a condition in the page."""

from __future__ import annotations

import time
from typing import Any, Final

from playwright.sync_api import Page

LONGEST: Final = 60.0  # seconds, on a busy machine: as long as `expect` and every action wait
PAUSE: Final = 50  # milliseconds between two looks


def wait_until(page: Page, condition: str, arg: Any = None) -> None:
    """Return once the JavaScript function `condition` returns true for `arg`. Raises AssertionError after LONGEST.

    Playwright's `wait_for_function` evaluates a string in the page, which the policy refuses at every look but
    the first: that function fails unless the condition holds at once.
    """
    deadline = time.monotonic() + LONGEST
    while not page.evaluate(condition, arg):
        assert time.monotonic() < deadline, f"it did not become true: {condition}"
        page.wait_for_timeout(PAUSE)
