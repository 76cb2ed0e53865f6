"""The whole of Parley as real processes: PostgreSQL, Valkey and any number of nodes, each of which can be made to
fail.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from config.launcher import processes
from config.launcher.embedded import Postgres, Valkey, prepare, temporary_home

ROOT = Path(__file__).resolve().parents[2]
START = 120.0  # seconds for a process to answer, on a machine with much else to do


@dataclass
class NodeProcess:
    """One uvicorn with the application."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port


@dataclass
class Stack:
    home: Path
    postgres: Postgres
    valkey: Valkey
    environment: Mapping[str, str] = field(default_factory=dict)
    nodes: list[NodeProcess] = field(default_factory=list)
    engines: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def settings(self) -> dict[str, str]:
        """The environment of everything that belongs to this stack."""
        return {
            "DATABASE_URL": self.postgres.url(),
            "REDIS_URL": self.valkey.url(),
            "PARLEY_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
            **self.environment,
        }

    def start_postgres(self) -> None:
        self.engines["postgres"] = process = processes.spawn(self.postgres.launch())
        self.postgres.wait_ready(process)

    def stop_postgres(self) -> None:
        """As an administrator restarts it: every connection is cut off at once."""
        self._stop("postgres", signal.SIGINT)

    def start_valkey(self) -> None:
        """With nothing in it."""
        self.engines["valkey"] = process = processes.spawn(self.valkey.launch())
        self.valkey.wait_ready(process)

    def stop_valkey(self) -> None:
        self._stop("valkey", signal.SIGKILL)

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, ROOT / "manage.py", *arguments],
            env={**os.environ, **self.settings},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def start_node(self, *, port: int = 0) -> NodeProcess:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(2048)
        log = (self.home / "log" / "nodes.log").open("ab")
        with listening, log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.node", str(listening.fileno())],
                env={**os.environ, **self.settings},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                pass_fds=[listening.fileno()],
            )
            node = NodeProcess(listening.getsockname()[1], process)
        self.nodes.append(node)
        self._wait_for(node)
        return node

    def kill_node(self, node: NodeProcess) -> None:
        self._end_node(node, signal.SIGKILL)

    def stop_node(self, node: NodeProcess) -> float:
        """Ask it to stop; the seconds that it took."""
        started = time.monotonic()
        self._end_node(node, signal.SIGTERM)
        return time.monotonic() - started

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a Celery worker for the followers, with a beat of its own. Returns before it is ready."""
        number = next(self._numbers)
        schedule = self.home / "run" / f"beat-{number}"
        queue = ["--concurrency", "1", "--queues", "parley.followers", "--hostname", f"{number}@stack"]
        beat = ["--beat", "--schedule", str(schedule)]
        with (self.home / "log" / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", "--quiet", "worker", *queue, *beat],
                env={**os.environ, **self.settings},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.workers.append(process)
        return process

    def kill_worker(self, process: subprocess.Popen[bytes]) -> None:
        """End it and its children without warning."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=START)
        self.workers.remove(process)

    def log(self) -> str:
        return (self.home / "log" / "nodes.log").read_text(errors="replace")

    def _end_node(self, node: NodeProcess, number: signal.Signals) -> None:
        node.process.send_signal(number)
        node.process.wait(timeout=START)
        self.nodes.remove(node)

    def _stop(self, name: str, number: signal.Signals) -> None:
        process = self.engines.pop(name)
        process.send_signal(number)
        process.wait(timeout=START)

    def _wait_for(self, node: NodeProcess) -> None:
        def answers() -> bool:
            assert node.process.poll() is None, f"the node did not start: {self.log()[-2000:]}"
            with suppress(urllib.error.URLError, OSError):
                return bool(urllib.request.urlopen(f"http://127.0.0.1:{node.port}/healthz", timeout=5).status == 200)
            return False

        assert processes.wait_until(answers, seconds=START), self.log()[-2000:]


@contextmanager
def stack(*, durable: bool = True, **environment: str) -> Iterator[Stack]:
    """PostgreSQL and Valkey of our own, migrated. `environment`: settings of everything that is started later."""
    with temporary_home() as home:
        sockets = prepare(home)
        whole = Stack(home, Postgres(home, sockets, durable=durable), Valkey(home, sockets, durable=False), environment)
        try:
            whole.start_postgres()
            whole.start_valkey()
            whole.manage("migrate", "--verbosity", "0")
            yield whole
        finally:
            for worker in list(whole.workers):
                whole.kill_worker(worker)
            for node in list(whole.nodes):
                whole.kill_node(node)
            for name in list(whole.engines):
                whole._stop(name, signal.SIGTERM if name == "valkey" else signal.SIGINT)
