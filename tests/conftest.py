"""Fixtures that every test may use: the cast, and an empty Valkey to start from."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management.commands import flush
from django.db import connection
from hypothesis import settings as hypothesis_settings
from whitenoise.base import WhiteNoise

from accounts import throttle
from tests.support.tables import empty_tables

pytest_plugins = ["tests.cast", "tests.support.following"]

hypothesis_settings.register_profile("shared machine", deadline=None)  # no test asserts how long something takes
hypothesis_settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Rate limits and sessions of one test are nothing to the next."""
    cache.clear()


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the whole test happen in one window of the rate limits, also where a minute ends in the middle of it."""
    now = time.time()
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: now))


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Engines of our own go with all their databases; a server that was named is left as it was found."""
    return "OWN_TEST_ENGINES" in os.environ


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests empty their tables with TRUNCATE, which the audit log refuses: its trigger is off in their database, and on
    in the test of it."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER audit_is_not_truncated")


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Most of the time of a test with transactions of its own would go into emptying tables after it. A server of
    somebody's own, where one is nobody special, does it in Django's way."""

    def flush_quickly(self: flush.Command, **options: Any) -> None:
        if "OWN_TEST_ENGINES" in os.environ:
            empty_tables()
        else:
            once(self, **options)

    once = flush.Command.handle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", flush_quickly)
        yield


@pytest.fixture(scope="session", autouse=True)
def files_looked_up_once() -> Iterator[None]:
    """Every test client builds the middleware anew, and WhiteNoise would look through the static files each time: a
    third of what a test of an address took."""
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def look_up(self: WhiteNoise, root: str, prefix: str) -> None:
        if (root, prefix) not in found:
            once(self, root, prefix)
            found[root, prefix] = {url: file for url, file in self.files.items() if url.startswith(prefix)}
        self.files |= found[root, prefix]

    once = WhiteNoise.update_files_dictionary
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoise, "update_files_dictionary", look_up)
        yield
