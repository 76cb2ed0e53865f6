"""The whole way of delivery in one thread, one step at a time: nothing happens unless a test says so.

The parts are those of a running server (actions, publish, the PostgreSQL mailbox, Node, Dispatcher, sync) and of a
client (chat/client without its session). What lies between them, wake-ups, frames, acks and answers, is kept in lists
here, where a test may lose, repeat or delay it.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from redis.exceptions import RedisError

from accounts.models import Member
from accounts.tenancy import every_organization, organization_scope
from chat.actions.clients import register_client
from chat.client.entities import Entity
from chat.client.mailbox import Mailbox, State, Sync
from chat.client.store import Store
from chat.delivery import database, store, wakeups
from chat.delivery.mailbox import mailbox, valkey
from chat.delivery.mailbox.recipients import Group
from chat.delivery.node import Node, claims
from chat.delivery.node.connections import Connection
from chat.errors import NotFound
from chat.models import Client, Event
from chat.wire import Close, ServerHeartbeat
from tests.sync.viewer import EVERY_TAG, Server, fresh, load_everything, projection

Fate = Literal["arrives", "is lost", "arrives twice"]
QUIET: Final = 60  # rounds in which everything must have come to rest; each round moves a window of events
PAGE: Final = 2  # conversations in a page of sync


@dataclass(eq=False)
class Wakeups:
    """What processes send to the node, waiting to be delivered. Replaces chat.delivery.wakeups.Outbox."""

    node_id: int
    waiting: list[wakeups.Message] = field(default_factory=list)

    def post(self, messages: Mapping[int, wakeups.Message]) -> None:
        self.waiting += messages.values()

    @property
    def loop(self) -> Wakeups:
        """The caller is in the loop's thread already."""
        return self

    def call_soon_threadsafe(self, call: Callable[..., None], *arguments: Any) -> None:
        call(*arguments)

    def post_to_group(self, group: str, message: wakeups.Message) -> None:
        self.waiting.append(message)


@dataclass(eq=False)
class Device:
    """A client with its store, and what is on its way to it."""

    server: Server
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(Store()))
    client: Client | None = None
    connection: Connection | None = None
    wire: deque[dict[str, Any]] = field(default_factory=deque)
    heard: int = 0  # events that came, whatever became of them
    asked: tuple[Sync, Entity] | None = None  # a sync under way and the answer that has not arrived
    loading: dict[tuple[str, str], Callable[[], None]] = field(default_factory=dict)  # what was looked for and has not
    shown: dict[UUID, int] = field(default_factory=dict)  # by conversation: how far somebody saw the main line here
    unsent: deque[Callable[[Member], None]] = field(
        default_factory=deque
    )  # what they read and wrote, until it gets out

    @property
    def member(self) -> Member:
        return self.server.member

    @property
    def store(self) -> Store:
        return self.mailbox.store


