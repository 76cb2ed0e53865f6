"""`make up`: one foreground process that starts everything, keeps it running, and stops it.

Parts, in the order in which they start: PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), the web
server, a Celery worker, beat. A part that dies is started again, with growing pauses. Parts write to files in `log/`;
the screen shows what a person needs (VERBOSE=1: everything).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

from config.launcher import embedded, processes
from config.launcher.embedded import EngineError, Postgres, Valkey
from config.launcher.processes import Launch, Stages
from config.secret_key import secret_key

PROJECT = Path(__file__).resolve().parents[2]
READY_TIMEOUT = 300.0  # seconds for migrations and the demo on a slow machine
STOPPING_TIMEOUT = 20.0  # seconds that `make up` and `make stop` give a server that is on its way out
STEADY = 60.0  # seconds after which a part counts as healthy again
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a dead part is started again
LOG_LIMIT = 20 * 2**20  # bytes a log file may have before it is moved aside; one older one is kept
LOOK = 1.0  # seconds to wait for one answer while starting; the open socket keeps us waiting for a server that died
TICK = 1.0  # seconds between two rounds of housekeeping when nothing happens
WEB_STOP = ((signal.SIGTERM, 6.5),)
# Celery finishes its tasks on SIGTERM; on SIGQUIT it puts them back, to be done by the next worker.
WORKER_STOP = ((signal.SIGTERM, 5.0), (signal.SIGQUIT, 1.5))


class StartError(Exception):
    """We cannot run; the text is for the person at the screen, a line a reason."""


class Stopped(BaseException):
    """Somebody wants us to stop. Not an Exception, so that no handler on the way takes it for a failure."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the person chose, from the environment."""

    home: Path
    host: str
    port: int
    verbose: bool

    @classmethod
    def from_environment(cls) -> Options:
        """Raises StartError."""
        port = os.environ.get("PORT", "").strip() or "8000"
        if not port.isdecimal() or int(port) > 65_535:
            raise StartError(f"PORT={port} is no port; write a number up to 65535, for example PORT=8001")
        return cls(
            home=Path(os.environ.get("PARLEY_HOME", "").strip() or PROJECT / ".parley").resolve(),
            host=os.environ.get("BIND", "").strip() or "127.0.0.1",
            port=int(port),
            verbose=os.environ.get("VERBOSE", "").strip() not in {"", "0"},
        )


@dataclass(kw_only=True)
class Part:
    """One process that is to be running."""

    name: str
    launch: Callable[[], Launch]
    stop_stages: Stages
    process: subprocess.Popen[bytes] | None = None
    log: Path = Path(os.devnull)
    log_start: int = 0  # where in the log the present process began
    started: float = 0.0
    deaths: int = 0
    restart_at: float | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start it. Raises EngineError or OSError."""
        launch = self.launch()
        self.log, self.log_start = launch.log, launch.log.stat().st_size if launch.log.exists() else 0
        self.started, self.restart_at = time.monotonic(), None
        self.process = processes.spawn(launch)
        return self.process

    def bury(self) -> float:
        """Clear away what is left of a dead process; returns the seconds to wait before the next."""
        assert self.process is not None  # noqa: S101
        processes.kill_group(self.process.pid)
        self.process = None
        if time.monotonic() - self.started > STEADY:
            self.deaths = 0
        return self.pause()

    def pause(self) -> float:
        """Set when to start it again: twice as late as last time, up to a bound. Returns the seconds."""
        seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.deaths, 10))
        self.deaths += 1
        self.restart_at = time.monotonic() + seconds
        return seconds

    def reasons(self) -> list[str]:
        """Why the process died, as far as it said: its explanations, or else its last words."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(self.log_start)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
            explained = [line.removeprefix("parley: ") for line in lines if line.startswith("parley: ")]
            return explained or [f"{line}; see {self.log}" for line in lines[-1:]]
        return []


