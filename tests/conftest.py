"""Fixtures that every test may use: the cast, and an empty Valkey to start from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError
from django.core.management.commands import flush
from django.db import connection
from psycopg.errors import LockNotAvailable

pytest_plugins = ["tests.cast"]


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Rate limits and sessions of one test are nothing to the next."""
    cache.clear()


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


FLUSHES = 60  # tries
FLUSH_WAIT = 400  # milliseconds for one lock: less than PostgreSQL's deadlock_timeout of a second


@pytest.fixture(scope="session", autouse=True)
def patient_flush() -> Any:
    """Tables are emptied under servers that live on and may lock several of them in another order, for moments. It is
    the flush that gives way and tries again, before PostgreSQL sees a deadlock and picks a victim, maybe theirs."""
    once = flush.Command.handle

    def patient(self: flush.Command, **options: Any) -> None:
        for left in reversed(range(FLUSHES)):
            try:
                with _short_waits():
                    return once(self, **options)
            except CommandError as error:
                if not left or not isinstance(getattr(error.__cause__, "__cause__", None), LockNotAvailable):
                    raise
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", patient)
        yield


@contextmanager
def _short_waits() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {FLUSH_WAIT}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
