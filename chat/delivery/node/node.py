"""One ASGI process that holds sockets: what it consists of, how it starts and stops, and what it does with messages.

sockets → arrivals (claim the client, read where its mailbox stands, send hello) → dispatcher → sockets
wake-ups → dispatcher          acks → one statement every few milliseconds
every few seconds: renew the lease, compare local tags with the database, check whether all clients may stay
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final
from weakref import WeakKeyDictionary

import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from chat.delivery import database, figures, metrics, store, wakeups
from chat.delivery.mailbox import mailbox
from chat.delivery.node import claims, echoes, repair, standing
from chat.delivery.node.acks import Acks
from chat.delivery.node.arrivals import Arrivals
from chat.delivery.node.connections import Connection, local
from chat.delivery.node.departures import Departures
from chat.delivery.node.dispatcher import Dispatcher
from chat.delivery.node.heartbeats import Heartbeats
from chat.delivery.node.jobs import TROUBLE, Job, end, every, forever, in_background
from chat.delivery.node.presence_signals import PresenceSignals
from chat.delivery.node.signals import send_signal
from chat.delivery.node.turns import CommitTurns
from chat.delivery.node.typing_signals import TypingSignals
from chat.delivery.wakeups import Committed
from chat.wire import (
    CheckStanding,
    Close,
    CloseSockets,
    Echo,
    ForgetEvents,
    PresenceChanged,
    ResyncClients,
    SendSignal,
    UnreadableMessage,
    Wake,
    read_node_message,
)

RETURN_SPREAD: Final = (1000, 10_000)  # milliseconds over which the clients of a stopping node return, least and most
RETURN_EACH: Final = 5  # milliseconds that each client adds to it: two hundred handshakes a second for other nodes
LEAVE: Final = 4.0  # seconds that each part of stopping may take; the web server needs the rest of its ten

log = structlog.get_logger(__name__)

_nodes: WeakKeyDictionary[asyncio.AbstractEventLoop, Node] = WeakKeyDictionary()
_starting: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def running_node() -> Node:
    """Return the node of the running loop, and start it if there is none: servers without a lifespan start it with the
    first socket.
    """
    loop = asyncio.get_running_loop()
    async with _starting.setdefault(loop, asyncio.Lock()):
        node = _nodes.get(loop)
        if node is None or node.stopped:
            name = f"{socket.gethostname()}:{os.getpid()}"[:120]
            node = Node(await claims.open_node(name), name=name)
            node.start()
            _nodes[loop] = node
        return node


def present_node() -> Node | None:
    """Return the node of the running loop, if it has been started."""
    return _nodes.get(asyncio.get_running_loop())


class Node:
    def __init__(self, id: int, *, name: str) -> None:
        """`id`: of the row that holds its lease (chat/delivery/node/claims.py)."""
        self.id, self.name = id, name
        self.connections: dict[int, Connection] = {}  # by client
        self.draining = self.stopped = False
        self._tasks: list[asyncio.Task[None]] = []
        self._empty = asyncio.Event()
        self._empty.set()

        self.outbox = wakeups.Outbox(id, self.receive)
        self.acks = Acks()
        self.turns = CommitTurns()
        self.dispatcher = Dispatcher(self.connections, repair=self._request_repair, turns=self.turns)
        self.repair = repair.Repair(self.connections, acks=self.acks, dispatcher=self.dispatcher)
        self.standing = standing.Standing(id, self.connections)
        self.echoes = echoes.Echoes(self.outbox, compare=self.repair.compare)
        self.typing = TypingSignals(self.outbox)
        self.presence = PresenceSignals(self.connections, self.outbox)
        self.departures = Departures(id, self.connections, presence=self.presence)
        self.arrivals = Arrivals(
            id, acks=self.acks, dispatcher=self.dispatcher, presence=self.presence, outbox=self.outbox
        )
        self.handlers: Final[dict[type, Callable[[Any], None]]] = {
            Committed: lambda message: self.dispatcher.deliver_committed(message.batch, message.encoded),
            Wake: lambda message: self.dispatcher.wake(message.clients),
            CloseSockets: self._close_sockets,
            CheckStanding: lambda message: in_background(self.standing.check_clients(message.clients)),
            ResyncClients: lambda message: self.repair.request(message.clients, lost=True),
            ForgetEvents: lambda message: self.dispatcher.forget(message.events),
            Echo: self.echoes.receive,
            SendSignal: lambda message: send_signal(self.connections, message.clients, message.signal),
            PresenceChanged: self.presence.receive,
        }

    # --- Start and stop -----------------------------------------------------------------------------

    def start(self) -> None:
        wakeups.attach(self.outbox)
        self._tasks = [asyncio.create_task(forever(job)) for job in self._jobs()]
        log.info("node_started", node=self.id)

    def drain(self) -> None:
        """Close all sockets, have their clients return to other nodes after a random time, and admit no more."""
        if self.draining:
            return
        self.draining = True
        least, most = RETURN_SPREAD
        spread = min(most, max(least, RETURN_EACH * len(self.connections)))
        for connection in list(self.connections.values()):
            connection.close(Close.RESTARTING, f"retry={spread}")

    async def stop(self) -> None:
        """Drain, write the acks, and give up claims and lease, so that no other node has to clean up."""
        self.drain()
        try:
            async with asyncio.timeout(LEAVE):
                await self._empty.wait()
        except TimeoutError:
            log.warning("sockets_left_open", sockets=len(self.connections))
        self.stopped = True
        wakeups.detach(self.outbox)
        await end(self._tasks, seconds=LEAVE)
        try:
            async with asyncio.timeout(LEAVE):
                await self.acks.flush()
                await self.departures.release_all()
                await claims.close_node(self.id)
        except (TimeoutError, *TROUBLE) as error:
            log.warning("node_left_in_a_hurry", reason=repr(error))
        await database.close()
        await store.close()
        log.info("node_stopped", node=self.id)

    def _jobs(self) -> list[Job]:
        jobs: list[Job] = [
            self.dispatcher.run,
            self.acks.run,
            self.outbox.run,
            self.arrivals.run,
            self.departures.run,
            self.repair.run,
            Heartbeats(self.connections).run,
            self.typing.run,
            *self.presence.jobs(),
            self._listen,
            every(claims.RENEW, self._renew),
            every(repair.COMPARE, self.repair.compare),
            every(echoes.INTERVAL, self.echoes.send),
            every(standing.INTERVAL, self.standing.check),
            every(figures.STEP, figures.report),
        ]
        if mailbox().hands_over_after_commit:
            jobs.append(every(repair.CATCH_UP, repair.catch_up))
        return jobs

    async def _renew(self) -> None:
        await claims.renew(self.id, self.name)
        nodes, clients = await claims.clean()
        if nodes or clients:
            log.info("dead_nodes_cleaned", nodes=nodes, clients=clients)

    # --- Sockets ------------------------------------------------------------------------------------

    async def join(self, connection: Connection, *, tag: int) -> None:
        """Hold this client from now on and send hello; `tag` is the last one that it applied. Closes the socket if that
        fails.
        """
        if self.draining or len(self.connections) >= settings.SOCKETS_PER_NODE:
            connection.close(Close.RESTARTING, f"retry={RETURN_SPREAD[0]}")
            return
        before = self.connections.pop(connection.client_id, None)
        if before is not None:
            before.close(Close.REPLACED)
        self.connections[connection.client_id] = connection
        self._empty.clear()
        connection.on_room = self.dispatcher.resume
        metrics.SOCKETS.set(len(self.connections))
        await self.arrivals.admit(connection, tag=tag)

    def leave(self, connection: Connection) -> None:
        """The socket has closed."""
        connection.closed = True
        if self.connections.get(connection.client_id) is not connection:
            return
        del self.connections[connection.client_id]
        if not self.connections:
            self._empty.set()
        metrics.SOCKETS.set(len(self.connections))
        self.departures.add(connection)

    def ack(self, connection: Connection, tag: int) -> bool:
        """The client has applied everything up to `tag`. Returns False for a tag that was never sent to it."""
        if not 0 <= tag <= connection.sent:
            return False
        if tag > connection.acked:
            self.acks.add(connection.client_id, connection.acked, tag)
            connection.acked = tag
            connection.progress_at = connection.heard_at
            if connection.behind:
                self.dispatcher.resume(connection)
        return True

    # --- Messages -----------------------------------------------------------------------------------

    def receive(self, message: wakeups.Message) -> None:
        """Handle a message from another process, or from a thread of this one."""
        self.handlers[type(message)](message)

    async def _listen(self) -> None:
        """Subscribe, compare (messages that were published before are lost), and receive messages."""
        layer = get_channel_layer()
        if layer is None:
            return
        channel = await layer.new_channel()
        await layer.group_add(wakeups.group_of(self.id), channel)
        await layer.group_add(wakeups.ALL_NODES, channel)
        await self.repair.compare()
        while True:
            self.receive_packed(await layer.receive(channel))

    def receive_packed(self, packed: object) -> None:
        """Handle a message from the channel layer. What a node of another version sent and this one cannot read is
        counted and dropped."""
        try:
            message = read_node_message(packed)
        except UnreadableMessage as error:
            metrics.UNREADABLE.inc()
            log.debug("message_unreadable", reason=str(error))
        else:
            self.receive(message)

    def _close_sockets(self, message: CloseSockets) -> None:
        for connection in local(self.connections, message.clients):
            connection.close(message.code)

    def _request_repair(self, client_ids: Iterable[int], *, lost: bool) -> None:
        self.repair.request(client_ids, lost=lost)