@dataclass
class Supervisor:
    """Starts the parts, watches them, stops them."""

    options: Options
    parts: list[Part] = field(default_factory=list)
    ready: bool = False

    def run(self) -> None:
        """Run until a signal asks to stop. Raises StartError, EngineError."""
        began = time.monotonic()
        with _home_lock(self.options) as lock, _wakeups() as wakeups:
            try:
                self.start()
                self.announce(time.monotonic() - began)
                lock.write({"pid": os.getpid(), "url": self.url()})
                self.watch(wakeups)
            except Stopped:
                pass
            finally:
                lock.write({"pid": os.getpid(), "stopping": True})
                _after_this_signals_kill()
                self.stop()

    def start(self) -> None:
        """Start the parts in order, each when what it needs is ready."""
        options = self.options
        sockets = embedded.prepare(options.home)
        secret_key(options.home)  # before anything signs with it
        self.socket = listen(options.host, options.port)
        postgres, valkey = Postgres(options.home, sockets, say=say), Valkey(options.home, sockets)
        engines: list[Postgres | Valkey] = [] if os.environ.get("DATABASE_URL") else [postgres]
        engines += [] if os.environ.get("REDIS_URL") else [valkey]
        first = not (options.home / "postgres").exists() and postgres in engines
        if first:
            say(f"creating {options.home}")
        started = [(engine, self.add(engine.name, engine.launch, engine.stop_stages)) for engine in engines]
        for engine, process in started:
            engine.wait_ready(process)
        os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or postgres.url()
        os.environ["REDIS_URL"] = os.environ.get("REDIS_URL") or valkey.url()
        if first:
            say("preparing the database, once")
        self.add("web", self._web, WEB_STOP)
        self.wait_ready()
        self.add("worker", self._worker, WORKER_STOP)
        self.add("beat", self._beat, WEB_STOP)

    def add(self, name: str, launch: Callable[[], Launch], stop_stages: Stages) -> subprocess.Popen[bytes]:
        """Start a new part and look after it from now on."""
        part = Part(name=name, launch=launch, stop_stages=stop_stages)
        self.parts.append(part)
        return part.start()

    def wait_ready(self) -> None:
        """Wait until the web server says that it can do its work. Raises StartError."""
        web = self.parts[-1]

        def ready() -> bool:
            if web.process is None or web.process.poll() is not None:
                raise StartError("\n".join(web.reasons()) or f"the web server did not start; see {web.log}")
            return _is_ready(self.url(loopback=True))

        if not processes.wait_until(ready, seconds=READY_TIMEOUT):
            raise StartError(f"the web server was not ready in {READY_TIMEOUT:.0f} s; see {web.log}")

    def announce(self, seconds: float) -> None:
        """Say where to go and how to sign in."""
        self.ready = True
        state = _read_json(self.options.home / "run" / "prepared.json")
        say(f"ready in {seconds:.1f} s: {self.url()}")
        lines = ["", "  Sign in   create your organization on the first page"]
        if state.get("demo"):
            lines = ["", "  Sign in   owner@acme.example, password parley-demo"]
            lines += ["            also moderator@, member@ and guest@, and the same at globex.example"]
        elif not state.get("empty"):
            lines = ["", "  Sign in   with your account"]
        lines += [f"  Data      {self.options.home}", f"  Logs      {self.options.home / 'log'}", *self.mail_lines()]
        lines += [*self.reach_lines(demo=bool(state.get("demo"))), "  Stop      Ctrl-C", ""]
        with suppress(OSError):
            print("\n".join(lines), flush=True)

    def mail_lines(self) -> list[str]:
        """Where mail goes: without EMAIL_HOST into a folder, whose letters the person at the screen can pass on."""
        if os.environ.get("EMAIL_HOST", "").strip():
            return [f"  Mail      by {os.environ['EMAIL_HOST'].strip()}"]
        return [
            f"  Mail      {self.options.home / 'mail'} (no EMAIL_HOST: nothing is sent, every letter is a file there)"
        ]

    def reach_lines(self, *, demo: bool) -> list[str]:
        """What a person must know who lets other machines in."""
        host = self.socket.getsockname()[0]
        if host in {"127.0.0.1", "::1"}:
            return []
        lines = []
        if demo:
            lines += ["  Careful   other machines reach this server, and the password of the demo is public: DEMO=0"]
        if not os.environ.get("BASE_URL", "").strip():
            lines += [f"  Links     start with {self.url()}; for other machines write BASE_URL=http://NAME:PORT"]
        return lines

    def watch(self, wakeups: int) -> None:
        """Start again what dies, keep logs small; returns never, Stopped ends it."""
        tails = {part.name: Tail(part) for part in self.parts} if self.options.verbose else {}
        while True:
            due = [part.restart_at for part in self.parts if part.restart_at is not None]
            _sleep(wakeups, min([TICK, *(max(0.0, at - time.monotonic()) for at in due)]))
            for part in self.parts:
                self.look_after(part)
                limit_log(part.log)
            for tail in tails.values():
                tail.show()

    def look_after(self, part: Part) -> None:
        """Start a dead part again when its pause is over."""
        if part.process is not None and part.process.poll() is not None:
            how = _how_it_ended(part.process.returncode)
            pause = part.bury()
            say(f"{part.name} {how}; starting it again in {pause:.1f} s (log: {part.log})")
        if part.restart_at is None or part.restart_at > time.monotonic():
            return
        try:
            part.start()
        except (EngineError, OSError) as error:
            say(f"{part.name} cannot be started: {error}; trying again in {part.pause():.1f} s")

    def stop(self) -> None:
        """Stop the parts, first those that use the engines, then the engines."""
        running = [(part, part.process) for part in self.parts if part.process is not None]
        if self.ready:  # else the reason why not is all there is to say
            say("stopping")
        engines = {"postgres", "valkey"}
        processes.stop_all([(process, part.stop_stages) for part, process in running if part.name not in engines])
        processes.stop_all([(process, part.stop_stages) for part, process in running if part.name in engines])
        embedded.forget(self.options.home)
        if self.ready:
            say("stopped")

    def url(self, *, loopback: bool = False) -> str:
        """The address to show, or the one by which this machine reaches the server."""
        host, port = self.socket.getsockname()[:2]
        if host in {"0.0.0.0", "::"}:  # noqa: S104  (compared, not bound)
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}[host]  # noqa: S104
        if not loopback and host in {"127.0.0.1", "::1"}:
            host = "localhost"
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _web(self) -> Launch:
        descriptor = self.socket.fileno()
        return self._python("web", "-m", "config.serve", "--prepare", "--bind", f"fd:{descriptor}", files=[descriptor])

    def _worker(self) -> Launch:
        return self._celery("worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--events")

    def _beat(self) -> Launch:
        return self._celery("beat", "--schedule", str(self.options.home / "run" / "beat"), "--pidfile=")

    def _celery(self, command: str, *arguments: str) -> Launch:
        return self._python(command, "-m", "celery", "-A", "config", "--quiet", command, *arguments)

    def _python(self, name: str, *arguments: str, files: Sequence[int] = ()) -> Launch:
        return Launch(
            argv=[sys.executable, *arguments],
            log=self.options.home / "log" / f"{name}.log",
            folder=PROJECT,
            environment={
                processes.MARK: str(self.options.home),
                "PARLEY_HOME": str(self.options.home),
                "BASE_URL": os.environ.get("BASE_URL", "").strip() or self.url(),
            },
            files=files,
        )


