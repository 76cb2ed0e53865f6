"""Fixtures that every test may use: the cast, and an empty Valkey to start from."""

from __future__ import annotations

import pytest
from django.core.cache import cache

pytest_plugins = ["tests.cast"]


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Rate limits and sessions of one test are nothing to the next."""
    cache.clear()
