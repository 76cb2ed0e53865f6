"""A pytest plugin (`-p tests.engines`): real PostgreSQL and Valkey for this run, before the settings are read.

PostgreSQL is started once and shared: pytest-django gives each worker a database of its own. Valkey is started by every
worker, because publish and subscribe know no database numbers. All of it works in temporary folders, which are removed
at the end; what a killed run leaves is removed by the next one. Name a `DATABASE_URL` to use a server of your own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from asgiref.sync import SyncToAsync

from config.launcher.embedded import engines, temporary_home

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / ".pytest_cache" / "staticfiles"
STATIC_KEPT = 86_400  # seconds
FIRST = [ROOT / "tests" / folder for folder in ("chaos", "config/launcher", "e2e")]
MOST_RETRIES = 3  # of browser tests in one run; each is a race that is still to be found

_running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Runs around pytest-django's own hook, in which it loads the settings."""
    start()
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """In the process that starts the workers this comes before they start."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        collect_static()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first, in whatever order chance gave them, so that no core waits for them at the end.

    Browser tests follow each other, because they share one browser, which ends when another test comes.
    """
    items.sort(
        key=lambda item: next((at for at, folder in enumerate(FIRST) if item.path.is_relative_to(folder)), len(FIRST))
    )


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """A browser test is tried once more; what failed at first is printed, and MOST_RETRIES of them fail the run."""
    if item.path.is_relative_to(ROOT / "tests" / "e2e"):
        item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for test in _retried(terminalreporter):
        terminalreporter.write_line(f"tried again: {test}", yellow=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and len(_retried(reporter)) >= MOST_RETRIES:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _retried(reporter: pytest.TerminalReporter) -> list[str]:
    """Return the tests that were tried again, each once: a call and its teardown may both have failed."""
    return sorted({report.nodeid for report in reporter.stats.get("rerun", ())})


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Give back the connection of the thread in which asynchronous tests reach the ORM, before tables are emptied."""
    from django.db import connections

    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _running.close()


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """Where a test may start engines of its own; the path has a space. All that runs there is ended afterwards.

    Not in pytest's temporary folder: each new run closes that to other users, and as root PostgreSQL is another user.
    """
    with temporary_home() as home:
        yield home / "a home"


def start() -> None:
    """Start what this process needs and point the settings at it."""
    home = _running.enter_context(temporary_home())
    postgres = "DATABASE_URL" not in os.environ  # a worker inherits it
    urls = _running.enter_context(engines(home, durable=False, postgres=postgres))
    if postgres:
        os.environ["DATABASE_URL"] = urls.database
        os.environ["OWN_TEST_ENGINES"] = "1"
    os.environ |= {"REDIS_URL": urls.redis, "PARLEY_HOME": str(home), "STATIC_ROOT": str(static_folder())}


def static_folder() -> Path:
    """Hashed static files are what people get, so they are what is tested. They are kept between runs, in a folder for
    each state of their sources: a run must not lose them because somebody edits them, or runs the tests, meanwhile."""
    if "STATIC_ROOT" in os.environ:
        return Path(os.environ["STATIC_ROOT"])  # a worker inherits it
    digest = hashlib.sha256()
    makers = [ROOT / "config/static_files.py", ROOT / "requirements-dev.lock"]
    for path in sorted([*(ROOT / "static").rglob("*"), *makers]):
        found = path.stat()
        digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return STATIC / digest.hexdigest()[:16]


def collect_static() -> None:
    """Make the hashed files, one run at a time, and put away those that nobody used for a day."""
    from config.management.commands.prepare import Command

    folder = Path(os.environ["STATIC_ROOT"])
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    with (STATIC / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Command().collect()
        for other in STATIC.iterdir():
            if other.is_dir() and other.stat().st_mtime < time.time() - STATIC_KEPT:
                shutil.rmtree(other)
