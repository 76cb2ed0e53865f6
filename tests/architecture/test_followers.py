"""Every follower in the code has a docstring that says what it does, a plain name, and a test that runs it."""

from __future__ import annotations

import inspect
from pathlib import Path

from django.conf import settings

from chat.delivery.followers.registry import NAME, registered

TESTS = Path(settings.BASE_DIR) / "tests"


def test_every_follower_is_documented_and_tested() -> None:
    followers = registered()
    assert followers, "the app registers its followers when it starts"
    texts = [path.read_text() for path in TESTS.rglob("test_*.py")]
    for each in followers:
        assert NAME.fullmatch(each.name)
        assert inspect.getdoc(each.handler), each.name
        package = inspect.getmodule(each.handler).__name__.rpartition(".")[0]
        assert any(package in text and "follow_all" in text for text in texts), f"no test follows {each.name}"
