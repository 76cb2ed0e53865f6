"""What every peer needs: processes on the server's core that are ended with us, engines of their own, readers."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

from picows import WSListener, WSMsgType, WSTransport, ws_connect

from config.launcher import processes
from config.launcher.embedded import Postgres, Valkey, last_line, prepare, temporary_home
from config.launcher.processes import Launch
from tests.tools.bench.accounting import Cores, pinned
from tests.tools.bench.systems.base import Unavailable, slices
from tests.tools.bench.tally import Tally

START = 30.0  # seconds for a server to answer
CONNECT_AT_ONCE = 50
ROOT = Path(__file__).resolve().parents[4]


class Peer:
    """A server of somebody else's. Subclasses say how to start it and how to speak to it."""

    name = ""

    def __init__(self, cores: Cores) -> None:
        self.cores = cores
        self.port = free_port()
        self.children: list[Popen[bytes]] = []
        self.senders: Sequence[int] = ()  # numbers of the readers who post, in turn

    @contextmanager
    def running(self) -> Iterator[None]:
        self.children, self.port = [], free_port()
        with ExitStack() as ending, pinned(self.cores.server):
            self.home = ending.enter_context(temporary_home())
            self.sockets = prepare(self.home)
            ending.callback(self._stop)
            self.start()
            with pinned(self.cores.load):
                yield

    def start(self) -> None:
        raise NotImplementedError

    def roots(self) -> list[int]:
        return [child.pid for child in self.children]

    def spawn(self, *argv: str | Path, environment: Mapping[str, str] | None = None) -> None:
        """Start the server and wait until it takes connections on our port."""
        log = self.home / "log" / "peer.log"
        child = processes.spawn(Launch(argv=argv, log=log, folder=ROOT, environment=environment or {}))
        self.children.append(child)
        if not processes.wait_until(lambda: child.poll() is not None or _listens(self.port), seconds=START):
            raise Unavailable(f"{self.name} did not answer in {START:.0f} s: {last_line(log)}")
        if child.poll() is not None:
            raise Unavailable(f"{self.name} did not start: {last_line(log)}")

    def start_postgres(self) -> Postgres:
        """With the very settings that ours has."""
        postgres = Postgres(self.home, self.sockets)
        self.children.append(processes.spawn(postgres.launch()))
        postgres.wait_ready(self.children[-1])
        return postgres

    def start_valkey(self) -> Valkey:
        valkey = Valkey(self.home, self.sockets, durable=False)
        self.children.append(processes.spawn(valkey.launch()))
        valkey.wait_ready(self.children[-1])
        return valkey

    def _stop(self) -> None:
        stages = [(child, ((signal.SIGTERM, 3.0), (signal.SIGINT, 3.0))) for child in self.children]
        for child in reversed(stages):
            processes.stop_all([child])


class SocketReader(WSListener):
    """A reader on a WebSocket, up to what its frames mean."""

    def __init__(self, number: int, tally: Tally) -> None:
        super().__init__()
        self.number, self.tally = number, tally
        self.answers = 0
        self.open_again()

    def open_again(self) -> None:
        """Expect to be let in: this reader is about to connect."""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before it was ready"))

    def send(self, text: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, text)


async def open_sockets(readers: Sequence[Any], url: str, *, at_once: int = CONNECT_AT_ONCE) -> None:
    """Connect all of them, so many together, and wait until each is ready."""
    for some in slices(len(readers), at_once):
        await asyncio.gather(*(_open(readers[each], url) for each in some))


async def close_sockets(readers: Sequence[Any]) -> None:
    for reader in readers:
        reader.transport.disconnect(graceful=False)
    await asyncio.sleep(0.3)


async def _open(reader: Any, url: str) -> None:
    await ws_connect(lambda: reader, url, websocket_handshake_timeout=60)
    await reader.ready


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
