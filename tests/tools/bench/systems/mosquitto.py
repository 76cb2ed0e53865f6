"""mosquitto with QoS 1 and persistent sessions: a queue for every client in the broker's memory, each message acked.

A client of its own, on TCP: the few packets of MQTT 3.1.1 that this needs.
https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html
"""

from __future__ import annotations

import asyncio
from typing import cast

from tests.tools.bench import packages
from tests.tools.bench.accounting import Cores
from tests.tools.bench.systems.base import SENDERS, slices
from tests.tools.bench.systems.peer import CONNECT_AT_ONCE, Peer
from tests.tools.bench.tally import DIGITS, Tally, text_of

TOPIC = b"room"
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
SETTLE = 20.0  # seconds for the broker to answer a ping, and so to have read every ack before it
CONFIGURATION = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_inflight_messages 256
max_queued_messages 10000
log_type error
{user}"""


class Client(asyncio.Protocol):
    """A session that survives its connections."""

    def __init__(self, number: int, tally: Tally) -> None:
        self.number, self.tally = number, tally
        self.answers = self._identifier = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._buffer = b""
        self.transport = cast(asyncio.Transport, transport)
        self.opened, self.subscribed, self.ponged = (asyncio.get_running_loop().create_future() for _ in range(3))
        name = b"client-%d" % self.number
        head = b"\0\4MQTT\4\0\0\0"  # protocol level 4; not a clean session; no keep-alive
        self.transport.write(_packet(0x10, head + len(name).to_bytes(2) + name))

    def data_received(self, data: bytes) -> None:
        buffer, at, acks = self._buffer + data, 0, []
        while (found := _frame(buffer, at)) is not None:
            start, end = found
            kind = buffer[at] >> 4
            if kind == PUBLISH:
                acks.append(self._take(buffer, start, buffer[at] >> 1 & 3))
            else:
                self._take_control(kind)
            at = end
        self._buffer = buffer[at:]
        if acks:
            self.transport.write(b"".join(acks))

    def subscribe(self) -> None:
        self.transport.write(_packet(0x82, b"\0\1" + len(TOPIC).to_bytes(2) + TOPIC + b"\1"))

    def ping(self) -> None:
        self.ponged = asyncio.get_running_loop().create_future()
        self.transport.write(b"\xc0\0")

    def post(self, text: str) -> None:
        self._identifier = self._identifier % 0xFFFF + 1
        body = len(TOPIC).to_bytes(2) + TOPIC + self._identifier.to_bytes(2) + text.encode()
        self.transport.write(_packet(0x32, body))

    def _take(self, buffer: bytes, start: int, quality: int) -> bytes:
        """Apply a message. Returns its ack."""
        at = start + 2 + int.from_bytes(buffer[start : start + 2])
        text = at + 2 if quality else at
        self.tally.applied(self.number, int(buffer[text : text + DIGITS]))
        return b"\x40\2" + buffer[at : at + 2]

    def _take_control(self, kind: int) -> None:
        if kind == PUBACK:
            self.answers += 1
        waiting = {CONNACK: self.opened, SUBACK: self.subscribed, PINGRESP: self.ponged}.get(kind)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


class Mosquitto(Peer):
    name = "mosquitto, QoS 1"

    def __init__(self, cores: Cores) -> None:
        super().__init__(cores)
        self.clients: list[Client] = []
        self.posts = 0

    def start(self) -> None:
        program, libraries = packages.mosquitto()
        path = self.home / "mosquitto.conf"
        path.write_text(CONFIGURATION.format(port=self.port, user="user root\n" if _is_root() else ""))
        self.spawn(program, "-c", path, environment={"LD_LIBRARY_PATH": str(libraries)} if libraries else {})

    async def connect(self, tally: Tally) -> None:
        self.posts = 0
        self.senders = range(min(SENDERS, tally.readers))
        self.clients = [Client(number, tally) for number in range(tally.readers)]
        await self.open(self.clients)
        for client in self.clients:
            client.subscribe()
        await asyncio.gather(*(client.subscribed for client in self.clients))

    async def open(self, clients: list[Client], *, at_once: int = CONNECT_AT_ONCE) -> None:
        for some in slices(len(clients), at_once):
            await asyncio.gather(*(self._open(clients[each]) for each in some))

    def post(self, number: int) -> None:
        self.posts += 1
        self.clients[self.senders[number % len(self.senders)]].post(text_of(number))

    async def settle(self) -> list[str]:
        for client in self.clients:
            client.ping()
        async with asyncio.timeout(SETTLE):
            await asyncio.gather(*(client.ponged for client in self.clients))
        answers = sum(client.answers for client in self.clients)
        return [] if answers == self.posts else [f"{self.posts} posts, {answers} answers"]

    async def lose(self) -> None:
        for client in self.clients[:-1]:
            client.transport.abort()
        await asyncio.sleep(0.3)

    async def come_back(self) -> None:
        await self.open(self.clients[:-1], at_once=len(self.clients))

    def main_process(self) -> int:
        return self.children[-1].pid

    async def disconnect(self) -> None:
        for client in self.clients:
            client.transport.abort()
        await asyncio.sleep(0.3)

    async def _open(self, client: Client) -> None:
        await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", self.port)
        await client.opened


def _is_root() -> bool:
    import os

    return os.geteuid() == 0


def _packet(head: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    length.append(left)
    return bytes([head]) + bytes(length) + body


def _frame(buffer: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at this place starts and ends; None when it has not all come yet."""
    length, shift, at_ = 0, 0, at + 1
    while at_ < len(buffer):
        byte = buffer[at_]
        length |= (byte & 0x7F) << shift
        at_, shift = at_ + 1, shift + 7
        if byte < 0x80:
            return (at_, at_ + length) if at_ + length <= len(buffer) else None
    return None
