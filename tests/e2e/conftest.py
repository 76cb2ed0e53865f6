"""A real server (uvicorn, hashed files, strict policy) on the database of the tests, and real browsers before it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from accounts.models import Member
from tests.cast import sign_in
from tests.e2e.chromium import ARGUMENTS, PROGRAM
from tests.e2e.person import Person
from tests.e2e.profiles import Kind, Profiles
from tests.e2e.waiting import LONGEST
from tests.support.ports import reserved_port

START = 120.0  # seconds that the server may take on a busy machine

# All tests share one address, and sign in more often than an office of people does.
PATIENT = {"STRANGER_WORK": "100000", "HANDSHAKES_AT_ONCE": "100000", "CONNECTIONS_AT_ONCE": "100000"}

expect.set_options(timeout=1000 * LONGEST)


class Server:
    """One process that can be killed and started again at the same address."""

    def __init__(self, database: str, log: Path, port: int) -> None:
        self._port = port
        self._log = log
        self._environment = {**os.environ, "DATABASE_URL": database, "LOG_LEVEL": "WARNING"} | PATIENT
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"http://localhost:{self._port}"

    def start(self) -> None:
        if self._process is not None:
            return
        command = [sys.executable, "-m", "config.serve", "--bind", f"127.0.0.1:{self._port}"]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(command, env=self._environment, stdout=output, stderr=subprocess.STDOUT)
        _wait_until_ready(self.address, self._process, self._log)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
        self._process = None


@pytest.fixture(scope="session")
def running_server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One a worker; the tables are emptied under it between tests."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    with reserved_port() as port:
        server = Server(database, tmp_path_factory.mktemp("server") / "log", port)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def server(running_server: Server) -> str:
    """The address of a running server."""
    running_server.start()  # the test before may have ended it
    return running_server.address


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all browser tests of a worker, which tests/engines.py puts in a row.

    It ends before other tests run: while Playwright runs, its event loop is in the way of asynchronous tests.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def profiles(chromium: Browser) -> Profiles:
    return Profiles(chromium)


@pytest.fixture(autouse=True)
def queries_beside_playwright(chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's synchronous interface runs an event loop in this thread; Django would refuse queries beside it."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture
def browser_of(
    queries_beside_playwright: None, transactional_db: None, server: str, profiles: Profiles
) -> Iterator[Callable[..., Person]]:
    """`browser_of(alice)`: Alice in a browser of her own, signed in. Errors in its console fail the test in the end.
    `form`: she signs in by the form instead of being signed in already. `sockets=False`: behind a proxy that lets no
    WebSocket through. `own`: in a profile that nobody gets after her, for a test that changes more than its pages."""
    people: list[Person] = []
    opened: list[tuple[Kind, BrowserContext]] = []
    borrowed: list[tuple[Kind, BrowserContext]] = []

    def open_browser(
        member: Member,
        *,
        phone: bool = False,
        dark: bool = False,
        sockets: bool = True,
        form: bool = False,
        own: bool = False,
    ) -> Person:
        kind = Kind(phone, dark)
        own = own or not sockets
        context = profiles.make(kind, server) if own else profiles.take(kind, server)
        (opened if own else borrowed).append((kind, context))
        if not sockets:
            context.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
        person = Person(context.new_page(), member)
        people.append(person)
        if form:
            person.sign_in()
        else:
            session = sign_in(Client(), member.user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server}])
            person.arrive()
        return person

    yield open_browser
    everybody = [*people, *(other for person in people for other in person.others)]
    problems = [f"{person.member.name}: {problem}" for person in everybody for problem in person.problems]
    for kind, context in borrowed:
        profiles.give_back(kind, context, server)
    for _, context in opened:
        context.close()
    _wait_until_quiet()
    assert not problems, "\n".join(problems)


@pytest.fixture
def follow(browser_of: Callable[..., Person], follow_all: Callable[[], int]) -> Callable[[], None]:
    """`follow()` gives the committed events to the followers of the log, as a Celery worker does in earnest."""

    def work() -> None:
        """In a thread of its own, beside Playwright's event loop."""
        try:
            with transaction.atomic():
                follow_all()
        finally:
            connection.close()

    def follow() -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(work).result()

    return follow


def _wait_until_quiet() -> None:
    """Until the server has noticed that everybody is gone: what it still wrote would be part of the next test."""
    deadline = time.monotonic() + START
    busy = (
        "SELECT EXISTS (SELECT FROM chat_client WHERE node_id IS NOT NULL) OR EXISTS (SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle')"
    )
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(busy)
            if cursor.fetchone() == (False,):
                return
        time.sleep(0.05)
    raise RuntimeError("the server does not come to rest")


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/readyz", timeout=2):  # noqa: S310  (our own address)
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-4000:]}")
