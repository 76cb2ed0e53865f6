"""The server as operators start it, in a process of its own, and sockets on which every byte is written by hand."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.launcher import processes

ROOT = Path(__file__).resolve().parents[2]
START = 120.0  # seconds for a process to answer, on a machine with much else to do
PATIENCE = 60.0  # seconds for an outcome that must come


@dataclass
class Served:
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    lines: list[Line] = field(default_factory=list)

    def connect(self) -> Line:
        line = Line(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
        self.lines.append(line)
        return line

    def hang_up(self) -> None:
        """End all connections."""
        for line in self.lines:
            line.close()
        self.lines.clear()


class Line:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def send(self, data: bytes) -> None:
        """Send as much as the server takes."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def ask(self, head: str, body: bytes = b"") -> Answer:
        """Send a request whose head is given without Host, and read its answer."""
        self.send(head.replace("\r\n", "\r\nHost: localhost\r\n", 1).encode() + b"\r\n" + body)
        return self.answer()

    def answer(self) -> Answer:
        """The next answer on the line."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self._read()
            assert more, f"the connection ended after {data!r}"
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        answer = Answer(head)
        while not answer.is_whole(body):
            more = self._read()
            assert more, f"the connection ended within a body of {len(body)} bytes"
            body += more
        answer.body = body
        return answer

    def ended(self) -> bool:
        """Whether the server ends the connection, however it does."""
        while self._read():
            pass
        return True

    def close(self) -> None:
        self.socket.close()

    def _read(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except ConnectionError:
            return b""


class Answer:
    def __init__(self, head: bytes) -> None:
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.body = b""

    def is_whole(self, body: bytes) -> bool:
        if self.headers.get("transfer-encoding") == "chunked":
            return body.endswith(b"0\r\n\r\n")
        return len(body) >= int(self.headers.get("content-length", "0"))

    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def served(home: Path, **environment: str) -> Iterator[Served]:
    """Start it as README.md says, on a port of its own; stop it as an operator does."""
    log = home / "served.log"
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("ab") as output:
        descriptor = listening.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "config.serve", "--bind", f"fd:{descriptor}"],
            env={**os.environ, "LOG_LEVEL": "WARNING", **environment},
            cwd=ROOT,
            stdout=output,
            stderr=output,
            pass_fds=[descriptor],
        )
        port = listening.getsockname()[1]
    try:
        assert processes.wait_until(lambda: _answers(port, process), seconds=START), log.read_text()[-2000:]
        server = Served(port, process, log)
        yield server
        server.hang_up()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START)


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server did not start"
    with suppress(urllib.error.URLError, OSError):
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200)
    return False
