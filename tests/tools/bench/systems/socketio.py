"""Socket.IO 4, with acknowledgements: nothing stored, or each message in PostgreSQL with an offset to come back to."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

from picows import WSFrame, WSMsgType, WSTransport

from tests.tools.bench import packages
from tests.tools.bench.accounting import Cores
from tests.tools.bench.systems.base import SENDERS, until
from tests.tools.bench.systems.peer import Peer, SocketReader, close_sockets, open_sockets
from tests.tools.bench.tally import DIGITS, Tally, text_of

SETTLE = 20.0  # seconds until the last acknowledgement must have arrived
TEXT_AT = len(b'["message","')


class Reader(SocketReader):
    """Engine.IO 4 and Socket.IO 5 as far as this server uses them: one packet a frame, each acknowledged in its own."""

    def __init__(self, number: int, tally: Tally, offset: int = 0) -> None:
        super().__init__(number, tally)
        self.offset = offset  # of the latest message, for the next connection
        self.stats: asyncio.Future[int] | None = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        packet = frame.get_payload_as_bytes()
        if packet.startswith(b"42"):
            self._take_event(packet)
        elif packet.startswith(b"43"):
            self._take_answer(packet)
        elif packet.startswith(b"0"):
            self.send(b'40{"offset":%d}' % self.offset)
        elif packet == b"2":
            self.send(b"3")

    def post(self, text: str) -> None:
        self.send(b'420["post","%b","%b"]' % (text.encode(), uuid.uuid4().bytes.hex().encode()))

    async def ask_stats(self) -> int:
        """How many deliveries the server has seen acknowledged."""
        self.stats = asyncio.get_running_loop().create_future()
        self.send(b'421["stats"]')
        return await asyncio.wait_for(self.stats, 5)

    def _take_event(self, packet: bytes) -> None:
        at = packet.index(b"[")
        if packet.startswith(b'["ready"', at):
            self.ready.set_result(None)
            return
        start = at + TEXT_AT
        self.offset = int(packet[packet.rindex(b",") + 1 : -1])
        self.tally.applied(self.number, int(packet[start : start + DIGITS]))
        self.send(b"43%b[]" % packet[2:at])

    def _take_answer(self, packet: bytes) -> None:
        if packet.startswith(b"431") and self.stats is not None:
            self.stats.set_result(int(packet[4:-1]))
        else:
            self.answers += 1


class SocketIO(Peer):
    """Nothing is stored: who is away misses what is said."""

    name = "Socket.IO, not stored"

    def __init__(self, cores: Cores) -> None:
        super().__init__(cores)
        self.readers: list[Reader] = []
        self.posts = self.acked = 0

    def start(self) -> None:
        self.start_server()

    def start_server(self, *database: Path) -> None:
        environment = {"NODE_PATH": str(packages.node_modules()), "NODE_ENV": "production"}
        program = packages.PEERS / "socketio.cjs"
        self.spawn(packages.node_program(), program, str(self.port), *database, environment=environment)

    async def connect(self, tally: Tally) -> None:
        self.tally, self.posts, self.acked = tally, 0, 0
        self.senders = range(min(SENDERS, tally.readers))
        self.readers = [Reader(number, tally) for number in range(tally.readers)]
        await self.open(self.readers)

    async def open(self, readers: list[Reader], *, at_once: int = 50) -> None:
        url = f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket"
        await open_sockets(readers, url, at_once=at_once)

    def post(self, number: int) -> None:
        self.posts += 1
        self.readers[self.senders[number % len(self.senders)]].post(text_of(number))

    async def settle(self) -> list[str]:
        acked = await until(self._all_acked, seconds=SETTLE)
        answers = sum(reader.answers for reader in self.readers)
        problems = [] if acked else [f"{self.tally.delivered} deliveries, {self.acked} acknowledged"]
        return problems + ([] if answers == self.posts else [f"{self.posts} posts, {answers} answers"])

    async def disconnect(self) -> None:
        await close_sockets(self.readers)
        self.readers = []

    async def _all_acked(self) -> bool:
        self.acked = await self.readers[-1].ask_stats()
        return self.acked == self.tally.delivered


class StoredSocketIO(SocketIO):
    """Each message in a PostgreSQL of its own; who comes back names the offset of the last message they have."""

    name = "Socket.IO, PostgreSQL"

    def start(self) -> None:
        packages.node_modules()  # or say why not, before anything is started
        self.start_server(self.start_postgres().sockets / "pg")

    async def lose(self) -> None:
        await close_sockets(self.readers[:-1])

    async def come_back(self) -> None:
        for reader in self.readers[:-1]:
            reader.open_again()
        await self.open(self.readers[:-1], at_once=len(self.readers))

    def main_process(self) -> int:
        return self.children[-1].pid
