"""Textbook Channels: `group_add` and `group_send`, on daphne or on uvicorn."""

from __future__ import annotations

import sys

from picows import WSFrame, WSMsgType, WSTransport

from tests.tools.bench.accounting import Cores
from tests.tools.bench.systems.base import SENDERS
from tests.tools.bench.systems.peer import ROOT, Peer, SocketReader, close_sockets, open_sockets
from tests.tools.bench.tally import DIGITS, Tally, text_of

APPLICATION = "tests.tools.bench.peers.textbook:application"
TEXT_AT = len(b'{"message": "')


class Reader(SocketReader):
    def on_ws_connected(self, transport: WSTransport) -> None:
        super().on_ws_connected(transport)
        self.ready.set_result(None)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            payload = frame.get_payload_as_bytes()
            self.tally.applied(self.number, int(payload[TEXT_AT : TEXT_AT + DIGITS]))

    def post(self, text: str) -> None:
        self.send(b'{"message": "%b"}' % text.encode())


class Channels(Peer):
    left_out = frozenset({"32 in flight"})  # it is at its limit with eight, and would need seconds for each repeat

    def __init__(self, cores: Cores, *, server: str) -> None:
        super().__init__(cores)
        self.server = server
        self.name = f"Channels, {server}"
        self.readers: list[Reader] = []

    def start(self) -> None:
        environment = {"REDIS_URL": self.start_valkey().url(), "PYTHONPATH": str(ROOT)}
        self.spawn(sys.executable, "-m", *self._command(), environment=environment)

    async def connect(self, tally: Tally) -> None:
        self.senders = range(min(SENDERS, tally.readers))
        self.readers = [Reader(number, tally) for number in range(tally.readers)]
        await open_sockets(self.readers, f"ws://127.0.0.1:{self.port}/")

    def post(self, number: int) -> None:
        self.readers[self.senders[number % len(self.senders)]].post(text_of(number))

    async def settle(self) -> list[str]:
        return []  # it has no acks

    async def disconnect(self) -> None:
        await close_sockets(self.readers)
        self.readers = []

    def _command(self) -> list[str]:
        if self.server == "daphne":
            return ["daphne", "-b", "127.0.0.1", "-p", str(self.port), "--no-server-name", "-v", "0", APPLICATION]
        options = ["--ws", "websockets-sansio", "--loop", "uvloop", "--log-level", "error", "--no-access-log"]
        return ["uvicorn", APPLICATION, "--port", str(self.port), "--lifespan", "off", *options]
