"""`make up` with real processes: started, killed, recovered, stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from django.conf import settings

from config.launcher import embedded, processes, supervisor
from config.launcher.embedded import running_urls

START = 120.0  # seconds for a first start on a busy machine
RECOVERY = 60.0
STOP = 60.0  # a part that does not end is killed long before
PARTS = ("config.serve", "celery -A config --quiet worker", "celery -A config --quiet beat")


class Up:
    """One `make up`, as a person sees it."""

    def __init__(self, home: Path, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        chosen = {"PARLEY_HOME": str(home), "PORT": "0", "DEMO": "0", **environment}
        self.home = home
        self.screen: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.launcher.supervisor"],
            cwd=settings.BASE_DIR,
            env=kept | chosen,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            self.screen.extend(line.rstrip("\n") for line in stdout)

    def wait_for(self, pattern: str, *, seconds: float = START) -> re.Match[str]:
        """Wait until a line on the screen matches."""

        def seen() -> bool:
            return any(re.search(pattern, line) for line in self.screen) or self.process.poll() is not None

        processes.wait_until(seen, seconds=seconds)
        for line in list(self.screen):
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"{pattern!r} is not on the screen: {self.screen}")

    def ready(self) -> Up:
        self.url = self.wait_for(r"ready in .* s: (http://\S+)")[1]
        self.wait_running()
        return self

    def letters(self) -> str:
        """All mail sent so far: without a mail server it goes to a folder."""
        return "".join(each.read_text() for each in (self.home / "mail").glob("*.log"))

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:  # noqa: S310  (our own address)
                return bool(answer.status == 200)
        except OSError:
            return False

    def part(self, words: str) -> psutil.Process | None:
        """The part with these words in its command line, not one that it started itself."""
        for each in processes.leaders(processes.marked(self.home)):
            with suppress(psutil.NoSuchProcess):
                if words in " ".join(each.cmdline()):
                    return each
        return None

    def engine(self, folder: str) -> psutil.Process | None:
        return next(iter(processes.leaders(processes.engines_in(self.home / folder))), None)

    def wait_running(self) -> None:
        assert processes.wait_until(lambda: all(self.part(words) for words in PARTS), seconds=RECOVERY)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        status = self.process.wait(timeout=STOP)
        self.reader.join(timeout=60)
        return status

    def nothing_left(self, *, seconds: float = STOP) -> bool:
        folders = [self.home / "postgres", self.home / "valkey"]
        return processes.wait_until(
            lambda: not processes.marked(self.home) and not any(map(processes.engines_in, folders)), seconds=seconds
        )


@pytest.fixture
def start(data_folder: Path) -> Iterator[Callable[..., Up]]:
    """Starts a supervisor on a data folder whose path has a space; whatever a test leaves running is ended."""
    started: list[Up] = []

    def start(folder: str = "home", **environment: str) -> Up:
        up = Up(data_folder / folder, **environment)
        started.append(up)
        return up

    yield start
    for up in started:
        if up.process.poll() is None:
            up.end(signal.SIGTERM)
        up.reader.join(timeout=60)


def keep(home: Path) -> None:
    with psycopg.connect(running_urls(home).database) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def kept(home: Path) -> int:
    with psycopg.connect(running_urls(home).database) as connection:
        return int((connection.execute("SELECT answer FROM kept").fetchone() or [0])[0])


def sign_up(up: Up, email: str) -> None:
    with httpx.Client(base_url=up.url, follow_redirects=True, timeout=START) as browser:
        browser.get("/accounts/signup/")
        form = {
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            "organization": "Acme",
            "slug": "acme",
            "name": "Alice",
            "email": email,
            "password1": "correct-horse-7",
        }
        answer = browser.post("/accounts/signup/", data=form, headers={"Referer": up.url})
        assert answer.url.path.startswith("/o/acme/"), answer.text


def test_starts_says_where_to_go_sends_mail_and_stops_cleanly(start: Callable[..., Up]) -> None:
    up = start().ready()
    assert up.answers()
    assert any("create your organization" in line for line in up.screen)
    assert any(f"{up.home / 'mail'} (no EMAIL_HOST" in line for line in up.screen)
    assert stat.S_IMODE((up.home / "secret_key").stat().st_mode) == 0o600
    sign_up(up, "alice@acme.test")  # by the web server, to the worker, without a mail server to a folder
    # What stands in a letter, not that there is a file: Django makes the file first and writes into it afterwards.
    assert processes.wait_until(lambda: "To: alice@acme.test" in up.letters(), seconds=RECOVERY)
    assert f"{up.url}/accounts/confirm-email/" in up.letters()  # whatever Host the request had
    record = running_urls(up.home)
    assert record.database != embedded.DEFAULT_DATABASE_URL

    assert up.end(signal.SIGINT) == 0
    assert up.screen[-1] == "Parley: stopped"
    assert up.nothing_left(seconds=0)
    assert running_urls(up.home).database == embedded.DEFAULT_DATABASE_URL
    assert not (up.home / "postgres" / "postmaster.pid").exists()


def test_every_killed_part_comes_back_and_nothing_is_lost(start: Callable[..., Up]) -> None:
    up = start().ready()
    keep(up.home)
    finders: list[Callable[[], psutil.Process | None]] = [
        lambda: up.engine("postgres"),
        lambda: up.engine("valkey"),
        *(lambda words=words: up.part(words) for words in PARTS),  # type: ignore[misc]
    ]
    for find in finders:
        victim = find()
        assert victim is not None
        victim.kill()

        def another(find: Callable[[], psutil.Process | None] = find, gone: int = victim.pid) -> bool:
            return (found := find()) is not None and found.pid != gone

        assert processes.wait_until(another, seconds=RECOVERY), up.screen
        assert processes.wait_until(up.answers, seconds=RECOVERY), up.screen
    assert kept(up.home) == 42
    assert len([line for line in up.screen if "was killed (SIGKILL); starting it again" in line]) == len(finders)
    assert up.end() == 0


def test_a_killed_supervisor_takes_everything_along_and_the_next_one_recovers(start: Callable[..., Up]) -> None:
    up = start().ready()
    keep(up.home)
    up.process.kill()
    up.process.wait()
    assert up.nothing_left()

    again = start().ready()
    assert kept(again.home) == 42
    assert again.end(signal.SIGTERM) == 0


def test_everything_killed_at_once_is_recovered_by_the_next_start(start: Callable[..., Up]) -> None:
    up = start().ready()
    keep(up.home)
    everything = [
        *processes.marked(up.home),
        *processes.engines_in(up.home / "postgres"),
        *processes.engines_in(up.home / "valkey"),
    ]
    up.process.kill()
    for each in everything:
        with suppress(psutil.NoSuchProcess):  # it may be going already
            each.kill()
    up.process.wait()
    assert (up.home / "postgres" / "postmaster.pid").exists()

    again = start().ready()
    assert kept(again.home) == 42


def test_a_second_one_on_the_same_folder_is_refused_and_stop_ends_the_first(start: Callable[..., Up]) -> None:
    up = start().ready()
    second = start()
    assert second.process.wait(timeout=START) == 1
    second.reader.join(timeout=60)
    (line,) = second.screen
    assert re.fullmatch(rf"Parley: already running on {up.home} \({up.url}, process {up.process.pid}\): .*", line)

    environment = {**os.environ, "PARLEY_HOME": str(up.home)}
    stop = [sys.executable, "-m", "config.launcher.supervisor", "stop"]
    done = subprocess.run(stop, cwd=settings.BASE_DIR, env=environment, check=False, timeout=START)
    assert (done.returncode, up.process.wait(timeout=STOP)) == (0, 0)
    assert up.nothing_left(seconds=0)


def test_two_run_side_by_side(start: Callable[..., Up]) -> None:
    one, two = start("one"), start("two")
    assert one.ready().url != two.ready().url
    keep(one.home)
    with pytest.raises(psycopg.errors.UndefinedTable):
        kept(two.home)


def test_a_taken_port_is_one_clear_line(start: Callable[..., Up]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = start(PORT=str(port))
        assert up.process.wait(timeout=START) == 1
    up.reader.join(timeout=60)
    assert up.screen == [f"Parley: port {port} is taken; choose another, for example: make up PORT={port + 1}"]
    assert up.nothing_left(seconds=0)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PORT": "eighty"}, r"PORT=eighty is no port; write a number up to 65535, for example PORT=8001"),
        ({"PORT": "65536"}, r"PORT=65536 is no port; .*"),
        ({"BIND": "192.0.2.1"}, r"cannot listen on 192\.0\.2\.1 port 0: .*"),
        (
            {"PARLEY_HOME": "/proc/nowhere"},
            r"cannot write to /proc/nowhere: .*; choose another folder with PARLEY_HOME",
        ),
        ({"PARLEY_HOME": "/dev/null"}, r"cannot write to /dev/null: .*; choose another folder with PARLEY_HOME"),
    ],
)
def test_what_cannot_work_is_one_clear_line(
    start: Callable[..., Up], environment: dict[str, str], expected: str
) -> None:
    up = start(**environment)
    assert up.process.wait(timeout=START) == 1
    up.reader.join(timeout=60)
    (line,) = up.screen
    assert re.fullmatch(f"Parley: {expected}", line)


def test_an_unreachable_database_is_one_clear_line(start: Callable[..., Up]) -> None:
    up = start(DATABASE_URL="postgresql://somebody:secret@127.0.0.1:1/parley")
    assert up.process.wait(timeout=START) == 1
    up.reader.join(timeout=60)
    (reason,) = [line for line in up.screen if "DATABASE_URL" in line]
    assert "the database does not let us in (DATABASE_URL)" in reason
    assert "secret" not in "".join(up.screen)
    assert "Traceback" not in "".join(up.screen)
    assert up.nothing_left(seconds=0)


def test_wrong_settings_are_named_with_what_to_write(start: Callable[..., Up]) -> None:
    up = start(TRUSTED_PROXIES="many", LOG_LEVEL="LOUD")
    assert up.process.wait(timeout=START) == 1
    up.reader.join(timeout=60)
    assert [line for line in up.screen if "parley.E001" in line] == [
        "Parley: TRUSTED_PROXIES=many cannot be read. Write a whole number from 0 to 5. (parley.E001)",
        "Parley: LOG_LEVEL=LOUD cannot be read. Write one of DEBUG, INFO, WARNING, ERROR. (parley.E001)",
    ]


def test_named_engines_are_used_and_none_are_started(start: Callable[..., Up]) -> None:
    database = os.environ["DATABASE_URL"].replace("/parley?", "/postgres?")
    name = f"named_{os.getpid()}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            up = start(
                DATABASE_URL=database.replace("/postgres?", f"/{name}?"), REDIS_URL=os.environ["REDIS_URL"]
            ).ready()
            assert up.answers()
            assert not (up.home / "postgres").exists()
            assert not (up.home / "valkey").exists()
            assert up.end() == 0
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_verbose_shows_every_part_with_its_name(start: Callable[..., Up]) -> None:
    up = start(VERBOSE="1").ready()
    up.wait_for(r"^postgres \| .*database system is ready to accept connections")
    up.wait_for(r"^     web \| .*server process")
    assert up.end() == 0


def test_pauses_grow_and_have_a_bound(tmp_path: Path) -> None:
    log = tmp_path / "log"
    launch = processes.Launch(argv=["false"], log=log, folder=tmp_path)
    part = supervisor.Part(name="failing", launch=lambda: launch, stop_stages=())
    pauses = []
    for _ in range(9):
        part.start().wait()
        pauses.append(part.bury())
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_large_log_is_moved_aside_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"more than ten bytes\n")
        supervisor.limit_log(log)
        writer.write(b"short\n")
        supervisor.limit_log(log)
    assert log.read_bytes() == b"short\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"more than ten bytes\n"
