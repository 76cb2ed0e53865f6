"""One ASGI process that holds sockets: what it is made of, how it starts, repairs itself and stops.

    sockets → join (claim the client, read where its mailbox stands, say hello) → dispatcher → sockets
    wake-ups → dispatcher          acks → one statement every few milliseconds
    every few seconds: renew the lease, compare local tags with the database, see whether everybody may stay

Every task here may fail at any await (the database or Valkey may be restarted under it): `_forever` starts it again.
What it was about to do is repeated by the comparison, which is also what makes wake-ups a mere hint.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connections
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from chat.delivery import database, figures, metrics, store, wakeups
from chat.delivery.mailbox import News, Position, mailbox
from chat.delivery.node import claims
from chat.delivery.node.acks import Acks
from chat.delivery.node.connections import Connection
from chat.delivery.node.dispatcher import Dispatcher
from chat.delivery.node.hello import hello, resync
from chat.delivery.node.signals import Signals

COMPARE: Final = 4.0  # seconds between two comparisons: how long a lost wake-up can go unnoticed
ECHO: Final = 2.0  # seconds between two wake-ups to oneself: how a broken and mended subscription is noticed
CATCH_UP: Final = 3.0  # seconds between two looks for events that a crash kept from the mailboxes
STAND: Final = 5.0  # seconds between two looks at whether everybody may stay, besides being told
AT_ONCE: Final = 1000  # clients in one of those statements
JOIN_AT_ONCE: Final = 200  # sockets let in together
JOIN_TRIES: Final = 3
RETRY: Final = 0.5  # seconds
TICK: Final = 1.0  # seconds: the grain of heartbeats and time-outs
RETURN_SPREAD: Final = (1000, 10_000)  # milliseconds over which drained clients come back, least and most
RETURN_EACH: Final = 5  # milliseconds a client adds to it: two hundred handshakes a second for whoever takes over
LEAVE: Final = 4.0  # seconds that stopping may take here; the web server needs the rest of its ten

CLOSE_CODES: Final[dict[str, int]] = {"gone": 4404, "barred": 4403, "signed_out": 4401, "moved": 4409}
TROUBLE: Final = (DatabaseError, PoolTimeout, RedisError, OSError)

Item = TypeVar("Item")

log = structlog.get_logger(__name__)

_nodes: WeakKeyDictionary[asyncio.AbstractEventLoop, Node] = WeakKeyDictionary()
_starting: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def running_node() -> Node:
    """The node of the running loop, started when there is none: servers without a lifespan start it with the first
    socket.
    """
    loop = asyncio.get_running_loop()
    async with _starting.setdefault(loop, asyncio.Lock()):
        node = _nodes.get(loop)
        if node is None or node.stopped:
            node = Node()
            await node.start()
            _nodes[loop] = node
        return node


def present_node() -> Node | None:
    """The node of the running loop, if it has been started."""
    return _nodes.get(asyncio.get_running_loop())


class Node:
    def __init__(self) -> None:
        self.id = 0
        self.name = f"{socket.gethostname()}:{os.getpid()}"[:120]
        self.connections: dict[int, Connection] = {}  # by client
        self.acks = Acks()
        self.dispatcher = Dispatcher(self.connections, repair=self.repair)
        self.draining = self.stopped = False
        self._empty = asyncio.Event()
        self._empty.set()
        self._broken: dict[int, bool] = {}  # client → whether its mailbox holds what no longer exists
        self._breakage = asyncio.Event()
        self._joining: list[tuple[Connection, int, asyncio.Future[None]]] = []
        self._joiners = asyncio.Event()
        self._left: dict[int, tuple[UUID, UUID]] = {}  # client → organization, member
        self._leavers = asyncio.Event()
        self._echoes = [0, 0]  # sent and heard
        self._tasks: list[asyncio.Task[None]] = []

    # --- Life ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        self.id = await claims.open_node(self.name)
        self.outbox = wakeups.Outbox(self.id, self.receive)
        self.signals = Signals(self.id, self.connections, self.outbox)
        wakeups.attach(self.outbox)
        jobs: list[Callable[[], Awaitable[None]]] = [
            self.dispatcher.run,
            self.acks.run,
            self.outbox.run,
            self._listen,
            self._let_in,
            self._let_go,
            self._mend,
            self._tick,
            _every(claims.RENEW, self._renew),
            _every(COMPARE, self.compare),
            _every(ECHO, self._echo),
            _every(STAND, self.check_standing),
            _every(figures.STEP, figures.report),
            *self.signals.jobs(),
        ]
        if settings.MAILBOX_BACKEND == "valkey":
            jobs.append(_every(CATCH_UP, self._catch_up))
        self._tasks = [asyncio.create_task(_forever(job)) for job in jobs]
        log.info("node_started", node=self.id)

    def say_goodbye(self) -> None:
        """Send everybody elsewhere, each after a random time, and let nobody in any more."""
        if self.draining:
            return
        self.draining = True
        least, most = RETURN_SPREAD
        spread = min(most, max(least, RETURN_EACH * len(self.connections)))
        for connection in list(self.connections.values()):
            connection.close(1012, f"retry={spread}")

    async def stop(self) -> None:
        """Leave nothing undone that the others would have to find out: acks written, claims and lease given back."""
        self.say_goodbye()
        try:
            async with asyncio.timeout(LEAVE):
                await self._empty.wait()
        except TimeoutError:
            log.warning("sockets_left_open", sockets=len(self.connections))
        self.stopped = True
        wakeups.detach(self.outbox)
        await _end(self._tasks)
        try:
            async with asyncio.timeout(LEAVE):
                await self.acks.flush()
                await self._release([*self._left, *self.connections])
                await claims.close_node(self.id)
        except (TimeoutError, *TROUBLE) as error:
            log.warning("node_left_in_a_hurry", reason=repr(error))
        await database.close()
        await store.close()
        log.info("node_stopped", node=self.id)

    # --- Sockets come and go ------------------------------------------------------------------------

    async def join(self, connection: Connection, *, tag: int) -> None:
        """Hold this client from now on and say hello. `tag` is the last one it applied. Closes the socket when it
        cannot.
        """
        if self.draining or len(self.connections) >= settings.SOCKETS_PER_NODE:
            connection.close(1012, f"retry={RETURN_SPREAD[0]}")
            return
        before = self.connections.pop(connection.client_id, None)
        if before is not None:
            before.close(4409)
        self.connections[connection.client_id] = connection
        self._empty.clear()
        connection.on_room = self._has_room
        metrics.SOCKETS.set(len(self.connections))
        joined = asyncio.get_running_loop().create_future()
        self._joining.append((connection, tag, joined))
        self._joiners.set()
        await joined

    def leave(self, connection: Connection) -> None:
        connection.closed = True
        if self.connections.get(connection.client_id) is not connection:
            return
        del self.connections[connection.client_id]
        if not self.connections:
            self._empty.set()
        metrics.SOCKETS.set(len(self.connections))
        self._left[connection.client_id] = (connection.organization_id, connection.member_id)
        self._leavers.set()

    def ack(self, connection: Connection, tag: int) -> bool:
        """The client applied everything up to `tag`. False for a tag that it was never sent."""
        if not 0 <= tag <= connection.sent:
            return False
        if tag > connection.acked:
            self.acks.add(connection.client_id, connection.acked, tag)
            connection.acked = tag
            connection.progress_at = connection.heard_at
            if connection.behind:
                self._has_room(connection)
        return True

    def _has_room(self, connection: Connection) -> None:
        connection.behind = False
        self.dispatcher.wake_one(connection)

    async def _let_in(self) -> None:
        while True:
            await self._joiners.wait()
            some, self._joining = self._joining[:JOIN_AT_ONCE], self._joining[JOIN_AT_ONCE:]
            if not self._joining:
                self._joiners.clear()
            try:
                await self._admit([(connection, tag) for connection, tag, _ in some if not connection.closed])
            except TROUBLE as error:
                log.warning("join_failed", sockets=len(some), reason=repr(error))
                for connection, _, _ in some:
                    connection.close(1012, f"retry={RETURN_SPREAD[1]}")
            finally:
                for _, _, joined in some:
                    if not joined.done():
                        joined.set_result(None)

    async def _admit(self, arrivals: list[tuple[Connection, int]]) -> None:
        """Claim first, read the mailboxes then: whatever is appended after the claim wakes this node."""
        if not arrivals:
            return
        ids = [connection.client_id for connection, _ in arrivals]
        holders = await claims.claim(self.id, ids, [connection.credential for connection, _ in arrivals])
        self._take_over(holders)
        positions = await mailbox().positions(ids)
        for connection, tag in arrivals:
            position = positions.get(connection.client_id)
            if position is None or connection.client_id not in holders:
                connection.close(4404)
            elif not connection.closed:
                self._greet(connection, position, tag)
        self.signals.arrived((each.organization_id, each.member_id) for each, _ in arrivals)

    def _take_over(self, holders: dict[int, int | None]) -> None:
        """Tell the nodes that held some of these clients to look again."""
        before: dict[int, list[int]] = {}
        for client, holder in holders.items():
            if holder is not None and holder != self.id:
                before.setdefault(holder, []).append(client)
        for holder, clients in before.items():
            self.outbox.post_to_group(wakeups.group_of(holder), {"type": "check", "clients": clients})

    def _greet(self, connection: Connection, position: Position, tag: int) -> None:
        connection.heard_at = asyncio.get_running_loop().time()  # it was not read while it waited here
        done = hello(connection, position, tag)
        connection.joined = True
        if done is not None:
            self.acks.add(connection.client_id, *done)
        if connection.woken or position.tag > connection.sent:
            self.dispatcher.wake_one(connection)

    async def _let_go(self) -> None:
        while True:
            await self._leavers.wait()
            await asyncio.sleep(TICK / 5)  # those who leave together are let go together
            self._leavers.clear()
            left, self._left = self._left, {}
            try:
                await self._release([client for client in left if client not in self.connections])
                here = {(each.organization_id, each.member_id) for each in self.connections.values()}
                await self.signals.departed({member for member in left.values() if member not in here})
            except TROUBLE as error:
                log.warning("release_delayed", clients=len(left), reason=repr(error))
                self._left = left | self._left
                self._leavers.set()
                await asyncio.sleep(RETRY)

    async def _release(self, clients: list[int]) -> None:
        for some in _slices(clients):
            await claims.release(self.id, some)

    # --- Wake-ups -----------------------------------------------------------------------------------

    def receive(self, message: wakeups.Message) -> None:
        """What another process, or another thread of this one, tells us. Unknown messages are of a newer version."""
        kind = message["type"]
        if kind == "wake":
            self._wake(message)
        elif kind == "close":
            for connection in self._local(message["clients"]):
                connection.close(message["code"])
        elif kind == "check":
            asyncio.ensure_future(self.check_standing(message["clients"])).add_done_callback(_note_failure)
        elif kind == "resync":
            self.repair(message["clients"], lost=True)
        elif kind == "redacted":
            self.dispatcher.forget(message["events"])
        elif kind == "echo":
            self._hear_echo(message["number"])
        else:
            self.signals.receive(message)

    def _wake(self, message: wakeups.Message) -> None:
        if "firsts" in message:
            news = News(tuple(message["events"]), message["clients"], message["firsts"])
            self.dispatcher.tell(news, message["encoded"])
        else:
            self.dispatcher.wake(message["clients"])

    async def _listen(self) -> None:
        """Subscribe, compare (whatever was published before is gone), and take in what comes."""
        layer = get_channel_layer()
        if layer is None:
            return
        channel = await layer.new_channel()
        await layer.group_add(wakeups.group_of(self.id), channel)
        await layer.group_add(wakeups.EVERYBODY, channel)
        await self.compare()
        while True:
            self.receive(await layer.receive(channel))

    async def _echo(self) -> None:
        self._echoes[0] += 1
        self.outbox.post_to_group(wakeups.group_of(self.id), {"type": "echo", "number": self._echoes[0]})

    def _hear_echo(self, number: int) -> None:
        missed = number - self._echoes[1] - 1
        self._echoes[1] = number
        if missed > 0:
            log.warning("wakeups_missed", echoes=missed)
            asyncio.ensure_future(self.compare()).add_done_callback(_note_failure)

    def _local(self, client_ids: Iterable[int]) -> list[Connection]:
        found = (self.connections.get(client_id) for client_id in client_ids)
        return [connection for connection in found if connection is not None]

    # --- Repair -------------------------------------------------------------------------------------

    async def compare(self) -> None:
        """Find clients with news of which no wake-up came, and clients whose mailbox was emptied under them."""
        for some in _slices([each for each in self.connections.values() if each.joined]):
            await self._compare(some)

    async def _compare(self, connections: list[Connection], *, lost: frozenset[int] = frozenset()) -> None:
        """`lost`: clients whose mailbox is to be taken as emptied."""
        sent = {connection: connection.sent for connection in connections}
        # Where everything was sent there is nothing to find out, but where all of it counts as lost.
        known = [-1 if connection.client_id in lost else tag for connection, tag in sent.items()]
        positions = await mailbox().positions([connection.client_id for connection in sent], known=known)
        for connection, tag in sent.items():
            position = positions.get(connection.client_id)
            if position is None or connection.sent != tag or connection.closed or connection.blocked:
                continue  # as it was, gone, moved on while we read, or to be looked at when it takes frames again
            if connection.client_id in lost or not position.reaches(tag):
                self.acks.add(connection.client_id, *resync(connection, position))
            elif position.tag > tag and not connection.behind and connection.room > 0:
                metrics.REPAIRS.inc()
                self.dispatcher.wake_one(connection)

    def repair(self, client_ids: Iterable[int], *, lost: bool) -> None:
        for client_id in client_ids:
            self._broken[client_id] = lost or self._broken.get(client_id, False)
        self._breakage.set()

    async def _mend(self) -> None:
        while True:
            await self._breakage.wait()
            self._breakage.clear()
            broken, self._broken = self._broken, {}
            lost = frozenset(client for client, is_lost in broken.items() if is_lost)
            for some in _slices(self._local(broken)):
                await self._compare(some, lost=lost)

    async def check_standing(self, client_ids: Iterable[int] | None = None) -> None:
        """Close the sockets of those who were removed, signed out, or are elsewhere by now."""
        connections = list(self.connections.values()) if client_ids is None else self._local(client_ids)
        for some in _slices([connection for connection in connections if connection.joined]):
            visitors = [
                claims.Visitor(each.client_id, each.member_id, each.token_id, each.session_key) for each in some
            ]
            found = await claims.faults(self.id, visitors)
            unclaimed = [client for client, fault in found.items() if fault == "unclaimed"]
            for connection in some:
                code = CLOSE_CODES.get(found.get(connection.client_id, ""))
                if code is not None:
                    connection.close(code)
            if unclaimed:
                await claims.reclaim(self.id, [each.client_id for each in self._local(unclaimed)])

    async def _renew(self) -> None:
        await claims.renew(self.id, self.name)
        nodes, clients = await claims.clean()
        if nodes or clients:
            log.info("dead_nodes_cleaned", nodes=nodes, clients=clients)

    async def _catch_up(self) -> None:
        late = await sync_to_async(_catch_up, thread_sensitive=False)()
        if late:
            log.warning("late_events_appended", events=late)

    async def _tick(self) -> None:
        """Heartbeats, a share of the sockets each second, and the end of those that are silent or ack nothing."""
        second, now = 0, asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(TICK)
            second, before, now = second + 1, now, asyncio.get_running_loop().time()
            if now - before > 2 * TICK:  # it was us who did not listen
                for connection in self.connections.values():
                    connection.heard_at = now
            every = settings.SOCKET_HEARTBEAT
            turn, silent, stuck = second % every, now - 2 * every, now - settings.SOCKET_ACK_TIMEOUT
            for connection in [each for each in self.connections.values() if each.joined]:
                if connection.client_id % every == turn:
                    _beat(connection)
                is_stuck = connection.sent > connection.acked and connection.progress_at < stuck
                if is_stuck or connection.heard_at < silent:
                    connection.close(4408)


def _catch_up() -> int:
    try:
        return mailbox().catch_up()
    finally:
        connections.close_all()


def _beat(connection: Connection) -> None:
    if not connection.blocked:
        connection.write(f'{{"op":"heartbeat","tag":{connection.sent}}}')


def _every(seconds: float, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """The job again and again, the nodes not in step with each other."""

    async def run() -> None:
        while True:
            await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, no secret
            await job()

    return run


async def _forever(job: Callable[[], Awaitable[None]]) -> None:
    """Start it again when it fails; what it missed, the comparison finds."""
    while True:
        try:
            await job()
        except TROUBLE as error:
            log.warning("node_task_interrupted", task=getattr(job, "__qualname__", str(job)), reason=repr(error))
        except Exception:
            log.exception("node_task_failed", task=getattr(job, "__qualname__", str(job)))
        await asyncio.sleep(RETRY)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel them until they are over: what a library waits with may lose a cancellation that comes at the very moment
    in which its wait ends (asyncio.wait_for of Python 3.11 does)."""
    running, deadline = set(tasks), asyncio.get_running_loop().time() + LEAVE
    while running and asyncio.get_running_loop().time() < deadline:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=RETRY)
    if running:
        log.error("node_tasks_left_running", tasks=[repr(task) for task in running])


def _note_failure(done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and done.exception() is not None:
        log.warning("repair_interrupted", reason=repr(done.exception()))


def _slices(items: list[Item]) -> Iterable[list[Item]]:
    return (items[at : at + AT_ONCE] for at in range(0, len(items), AT_ONCE))
