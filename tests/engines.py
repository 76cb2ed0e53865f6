"""A pytest plugin (`-p tests.engines`): real PostgreSQL and Valkey for this run, before the settings are read.

PostgreSQL is started once and shared: pytest-django gives each worker a database of its own. Valkey is started by every
worker, because publish and subscribe know no database numbers. Both work in a temporary folder, which is removed at
the end; what a killed run leaves is removed by the next one. Name a `DATABASE_URL` to use a server of your own.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from config.embedded import engines, temporary_home

_running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Runs around pytest-django's own hook, in which it loads the settings."""
    start()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _running.close()


def start() -> None:
    """Start what this process needs and point the settings at it."""
    home = _running.enter_context(temporary_home())
    postgres = "DATABASE_URL" not in os.environ  # a worker inherits it
    urls = _running.enter_context(engines(home, durable=False, postgres=postgres))
    if postgres:
        os.environ["DATABASE_URL"] = urls.database
    os.environ["REDIS_URL"] = urls.redis
    os.environ["PARLEY_HOME"] = str(home)