class World:
    def __init__(self) -> None:
        self.handing_over = True  # False: the next who commits dies before mailboxes outside the database hear of it
        self._append, valkey._append = valkey._append, self._hand_over  # type: ignore[assignment]
        self.loop = asyncio.new_event_loop()
        self.devices: list[Device] = []
        self.node: Node = self.do(self._make_node())
        self.wakeups = Wakeups(self.node.id)
        wakeups.attach(self.wakeups)  # type: ignore[arg-type]

    def close(self) -> None:
        valkey._append = self._append
        wakeups.detach(self.wakeups)  # type: ignore[arg-type]
        self.do(database.close())
        self.do(store.close())
        self.loop.close()

    async def _make_node(self) -> Node:
        """A node whose tasks are not started."""
        return Node(await claims.open_node("world"), name="world")

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    # --- Clients and sockets ------------------------------------------------------------------------

    def add_device(self, member: Member) -> Device:
        device = Device(Server(member, limit=PAGE))
        self.devices.append(device)
        return device

    def register(self, device: Device) -> None:
        with organization_scope(device.member.organization_id):
            device.client = register_client(device.member, platform="web", credential="test")
        device.mailbox.register(device.client.tag)

    def connect(self, device: Device) -> None:
        """A new socket, also where there is one already. A device without a client registers first."""
        if device.client is None:
            self.register(device)
        self.do(self._connect(device))

    async def _connect(self, device: Device) -> None:
        assert device.client is not None
        device.wire.clear()  # what the old socket had not brought yet

        async def send(message: dict[str, Any]) -> None:
            if device.connection is connection:
                device.wire.append(message)

        client, member = device.client, device.member
        connection = device.connection = Connection(
            client_id=client.pk,
            public_id=client.public_id,
            organization_id=member.organization_id,
            member_id=member.pk,
            send=send,
            window=settings.SOCKET_WINDOW,
        )
        joining = asyncio.ensure_future(self.node.join(connection, tag=device.mailbox.tag))
        await asyncio.sleep(0)
        await self.node.arrivals.admit_waiting()
        await joining

    def disconnect(self, device: Device) -> None:
        """As when the network goes: what is under way is gone."""
        if device.connection is not None:
            self.node.leave(device.connection)
            device.connection = None
            device.wire.clear()
            self.do(self.node.departures.release_waiting())

    def crash(self) -> None:
        """The node dies: every socket, every ack that was not written, every wake-up."""
        self.node.acks._ranges.clear()
        self.wakeups.waiting.clear()
        for device in self.devices:
            self.disconnect(device)

    # --- On the server ------------------------------------------------------------------------------

    def wake(self, *, lost: int = 0, backwards: bool = False) -> None:
        """Deliver the wake-ups, the first `lost` of them not, and write what can be written to sockets."""
        waiting, self.wakeups.waiting = self.wakeups.waiting[lost:], []
        self.do(self._wake(waiting[::-1] if backwards else waiting))

    async def _wake(self, messages: list[wakeups.Message]) -> None:
        for message in messages:
            self.node.receive(message)
        await self._write()

    async def _write(self) -> None:
        dispatcher = self.node.dispatcher
        while dispatcher._waiting or dispatcher._committed:
            committed, ready = dispatcher._take()
            await dispatcher._deliver_batches(committed)
            await dispatcher._deliver_mailboxes(ready)
        await self.node.repair.compare_requested()

    def compare(self) -> None:
        """What the node does every few seconds, which makes wake-ups a mere hint."""
        self.do(self._compare())

    def catch_up(self) -> None:
        """What a node does about events that were left behind long enough ago."""
        self.handing_over = True
        with connection.cursor() as cursor:
            cursor.execute("UPDATE chat_event SET at = at - interval '1 minute' WHERE pending")
        mailbox().catch_up()

    def _hand_over(self, groups: Sequence[Group]) -> None:
        if not self.handing_over:
            self.handing_over = True
            raise RedisError
        self._append(groups)

    async def _compare(self) -> None:
        await self.node.standing.check()
        await self.node.repair.compare()
        await self._write()

    def flush(self) -> None:
        assert self.do(self.node.acks.flush())

    # --- On the wire --------------------------------------------------------------------------------

    def receive(self, device: Device, fates: list[Fate]) -> None:
        """The next frames, each with its fate. A hello always arrives: it makes the socket."""
        for fate in fates:
            if not device.wire:
                return
            message = device.wire.popleft()
            if message["type"] == "websocket.close":
                self._closed(device, message["code"])
                return
            frame = json.loads(message["text"])
            device.heard += len(frame.get("events", ()))
            times = {"arrives": 1, "is lost": 0, "arrives twice": 2}["arrives" if frame["op"] == "hello" else fate]
            for _ in range(times):
                device.mailbox.receive(frame)

    def beat(self, device: Device) -> None:
        """The node says how far it got; behind what is on the wire already."""
        connection = device.connection
        if connection is not None and connection.joined and not connection.closed:
            connection.write(ServerHeartbeat(connection.sent))

    def _closed(self, device: Device, code: int) -> None:
        if code in {Close.UNKNOWN_CLIENT, Close.NOT_A_MEMBER}:
            device.client = None
        self.disconnect(device)

    def acknowledge(self, device: Device, *, lost: bool = False) -> None:
        tag = device.mailbox.ack
        if tag is None or device.connection is None or device.connection.closed:
            return
        device.mailbox.acked(tag)
        if lost:  # with the socket that it was written to, or not at all
            self.disconnect(device)
        else:
            assert self.node.ack(device.connection, tag), f"acked {tag}, which was never sent"

    # --- Over REST ----------------------------------------------------------------------------------

    def ask(self, device: Device) -> None:
        """Ask for a sync, or for its next page. The answer is under way from now on, as old as it is then."""
        if device.asked is None:
            request = device.mailbox.begin_sync()
            device.asked = (request, device.server.sync(request.cursor))

    def answer(self, device: Device) -> None:
        """It arrives; where there are more pages the next is asked for."""
        if device.asked is not None:
            (request, answer), device.asked = device.asked, None
            if device.mailbox.take_answer(request, answer):
                device.asked = (request, device.server.sync(request.cursor))

    def look(self, device: Device) -> None:
        """Ask for history, participants and people where they are missing; the answers arrive later."""
        known, server = device.store, device.server
        for room in known.own_rooms():
            id, epoch = room.conversation["id"], room.epoch
            if room.history_gap:
                page = partial(server.history, id, room.whole_from)
                self._load(device, ("history", id), page, partial(known.put_history, id, epoch))
            if not room.participants_known:
                listed = partial(server.participants, id)
                self._load(device, ("participants", id), listed, partial(known.put_participants, id, epoch))
        for id in known.strangers():
            put = partial(known.put_member, known.people_epoch)
            self._load(device, ("member", id), partial(server.person, id), put)

    def _load(self, device: Device, what: tuple[str, str], ask: Callable[[], Any], put: Callable[[Any], None]) -> None:
        if what not in device.loading:
            with suppress(NotFound):  # they are out by now and have not heard of it
                device.loading[what] = partial(put, ask())

    def see(self, device: Device) -> None:
        for put in device.loading.values():
            put()
        device.loading.clear()

    # --- The end ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """No more faults: everybody whose member may be there connects, and all that is left to do is done."""
        self.catch_up()
        self.compare()
        for device in self.devices:
            self.answer(device)
            self.see(device)
            self.receive(device, ["arrives"] * len(device.wire))
            if device.connection is None and self.may_come(device):
                self.connect(device)
            self.beat(device)  # what was lost last is shown by nothing else
        for _ in range(QUIET):
            if not self._round():
                return
        raise AssertionError("it does not come to rest")

    def _round(self) -> bool:
        """Whether anything moved."""
        self.wake()
        self.compare()
        moved = False
        for device in self.devices:
            moved |= bool(device.wire)
            self.receive(device, ["arrives"] * len(device.wire))
            if device.connection is None and self.may_come(device):
                self.connect(device)  # its socket was closed with 4404
                moved = True
            if device.mailbox.state is State.RESYNCING and self.may_come(device):
                moved, device.asked = True, None
                self.ask(device)
                while device.asked is not None:
                    self.answer(device)
            moved |= device.connection is not None and device.mailbox.ack is not None
            self.acknowledge(device)
        self.flush()
        return moved

    def may_come(self, device: Device) -> bool:
        with every_organization():
            device.member.refresh_from_db(fields=["deactivated_at"])
        return device.member.is_active

    def judge(self) -> None:
        """Every store is what its member's sync from nothing returns, and nothing is left to be delivered."""
        for device in self.devices:
            if not self.may_come(device):
                assert device.connection is None, "a deactivated member holds a socket"
                continue
            assert device.mailbox.state is State.LIVE
            self.compare_store(device, device.store)
        assert mailbox().depth(self.clients()) == {}, "entries are left that everybody has acked"

    def check_belief(self, device: Device) -> None:
        """A client that is live at the end of its mailbox is in step, at any time."""
        if device.client is None or device.wire or device.mailbox.state is not State.LIVE:
            return
        with every_organization():
            if Event.objects.filter(pending=True).exists():
                return  # not in their mailbox yet
        position = self.do(mailbox().positions([device.client.pk])).get(device.client.pk)
        if position is not None and position.tag == device.mailbox.tag:
            self.compare_store(device, copy.deepcopy(device.store))

    def compare_store(self, device: Device, store: Store) -> None:
        load_everything(store, device.server)
        got, wanted = projection(store), projection(fresh(device.server))
        for part, value in wanted.items():
            assert got[part] == value, f"{device.member.handle}: {part} differ: {difference(got[part], value)}"
        assert got["unread"] == device.server.unread(), f"{device.member.handle}: REST counts otherwise"

    def clients(self) -> list[int]:
        with every_organization():
            return list(Client.objects.order_by("pk").values_list("pk", flat=True))

    def oldest_waiting(self) -> int | None:
        """The oldest event that lies in a mailbox."""
        clients = self.clients()
        batches = self.do(mailbox().read(clients, [0] * len(clients), [EVERY_TAG] * len(clients)))
        return min((event for each in batches for event in each.events), default=None)


def difference(got: dict[str, Any], wanted: dict[str, Any]) -> str:
    """What of one part differs, for people to read."""
    keys = sorted(key for key in got.keys() | wanted.keys() if got.get(key) != wanted.get(key))
    return "; ".join(f"{key}: {got.get(key)} instead of {wanted.get(key)}" for key in keys)


def empty_stores() -> None:
    store.threads().flushdb()
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