@dataclass
class Tail:
    """Shows what a part writes, each line with the part's name in front."""

    part: Part
    position: int = 0
    rest: bytes = b""

    def __post_init__(self) -> None:
        self.position = self.part.log_start

    def show(self) -> None:
        """Print what is new."""
        with suppress(OSError), self.part.log.open("rb") as log:
            self.position = min(self.position, os.fstat(log.fileno()).st_size)  # it may have been moved aside
            log.seek(self.position)
            *lines, self.rest = (self.rest + log.read()).split(b"\n")
            self.position = log.tell()
            for line in lines:
                print(f"{self.part.name:>8} | {line.decode(errors='replace')}", flush=True)


@dataclass
class HomeLock:
    """The file that says who runs on a data folder; held as long as the process lives."""

    descriptor: int

    def write(self, content: dict[str, object]) -> None:
        """Replace what it says."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps(content).encode(), 0)


def main(arguments: Sequence[str]) -> int:
    """Run or stop; returns the exit status, 0 also after Ctrl-C."""
    home: Path | None = None
    try:
        options = Options.from_environment()
        home = options.home
        # Logs and mail are nobody else's; as root, PostgreSQL's user passes through our folders.
        os.umask(0o066 if os.geteuid() == 0 else 0o077)
        if arguments[1:] == ["stop"]:
            stop_running(options)
        else:
            if "MAKELEVEL" in os.environ:
                processes.die_with_parent(signal.SIGTERM)  # a killed make takes us along
            Supervisor(options).run()
    except (StartError, EngineError) as error:
        for line in str(error).splitlines():
            say(line, file=sys.stderr)
        return 1
    except OSError as error:
        say(f"{error.strerror or error}: {error.filename or home}", file=sys.stderr)
        return 1
    except Stopped:
        pass
    return 0


def stop_running(options: Options) -> None:
    """Stop the server of this data folder and wait until it has. Raises StartError."""
    path = options.home / "run" / "lock"
    if not path.exists() or _is_free(path):
        say(f"nothing runs on {options.home}")
        return
    os.kill(int(str(_read_json(path)["pid"])), signal.SIGTERM)
    if not processes.wait_until(lambda: _is_free(path), seconds=STOPPING_TIMEOUT):
        raise StartError(f"it has not stopped within {STOPPING_TIMEOUT:.0f} s; see {options.home / 'log'}")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises StartError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(4096)
    except socket.gaierror:
        raise StartError(f"BIND={host} is no address of this machine; leave it out or write BIND=0.0.0.0") from None
    except OSError as error:
        raise StartError(_why_not_bound(error, host, port)) from None
    return listener


def limit_log(log: Path) -> None:
    """Move a log aside once it is large; the part appends to the same, now empty file."""
    with suppress(OSError):
        if log.stat().st_size > LOG_LIMIT:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def say(line: str, *, file: TextIO | None = None) -> None:
    """Print a line for the person at the screen."""
    with suppress(OSError):  # the screen may be gone; that is no reason to stop
        print(f"Parley: {line}", file=file or sys.stdout, flush=True)


@contextmanager
def _home_lock(options: Options) -> Iterator[HomeLock]:
    """Only one supervisor a data folder. One that is stopping is waited for. Raises StartError."""
    path = options.home / "run" / "lock"
    try:
        path.parent.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        if _read_json(path).get("stopping"):
            processes.wait_until(lambda: _is_free(path), seconds=STOPPING_TIMEOUT)
        descriptor = _try_lock(path)
    except OSError as error:
        reason = f"cannot write to {options.home}: {error.strerror}"
        raise StartError(f"{reason}; choose another folder with PARLEY_HOME") from None
    if descriptor is None:
        holder = _read_json(path)
        where = holder.get("url", "starting")
        raise StartError(f"already running on {options.home} ({where}, process {holder.get('pid')}): make stop ends it")
    lock = HomeLock(descriptor)
    lock.write({"pid": os.getpid()})
    try:
        yield lock
    finally:
        os.close(descriptor)


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _is_free(path: Path) -> bool:
    descriptor = _try_lock(path)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


@contextmanager
def _wakeups() -> Iterator[int]:
    """A file descriptor that becomes readable with every signal; those that mean "stop" raise Stopped."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_stopped)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(-1)


def _raise_stopped(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _after_this_signals_kill() -> None:
    """While stopping, a further Ctrl-C means "now": the kernel then ends the parts with us."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _sleep(wakeups: int, seconds: float) -> None:
    ready, _, _ = select.select([wakeups], [], [], seconds)
    if ready:
        os.read(wakeups, 4096)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=LOOK) as answer:  # noqa: S310  (our own address)
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _why_not_bound(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken; choose another, for example: make up PORT={port + 1}"
    if error.errno == errno.EACCES:
        return f"port {port} is for root; choose one from 1024 up, for example: make up PORT=8000"
    return f"cannot listen on {host} port {port}: {error.strerror}"


def _how_it_ended(status: int) -> str:
    return f"was killed ({signal.Signals(-status).name})" if status < 0 else f"ended (status {status})"


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv))
