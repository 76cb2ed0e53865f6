"""Fixtures that every test may use: the cast, and an empty Valkey to start from."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError
from django.core.management.commands import flush

pytest_plugins = ["tests.cast"]


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Rate limits and sessions of one test are nothing to the next."""
    cache.clear()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Engines of our own go with all their databases; a server that was named is left as it was found."""
    return "OWN_TEST_ENGINES" in os.environ


FLUSHES = 20  # tries; each deadlock costs PostgreSQL's deadlock_timeout of a second


@pytest.fixture(scope="session", autouse=True)
def patient_flush() -> Any:
    """Tables are emptied under servers that live on, and that read several of them in another order: where PostgreSQL
    calls that a deadlock and picks the flush as its victim, it is tried again."""
    once = flush.Command.handle

    def again(self: flush.Command, **options: Any) -> None:
        for left in reversed(range(FLUSHES)):
            try:
                return once(self, **options)
            except CommandError as error:
                if not left or "deadlock detected" not in str(error.__cause__):
                    raise
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", again)
        yield
