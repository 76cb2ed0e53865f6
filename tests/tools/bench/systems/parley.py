"""Parley as it is in production: uvicorn, PostgreSQL that syncs every commit, Valkey; and clients that do what ours do.

A reader checks the tag, applies, and acks cumulatively as the browser does (static/js/client/stream.js): a second
later, or at once when 32 events are unacked.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
import psycopg
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.support.stack import NodeProcess, Stack, stack
from tests.tools.bench.accounting import Cores, pinned
from tests.tools.bench.systems.base import SENDERS, slices, until
from tests.tools.bench.tally import DIGITS, Tally, text_of

ACK_DELAY = 1.0  # seconds; both as the browser's client has them
ACK_EVENTS = 32
HEARTBEAT = 25.0  # seconds
CONNECT_AT_ONCE = 50
SETTLE = 20.0  # seconds until the last acks must have been written
SETTINGS = {"MESSAGE_RATE": "100000"}  # messages a member may send in a minute: this is a load test


class Data(msgspec.Struct):
    text: str = ""


class Event(msgspec.Struct):
    type: str
    data: Data


class Frame(msgspec.Struct):
    op: str
    tag: int = 0
    events: list[Event] = []
    outcome: str = ""
    code: str = ""
    ref: str | None = ""


decode = msgspec.json.Decoder(Frame).decode


@dataclass(frozen=True)
class Account:
    """A client that exists on the server: whose it is and where."""

    slug: str
    token: str
    client: str
    conversation: str


@dataclass
class Faults:
    """What the server must never do."""

    seen: list[str] = field(default_factory=list)

    def add(self, fault: str) -> None:
        self.seen.append(fault)


class Reader(WSListener):
    """One client on one socket."""

    def __init__(self, account: Account, number: int, tally: Tally, faults: Faults, tag: int = 0) -> None:
        super().__init__()
        self.account, self.number, self.tally, self.faults = account, number, tally, faults
        self.tag = self.acked = tag
        self.answers = 0
        self.answered: Callable[[str], None] = _nobody
        self._due: asyncio.TimerHandle | None = None
        self.open_again()

    def open_again(self) -> None:
        """Expect another hello: this client is about to connect."""
        self.closing = False
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._take(decode(frame.get_payload_as_memoryview()))
        elif frame.msg_type == WSMsgType.CLOSE:
            if not self.closing:
                self.faults.add(f"closed with {frame.get_close_code()}")
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self.acked = self.tag  # the next connection says it
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError("closed before the hello"))

    def send(self, text: str) -> None:
        self.transport.send(WSMsgType.TEXT, text.encode())

    def post(self, ref: str, text: str) -> None:
        self.send(f'{{"op":"message.send","ref":"{ref}","conversation":"{self.account.conversation}","text":"{text}"}}')

    def flush(self) -> None:
        """Ack what was applied."""
        self._due = None
        if self.tag > self.acked:
            self.acked = self.tag
            self.send(f'{{"op":"ack","tag":{self.tag}}}')

    def _take(self, frame: Frame) -> None:
        if frame.op == "events":
            self._apply(frame)
        elif frame.op == "result":
            self.answers += 1
            self.answered(frame.ref or "")
        elif frame.op == "hello":
            if frame.outcome != "resumed" or frame.tag != self.tag:
                self.faults.add(f"hello {frame.outcome} at {frame.tag}, not resumed at {self.tag}")
            self.greeted.set_result(None)
        elif frame.op == "heartbeat":
            self.send('{"op":"heartbeat"}')
        elif frame.op != "signal":
            self.faults.add(f"{frame.op} {frame.code}")

    def _apply(self, frame: Frame) -> None:
        if frame.tag != self.tag + 1:
            self.faults.add(f"events from tag {frame.tag} while at {self.tag}")
            return
        for event in frame.events:
            if event.type == "message.created":
                self.tally.applied(self.number, int(event.data.text[:DIGITS]))
        self.tag += len(frame.events)
        if self.tag - self.acked >= ACK_EVENTS:
            if self._due is not None:
                self._due.cancel()
            self.flush()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(ACK_DELAY, self.flush)


def _nobody(_ref: str) -> None:
    """Those who post receive the result; most readers do not wait for that."""


class Parley:
    """Engines that run for as long as the benchmark does, and one node at a time."""

    name = "Parley"

    def __init__(self, whole: Stack, cores: Cores, looking: psycopg.Connection) -> None:
        """`looking`: at the database. It stays open, so that a look costs the server no new process."""
        self.whole, self.cores, self.looking = whole, cores, looking
        self.readers: list[Reader] = []
        self.accounts: Sequence[Account] = ()
        self.faults = Faults()
        self.senders: Sequence[int] = ()  # numbers of the readers who post, in turn
        self.posts = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """One fresh node."""
        self.start_node()
        try:
            yield
        finally:
            for node in list(self.whole.nodes):
                self.whole.stop_node(node)

    def start_node(self) -> NodeProcess:
        with pinned(self.cores.server):
            return self.whole.start_node()

    def roots(self) -> list[int]:
        engines = [process.pid for process in self.whole.engines.values()]
        return engines + [node.process.pid for node in self.whole.nodes]

    def database_roots(self) -> list[int]:
        return [self.whole.engines["postgres"].pid]

    async def connect(self, tally: Tally) -> None:
        """The accounts must have been made before: `make_accounts`."""
        self.readers = [Reader(account, number, tally, self.faults) for number, account in enumerate(self.accounts)]
        self.senders = range(min(SENDERS, tally.readers))
        for some in slices(len(self.readers), CONNECT_AT_ONCE):
            await asyncio.gather(*(open_socket(self.readers[each], self.whole.nodes[0].port) for each in some))

    def post(self, number: int) -> None:
        self.posts += 1
        self.readers[self.senders[number % len(self.senders)]].post(str(uuid.uuid4()), text_of(number))

    async def settle(self) -> list[str]:
        empty = await until(self._all_acked, seconds=SETTLE)
        answers = sum(reader.answers for reader in self.readers)
        problems = self.faults.seen[:5]
        problems += [] if empty else [f"{self.waiting()} entries are left in mailboxes"]
        problems += [] if answers == self.posts else [f"{self.posts} posts, {answers} answers"]
        return problems

    async def disconnect(self) -> None:
        for reader in self.readers:
            reader.transport.disconnect(graceful=False)
        self.readers, self.posts, self.faults = [], 0, Faults()
        await asyncio.sleep(0.3)

    async def lose(self) -> None:
        """A second node starts, the first one is killed; the last reader moves."""
        before, _ = self.whole.nodes[0], self.start_node()
        for reader in self.readers:
            reader.closing = True
        self.whole.kill_node(before)
        await asyncio.sleep(0.3)
        await self._open(self.readers[-1:])

    async def come_back(self) -> None:
        await self._open(self.readers[:-1])

    def main_process(self) -> int:
        return self.whole.nodes[0].process.pid

    def waiting(self) -> int:
        """Entries of our clients that are not acked, says the database."""
        row = self.looking.execute(
            "SELECT coalesce(sum(cardinality(c.recent)"
            " + (SELECT count(*) FROM chat_mailboxentry e WHERE e.client_id = c.id)), 0)"
            " FROM chat_client c WHERE c.public_id = ANY(%s::uuid[])",
            [[account.client for account in self.accounts]],
        ).fetchone()
        return int(row[0]) if row else 0

    async def _open(self, readers: Sequence[Reader]) -> None:
        for reader in readers:
            reader.open_again()
        await asyncio.gather(*(open_socket(reader, self.whole.nodes[0].port) for reader in readers))

    async def _all_acked(self) -> bool:
        return all(reader.tag == reader.acked for reader in self.readers) and not self.waiting()


async def open_socket(reader: Reader, port: int) -> None:
    """Connect and wait for the hello."""
    account = reader.account
    await ws_connect(
        lambda: reader,
        f"ws://127.0.0.1:{port}/o/{account.slug}/ws/v1/?client={account.client}&tag={reader.tag}",
        extra_headers={"Authorization": f"Bearer {account.token}", "Sec-WebSocket-Protocol": "parley.v1"},
        websocket_handshake_timeout=60,
    )
    await reader.greeted


@contextmanager
def parley(cores: Cores) -> Iterator[Parley]:
    """The engines, migrated, all of it on the server's core; Django in this process looks at them from now on."""
    with pinned(cores.server), stack(durable=True, **SETTINGS) as whole, pinned(cores.load):
        os.environ.update(whole.settings)
        import django

        django.setup()
        with psycopg.connect(whole.postgres.url(), autocommit=True) as looking:
            yield Parley(whole, cores, looking)


def make_accounts(slug: str, count: int, *, rooms: int = 1) -> list[Account]:
    """An organization of `count` members with one client each, who sit in `rooms` conversations of equal size."""
    from accounts.credentials import token_credential
    from accounts.models import ApiToken
    from accounts.tenancy import organization_scope
    from chat.models import Client
    from tests.support.people import make_people, make_room

    organization, members, secrets = make_people(slug, count)
    tokens = {token.user_id: token for token in ApiToken.objects.filter(user__in=[each.user_id for each in members])}
    size = count // rooms
    ids = [str(make_room(f"room {at}", members[at : at + size]).pk) for at in range(0, count, size)]
    with organization_scope(organization):
        clients = Client.objects.bulk_create(
            Client(
                organization=organization,
                member=member,
                platform="web",
                credential=token_credential(tokens[member.user_id]),
            )
            for member in members
        )
    return [
        Account(slug, secret, str(client.public_id), ids[at // size])
        for at, (secret, client) in enumerate(zip(secrets, clients, strict=True))
    ]
